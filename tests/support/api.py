"""The API served for real, on a Unix socket, for as long as a block lasts."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from support.observer import Seen
from support.world import World

from gateway.api import registry
from gateway.api.action import OPERATOR, Answer, Caller, Context
from gateway.api.errors import ApiError

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def response(self) -> dict[str, Any]:
        """What the envelope holds."""
        envelope = json.loads(self.body)
        assert list(envelope) == ["Response"]
        response: dict[str, Any] = envelope["Response"]
        return response


def context(world: World) -> Context:
    """What the actions work on in this world."""
    return Context(world.control, world.meter, Seen())


def call(
    world: World,
    action: str,
    parameters: dict[str, Any],
    *,
    as_text: bool = False,
    caller: Caller = OPERATOR,
) -> Answer:
    """The answer to an action of the cloud's or of the operator's. Raises `ApiError`."""
    return registry.call(
        replace(context(world), caller=caller),
        action,
        parameters,
        as_text=as_text,
        among=registry.ALL_ACTIONS,
    )


@contextmanager
def in_thread(server: uvicorn.Server, listener: socket.socket) -> Iterator[None]:
    """Let the server take what comes to the listener, until the block ends."""
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=TIMEOUT_S)
        assert not thread.is_alive()


@contextmanager
def serving(application: Starlette, path: Path) -> Iterator[None]:
    """Serve at `path`. The socket listens before the server runs, so nobody need wait for it."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        config = uvicorn.Config(application, lifespan="off", ws="none", log_config=None)
        with in_thread(uvicorn.Server(config), listener):
            yield


def post(path: Path, body: bytes, *, method: str = "POST", **headers: str) -> Reply:
    """Send raw bytes; header names are given with `_` for `-`."""
    connection = http.client.HTTPConnection("localhost", timeout=TIMEOUT_S)
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.settimeout(TIMEOUT_S)
        connection.sock.connect(str(path))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, "/", body, named)
        answer = connection.getresponse()
        return Reply(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


def refusal(world: World, action: str, parameters: dict[str, Any]) -> ApiError:
    """Why it is refused; that nothing was recorded is asserted."""
    before = world.records()
    with pytest.raises(ApiError) as refused:
        call(world, action, parameters)
    assert world.records() == before
    assert refused.value.message
    assert "\n" not in refused.value.message
    assert refused.value.message == str(refused.value)
    return refused.value
