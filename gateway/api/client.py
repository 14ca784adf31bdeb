"""A client of the API on its Unix socket."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any, Final

from gateway.api.wire import ApiError

TIMEOUT_S: Final = 120.0


class ControlUnreachableError(RuntimeError):
    """Nobody answers on the socket, or not as the API does."""


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
