"""An application served as control serves signed requests, and raw requests to it."""

import http.client
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send
from support.api import TIMEOUT_S, Reply, in_thread

from gateway.app import servers
from gateway.app.callers import Callers
from gateway.app.connections import Bounds


class Switch:
    """An application that is another one for each test: to start a server takes longer than it."""

    application: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        await self.application(scope, receive, send)


@contextmanager
def served(
    application: ASGIApp,
    pem: Path | None = None,
    *,
    bounds: Bounds = servers.LOCAL,
    identity: Callable[[str], str | None] = servers.nobody,
    callers: Callers | None = None,
) -> Iterator[int]:
    """Serve on a port of loopback: which. With `pem`, a certificate and its key, by TLS."""
    files = [str(pem)] * 2 if pem else []
    server = servers.server(application, *files, bounds=bounds, identity=identity, callers=callers)
    with socket.create_server(("127.0.0.1", 0)) as listener, in_thread(server, listener):
        yield listener.getsockname()[1]


def send(
    port: int, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
) -> Reply:
    """One request; a `host` among the headers is sent as it stands."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.putrequest(method, target, skip_host="host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body or method == "POST":
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body or None)
        answer = connection.getresponse()
        return Reply(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()
