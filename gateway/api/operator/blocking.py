"""The operator's actions on blocked addresses."""

from gateway.api.action import Action, Answer, Context, action
from gateway.api.client import WaitsFor
from gateway.api.fields import Whole
from gateway.api.services import OPERATOR
from gateway.api.times import iso_time
from gateway.control import commands as cmd
from gateway.control.progress import Task


@action(OPERATOR, waits_for=WaitsFor.IN_FORCE)
class BlockAddress(Action):
    """Let nothing pass to or from a public address for some time."""

    Address: str
    Seconds: Whole = 7200  # what the cloud blocks for ordinarily

    def run(self, context: Context) -> Task:
        """The address opens by itself when the time is over."""
        return context.submit(cmd.BlockAddress(self.Address, self.Seconds))


@action(OPERATOR, waits_for=WaitsFor.IN_FORCE)
class OpenAddress(Action):
    """Open a blocked public address before its time."""

    Address: str

    def run(self, context: Context) -> Task:
        return context.submit(cmd.OpenAddress(self.Address))


@action(OPERATOR)
class DescribeBlockedAddresses(Action):
    """List the blocked public addresses, each with the time until which it is blocked."""

    def run(self, context: Context) -> Answer:
        """Each with its id, which is null if the address is back in the pool."""
        with context.control.state() as state:
            shown = [
                {
                    "Address": address,
                    "AddressId": state.in_use.get(address),
                    "BlockedUntil": iso_time(until),
                }
                for address, until in state.blocked.items()
            ]
        return {"BlockedAddressSet": shown}
