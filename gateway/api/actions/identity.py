"""Who asks (service sts)."""

from collections.abc import Mapping
from typing import Final

from gateway.api import answers
from gateway.api.action import STS, ActionOnCaller, Caller
from gateway.api.requests import fields
from gateway.control.place import UIN


def _caller_identity(caller: Caller, _: fields.Request) -> answers.Identity:
    if caller.role is None:
        arn, user, kind = f"qcs::cam::uin/{UIN}:uin/{UIN}", UIN, "CAMUser"
    else:
        arn = f"qcs::sts::uin/{UIN}:assumed-role/{caller.role}"
        user, kind = f"{caller.role}:{caller.name}", "CAMRole"
    return {"Arn": arn, "AccountId": UIN, "UserId": user, "PrincipalId": UIN, "Type": kind}


IDENTITY_ACTIONS: Final[Mapping[str, ActionOnCaller]] = {
    "GetCallerIdentity": ActionOnCaller(STS, fields.Request, _caller_identity),
}
