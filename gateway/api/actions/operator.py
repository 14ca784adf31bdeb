"""What the cloud's users can't ask for: the operator's own actions.

They are served on the Unix socket that only root can open, and nowhere else.
"""

from collections.abc import Mapping
from typing import Final

from gateway.api.action import VPC, Action, Answer
from gateway.api.requests import operator as models
from gateway.control import commands as cmd
from gateway.control.controller import Controller


def _configure(control: Controller, request: models.ConfigureAccount) -> Answer:
    control.execute(
        cmd.ConfigureAccount(request.Behaviour, request.EipsMax, request.ApplicationsMax)
    )
    with control.state() as state:
        account = state.account
    return {
        "Behaviour": account.behaviour.value,
        "EipsMax": account.eips_max,
        "ApplicationsMax": account.applications_max,
    }


OPERATOR_ACTIONS: Final[Mapping[str, Action]] = {
    "ConfigureAccount": Action(VPC, models.ConfigureAccount, _configure),
}
