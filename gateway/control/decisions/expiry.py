"""The end of the time that an EIP was paid for.

The EIP is renewed by a month, if that was asked for; nothing costs anything here, so that never
fails. Otherwise nothing passes from then on, and some days later the EIP is released: its instance
gets an ordinary public IP as if the EIP had been unbound, if the pool has one.
"""

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.decisions import addresses
from gateway.control.decisions.deadlines import later
from gateway.control.decisions.moment import Moment
from gateway.control.state import PASSING, State
from gateway.control.values import Eip, Renewal


def keep(state: State, _command: cmd.KeepDeadlines, at: Moment) -> list[ev.Event]:
    """Do with each EIP what is due; one whose instance is in a passing state waits for its end."""
    due = [state.eips[key] for key, due_at in state.deadlines.items() if due_at <= at.now]
    return [event for eip in due for event in _keep(state, eip, at)]


def _keep(state: State, eip: Eip, at: Moment) -> list[ev.Event]:
    assert eip.prepaid, eip
    if eip.prepaid.renewal is Renewal.AUTO and not eip.prepaid.expired:
        until = eip.prepaid.until
        while until <= at.now:
            until = later(until, 1)
        return [ev.EipRenewed(eip.eip_id, until, eip.prepaid.renewal.value)]
    if not eip.prepaid.expired:
        return [ev.EipExpired(eip.eip_id)]
    if eip.instance_id and state.instances[eip.instance_id].state in PASSING:
        return []
    return addresses.end(state, eip, at)
