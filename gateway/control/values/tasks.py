"""Tasks: what can come of one."""

from enum import StrEnum


class TaskResult(StrEnum):
    """`Result` of the vpc API says what has come of a task."""

    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
