"""The action on tasks."""

from gateway.api.action import Action, Answer, Context, action
from gateway.api.errors import ApiError
from gateway.api.fields import Whole
from gateway.api.services import VPC


@action(VPC)
class DescribeTaskResult(Action):
    """Show the result of a task."""

    TaskId: Whole | None = None
    DealName: str | None = None

    def run(self, context: Context) -> Answer:
        if self.TaskId is None:
            if self.DealName is None:
                raise ApiError("MissingParameter", "the parameter TaskId is missing")
            raise ApiError("InvalidParameter", f"there is no deal {self.DealName!r} here")
        return {"TaskId": self.TaskId, "Result": context.control.result(self.TaskId).value}
