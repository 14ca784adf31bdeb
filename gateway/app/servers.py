"""HTTP servers: how each of ours is made, and what it bears from clients that are slow or many.

One kind for all: whoever reaches a socket of ours may be hostile, be it an instance or a stranger.
"""

import asyncio
import re
import socket
import threading
from collections.abc import Callable
from math import ceil
from typing import Final
from urllib.parse import unquote

import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import is_ssl

from gateway.app.listen import BACKLOG
from gateway.runtime.threads import Job, nothing

REQUESTS_AT_ONCE: Final = 200  # more are answered 503
CONNECTIONS_MAX: Final = 256  # more are cut off
FIRST_WITHIN_S: Final = 15.0  # the head of a connection's first request
# Between two requests. No round number, and above a minute: who asks every 15, 30 or 60 seconds by
# one connection would else meet its end again and again.
IDLE_MAX_S: Final = 77.0
HEAD_MAX: Final = 64 << 10  # bytes: the longest query and what goes with it
END_WITHIN_S: Final = 2  # requests that are being answered then are cut off

_ABSOLUTE: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/]*")


class BoundedProtocol(H11Protocol):
    """HTTP for clients that may be hostile: too many, or with a request that never gets whole."""

    _idle: asyncio.TimerHandle | None = None
    _has_ended = False  # the client sends nothing more, though it may read

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection; cut it off if there are too many."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MAX:
            transport.abort()
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock of a connection that has ended."""
        super().connection_lost(exc)
        self._unwatch()

    def data_received(self, data: bytes) -> None:
        """Take some of a request, and go on to wait for more."""
        super().data_received(data)
        self._watch()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer what has arrived whole; whether the connection stays open for that.

        By TLS there is no half of a connection: its other half ends, too.
        """
        self._has_ended = True
        if is_ssl(self.transport):
            return False
        if self._is_answering() and not self.cycle.more_body:
            return True
        self._refuse_part()
        return False

    def on_response_complete(self) -> None:
        """Start the clock for the next request of the connection, if there can be one."""
        super().on_response_complete()
        if self._has_ended and not self.transport.is_closing() and not self.eof_received():
            self.transport.close()
        self._watch()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse_part(self) -> None:
        """Say that only a part of a request has arrived, if there is one."""
        if self._is_answering():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        elif not self.conn.trailing_data[0]:
            return
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self.send_400_response("The request ended before it was whole.")

    def _watch(self) -> None:
        """Cut the connection off after a time in which no request is being answered."""
        if self._is_answering():
            self._unwatch()
        elif self._idle is None and not self.transport.is_closing():
            within_s = FIRST_WITHIN_S if self.cycle is None else IDLE_MAX_S
            self._idle = self.loop.call_later(within_s, self.transport.abort)

    def _unwatch(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None


def by_path(application: ASGIApp) -> ASGIApp:
    """The application, which also takes targets that are whole URLs, as clients of proxies send.

    RFC 9112, 3.2.2. The header Host stays as it was sent: it may be signed.
    """

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        found = _ABSOLUTE.match(scope["raw_path"])
        if found:
            path = scope["raw_path"][found.end() :] or b"/"
            scope = {**scope, "raw_path": path, "path": unquote(path.decode("ascii"))}
        await application(scope, receive, send)

    return asked


class BeatingServer(uvicorn.Server):
    """A server whose loop calls `beat` with each of its turns, ten times a second."""

    def __init__(self, config: uvicorn.Config, beat: Callable[[], object]) -> None:
        super().__init__(config)
        self._beat = beat

    async def on_tick(self, counter: int) -> bool:
        """Do what is to be done now and then; whether the server is to end."""
        self._beat()
        return await super().on_tick(counter)


def server(
    application: ASGIApp,
    certificate: str | None = None,
    key: str | None = None,
    *,
    beat: Callable[[], object] = nothing,
) -> uvicorn.Server:
    """A server of the application, by TLS with a certificate. Raises `OSError` if that is none.

    `beat` is called as long as its loop goes round.

    It sets up no logging: `gateway.runtime.log` has, for the whole process.
    """
    config = uvicorn.Config(
        by_path(application),
        http=BoundedProtocol,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # a caller is its connection's address, never a header's
        backlog=BACKLOG,
        limit_concurrency=REQUESTS_AT_ONCE,
        timeout_keep_alive=ceil(IDLE_MAX_S),
        timeout_graceful_shutdown=END_WITHIN_S,
        h11_max_incomplete_event_size=HEAD_MAX,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    try:
        config.load()
    except OSError as error:
        raise OSError(f"{certificate} and {key} are no use: {error}") from error
    return BeatingServer(config, beat)


def job(name: str, server: uvicorn.Server, listener: socket.socket) -> Job:
    """Serve in a background thread. A server that fails can't be run again."""

    def serve(ending: threading.Event) -> None:
        server.run(sockets=[listener])
        if not ending.is_set():
            raise RuntimeError("the server has ended by itself")

    def end() -> None:
        server.should_exit = True

    return Job(name, serve, end, bugs_max=0)
