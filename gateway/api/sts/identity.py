"""The action on the identity of the caller."""

from gateway.api.action import Action, Answer, Context, action
from gateway.api.services import STS
from gateway.control.place import UIN


@action(STS, regional=False)
class GetCallerIdentity(Action):
    """Show the identity of the caller: the account, or the role of an instance."""

    def run(self, context: Context) -> Answer:
        """The account, or the role of an instance."""
        caller = context.caller
        if caller.role is None:
            arn, user, kind = f"qcs::cam::uin/{UIN}:uin/{UIN}", UIN, "CAMUser"
        else:
            arn = f"qcs::sts::uin/{UIN}:assumed-role/{caller.role}"
            user, kind = f"{caller.role}:{caller.name}", "CAMRole"
        return {"Arn": arn, "AccountId": UIN, "UserId": user, "PrincipalId": UIN, "Type": kind}
