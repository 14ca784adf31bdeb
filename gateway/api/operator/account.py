"""The operator's action on the account."""

from gateway.api.action import Action, Answer, Context, action
from gateway.api.fields import Whole
from gateway.api.services import OPERATOR
from gateway.control import commands as cmd
from gateway.control import values


@action(OPERATOR)
class ConfigureAccount(Action):
    """Change the settings of the account; what isn't given stays."""

    Behaviour: values.Behaviour | None = None
    EipsMax: Whole | None = None
    ApplicationsMax: Whole | None = None

    def run(self, context: Context) -> Answer:
        context.submit(cmd.ConfigureAccount(self.Behaviour, self.EipsMax, self.ApplicationsMax))
        with context.control.state() as state:
            account = state.account
        return {
            "Behaviour": account.behaviour.value,
            "EipsMax": account.eips_max,
            "ApplicationsMax": account.applications_max,
        }
