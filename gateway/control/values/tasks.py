"""Tasks: what can come of one."""

from enum import StrEnum


class TaskResult(StrEnum):
    """`Result` of a task."""

    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
