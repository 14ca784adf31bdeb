"""A client of the API on its Unix socket.

The API answers before an action is done, and says what the action waits for. `call` waits for that
as every client can: it asks for a task's result, or for instances that are in a passing state.
"""

import http.client
import json
import socket
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from gateway.api.errors import ApiError
from gateway.control.values import PASSING, InstanceState, TaskResult
from gateway.runtime.waiting import looks

TIMEOUT_S: Final = 120.0
IDS_MAX: Final = 100  # in a request
DONE_WITHIN_S: Final = 60.0
PAUSE_MIN_S: Final = 0.001
PAUSE_MAX_S: Final = 0.05
WAITS_FOR: Final = "X-TGW-Waits-For"  # the header in which control says what an action waits for


class WaitsFor(StrEnum):
    """What must have happened until an action is done."""

    IN_FORCE = "in-force"  # the answer comes when packets follow what was asked for
    TASK = "task"  # the answer names a task: the caller asks for its result
    INSTANCES = "instances"  # the caller asks for the states of the instances


class ControlUnreachableError(RuntimeError):
    """The socket has no answer, or an answer that the API would not give."""


class NotDoneError(RuntimeError):
    """Control has taken the request down, but what it asks for isn't done; one line says why."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Client:
    """Calls the actions of one control, on its Unix socket."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def call(self, action: str, **parameters: object) -> dict[str, Any]:
        """The answer to an action, once what it asks for is done.

        Raises `ApiError`, `ControlUnreachableError`, or `NotDoneError` if it takes too long or
        fails.
        """
        answer, waits_for = self._ask(action, parameters)
        if waits_for == WaitsFor.TASK:
            self._wait_for_task(action, int(answer["TaskId"]))
        elif waits_for == WaitsFor.INSTANCES:
            instance_ids = answer.get("InstanceIdSet") or parameters.get("InstanceIds")
            if instance_ids:
                self._wait_for_instances(action, instance_ids)
        return answer

    def send(self, action: str, **parameters: object) -> dict[str, Any]:
        """The answer to an action. Raises `ApiError` or `ControlUnreachableError`."""
        answer, _ = self._ask(action, parameters)
        return answer

    def _ask(self, action: str, parameters: dict[str, object]) -> tuple[dict[str, Any], str | None]:
        """The answer, and what the action waits for."""
        connection = _UnixConnection(self._path)
        try:
            connection.request("POST", "/", json.dumps(parameters), {"X-TC-Action": action})
            response = connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise ControlUnreachableError(str(error)) from error
        finally:
            connection.close()
        try:
            answer: dict[str, Any] = json.loads(raw)["Response"]
        except (ValueError, KeyError, TypeError) as error:
            raise ControlUnreachableError(f"it says {raw[:80]!r}") from error
        if "Error" in answer:
            raise ApiError(answer["Error"]["Code"], answer["Error"]["Message"])
        del answer["RequestId"]
        return answer, response.headers[WAITS_FOR]

    def _wait_for_task(self, action: str, number: int) -> None:
        for _ in _looks(action):
            result = self.send("DescribeTaskResult", TaskId=number)["Result"]
            if result == TaskResult.FAILED:
                raise NotDoneError(f"{action} failed: 'tgw events' shows what happened")
            if result == TaskResult.SUCCESS:
                return

    def _wait_for_instances(self, action: str, instance_ids: object) -> None:
        for _ in _looks(action):
            answer = self.send("DescribeInstances", InstanceIds=instance_ids, Limit=IDS_MAX)
            found = answer["InstanceSet"]
            if not any(instance["InstanceState"] in PASSING for instance in found):
                break
        for instance in found:
            if instance["InstanceState"] == InstanceState.LAUNCH_FAILED:
                raise NotDoneError(
                    f"{instance['InstanceId']} can't be launched: "
                    f"{instance['LatestOperationErrorMsg']}"
                )


def _looks(action: str) -> Iterator[None]:
    """Look now, and again and again, at ever longer intervals. Raises `NotDoneError`."""
    yield from looks(DONE_WITHIN_S, PAUSE_MIN_S, growth=1.5, every_max_s=PAUSE_MAX_S)
    raise NotDoneError(
        f"{action} is recorded, but not done after {DONE_WITHIN_S:g} s: it goes on, "
        "and control's log says what is in its way"
    )
