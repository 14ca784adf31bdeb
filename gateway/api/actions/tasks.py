"""Tasks: their numbers in answers, and what came of them."""

from collections.abc import Mapping
from typing import Final

from gateway.api import answers
from gateway.api.action import VPC, Action, Answer
from gateway.api.requests.tasks import DescribeTaskResult
from gateway.api.wire import ApiError
from gateway.control.controller import Controller
from gateway.control.progress import Task


def task_id(task: Task) -> answers.Task:
    """The answer that names a task, by text: as most actions do, but not all."""
    return {"TaskId": str(task.number)}


def in_force(control: Controller, task: Task) -> Answer:
    """The answer of an action that names no task: what it asks for takes effect at once.

    Raises `AdapterError` if it doesn't.
    """
    control.wait_in_force(task)
    return {}


def _describe_task_result(control: Controller, request: DescribeTaskResult) -> answers.TaskResult:
    if request.TaskId is None:
        if request.DealName is None:
            raise ApiError("MissingParameter", "the parameter TaskId is missing")
        raise ApiError("InvalidParameter", f"there is no deal {request.DealName!r} here")
    return {"TaskId": request.TaskId, "Result": control.result(request.TaskId).value}


TASK_ACTIONS: Final[Mapping[str, Action]] = {
    "DescribeTaskResult": Action(VPC, DescribeTaskResult, _describe_task_result),
}
