"""What the cloud's users can't ask for: the operator's own actions.

They are served on the Unix socket that only root can open, and nowhere else.
"""

from collections.abc import Mapping
from typing import Final

from gateway.api import views
from gateway.api.action import VPC, Action, ActionOnMeter, Answer, AnyAction
from gateway.api.actions.tasks import in_force
from gateway.api.actions.usage import describe_usage
from gateway.api.requests import fields
from gateway.api.requests import operator as models
from gateway.control import commands as cmd
from gateway.control.controller import Controller


def _configure(control: Controller, request: models.ConfigureAccount) -> Answer:
    control.submit(
        cmd.ConfigureAccount(request.Behaviour, request.EipsMax, request.ApplicationsMax)
    )
    with control.state() as state:
        account = state.account
    return {
        "Behaviour": account.behaviour.value,
        "EipsMax": account.eips_max,
        "ApplicationsMax": account.applications_max,
    }


def _block(control: Controller, request: models.BlockAddress) -> Answer:
    command = cmd.BlockAddress(request.Address, request.Seconds)
    return in_force(control, control.submit(command))


def _open(control: Controller, request: models.OpenAddress) -> Answer:
    return in_force(control, control.submit(cmd.OpenAddress(request.Address)))


def _describe_blocked(control: Controller, _: fields.Request) -> Answer:
    with control.state() as state:
        shown = [views.blocked_view(state, address) for address in state.blocked]
    return {"BlockedAddressSet": shown}


OPERATOR_ACTIONS: Final[Mapping[str, AnyAction]] = {
    "ConfigureAccount": Action(VPC, models.ConfigureAccount, _configure),
    "BlockAddress": Action(VPC, models.BlockAddress, _block),
    "OpenAddress": Action(VPC, models.OpenAddress, _open),
    "DescribeBlockedAddresses": Action(VPC, fields.Request, _describe_blocked),
    "DescribeUsage": ActionOnMeter(VPC, models.DescribeUsage, describe_usage),
}
