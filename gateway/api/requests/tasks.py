"""Requests about tasks (service vpc)."""

from gateway.api.requests.fields import Request, Whole


class DescribeTaskResult(Request):
    """What came of a task."""

    TaskId: Whole | None = None
    DealName: str | None = None
