"""The action on the account."""

from gateway.api.action import Action, Answer, Context, action
from gateway.api.services import VPC


@action(VPC)
class DescribeNetworkAccountType(Action):
    """Show which behaviour the account has."""

    def run(self, context: Context) -> Answer:
        with context.control.state() as state:
            return {"NetworkAccountType": state.account.behaviour.value}
