"""The actions on the account and on its tasks, and the form of its quotas."""

from typing import Any

from gateway.api.action import Action, Answer, Context, action
from gateway.api.errors import ApiError
from gateway.api.fields import Whole
from gateway.api.services import VPC
from gateway.control.place import REGION


@action(VPC)
class DescribeNetworkAccountType(Action):
    """Show the behaviour of the account: `LEGACY` or `STANDARD`."""

    def run(self, context: Context) -> Answer:
        with context.control.state() as state:
            return {"NetworkAccountType": state.account.behaviour.value}


@action(VPC)
class DescribeTaskResult(Action):
    """Show the result of a task: `RUNNING`, `SUCCESS` or `FAILED`."""

    TaskId: Whole | None = None
    DealName: str | None = None

    def run(self, context: Context) -> Answer:
        if self.TaskId is None:
            if self.DealName is None:
                raise ApiError("MissingParameter", "the parameter TaskId is missing")
            raise ApiError("InvalidParameter", f"there is no deal {self.DealName[:80]!r} here")
        return {"TaskId": self.TaskId, "Result": context.control.result(self.TaskId).value}


def quota_view(quota_id: str, current: int, limit: int) -> dict[str, Any]:
    """A `Quota`: how much there is of something, and how much there may be."""
    return {
        "QuotaId": quota_id,
        "QuotaCurrent": current,
        "QuotaLimit": limit,
        "QuotaGroup": REGION,
    }
