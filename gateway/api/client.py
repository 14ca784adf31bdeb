"""A client of the API on its Unix socket.

The API answers before it is done. `call` waits for that, as everybody can: it asks for a task's
result, and for instances that are in a passing state.
"""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from gateway.api.wire import ApiError
from gateway.control.state import PASSING
from gateway.control.values import InstanceState, TaskResult

TIMEOUT_S: Final = 120.0
IDS_MAX: Final = 100  # in a request
DONE_WITHIN_S: Final = 60.0
PAUSE_MIN_S: Final = 0.001
PAUSE_MAX_S: Final = 0.05
# Answered without a task: what instances they are about says when they are done.
_ON_INSTANCES: Final = (
    "RunInstances",
    "StartInstances",
    "StopInstances",
    "RebootInstances",
    "TerminateInstances",
)


class ControlUnreachableError(RuntimeError):
    """Nobody answers on the socket, or not as the API does."""


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
    """Calls actions of one lab's control."""

    def __init__(self, path: Path) -> None:
        """`path` is the socket control listens on."""
        self._path = path

    def call(self, action: str, **parameters: object) -> dict[str, Any]:
        """The answer to an action, once what it asks for is done.

        Raises `ApiError`, `ControlUnreachableError`, or `NotDoneError` if it takes too long or
        comes to nothing.
        """
        answer = self.send(action, **parameters)
        instance_ids = answer.get("InstanceIdSet") or parameters.get("InstanceIds")
        if action in _ON_INSTANCES and instance_ids:
            self._wait_for_instances(action, instance_ids)
        elif "TaskId" in answer and action != "DescribeTaskResult":
            self._wait_for_task(action, int(answer["TaskId"]))
        return answer

    def send(self, action: str, **parameters: object) -> dict[str, Any]:
        """The answer to an action. Raises `ApiError` or `ControlUnreachableError`."""
        connection = _UnixConnection(self._path)
        try:
            connection.request("POST", "/", json.dumps(parameters), {"X-TC-Action": action})
            raw = connection.getresponse().read()
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
        return answer

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
    deadline = time.monotonic() + DONE_WITHIN_S
    pause_s = PAUSE_MIN_S
    while time.monotonic() < deadline:
        yield
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, PAUSE_MAX_S)
    raise NotDoneError(
        f"{action} is recorded, but not done after {DONE_WITHIN_S:g} s: it goes on, "
        "and control's log says what is in its way"
    )
