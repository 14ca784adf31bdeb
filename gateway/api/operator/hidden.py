"""The operator's action on policies that are never met."""

from gateway.api import ids
from gateway.api.action import Action, Answer, Context, action
from gateway.api.services import OPERATOR
from gateway.control.decisions.policies import find
from gateway.control.hidden import hidden
from gateway.control.values import PolicyDirection


@action(OPERATOR)
class DescribeHiddenPolicies(Action):
    """List the policies of a security group that are never met, and what hides each."""

    SecurityGroupId: ids.GroupId

    def run(self, context: Context) -> Answer:
        """A policy is hidden by one that is tried before it and takes all that it would."""
        with context.control.state() as state:
            group = find(state, self.SecurityGroupId)
            found = [
                {"Direction": way.value, "PolicyIndex": one.place, "HiddenBy": one.by}
                for way in PolicyDirection
                for one in hidden(state, group.policies(way))
            ]
        return {"HiddenPolicySet": found}
