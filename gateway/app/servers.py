"""HTTP servers: how each of ours is made, and what it bears from clients that are slow or many.

One kind for all: whoever reaches a socket of ours may be hostile, be it an instance or a stranger.
"""

import asyncio
import socket
import threading
from math import ceil
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from gateway.app.listen import BACKLOG
from gateway.runtime.threads import Job

REQUESTS_AT_ONCE: Final = 200  # more are answered 503
CONNECTIONS_MAX: Final = 256  # more are cut off
IDLE_MAX_S: Final = 15.0  # a connection without a whole request's head
HEAD_MAX: Final = 64 << 10  # bytes: the longest query and what goes with it
END_WITHIN_S: Final = 2  # requests that are being answered then are cut off


class BoundedProtocol(H11Protocol):
    """HTTP for clients that may be hostile: too many, or with a request that never gets whole."""

    _idle: asyncio.TimerHandle | None = None

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

    def on_response_complete(self) -> None:
        """Start the clock for the next request of the connection."""
        super().on_response_complete()
        self._watch()

    def _watch(self) -> None:
        """Cut the connection off after a time in which no request is being answered."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._unwatch()
        elif self._idle is None and not self.transport.is_closing():
            self._idle = self.loop.call_later(IDLE_MAX_S, self.transport.abort)

    def _unwatch(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None


def server(
    application: ASGIApp, certificate: str | None = None, key: str | None = None
) -> uvicorn.Server:
    """A server of the application, by TLS with a certificate. Raises `OSError` if that is none.

    It sets up no logging: `gateway.runtime.log` has, for the whole process.
    """
    config = uvicorn.Config(
        application,
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
    return uvicorn.Server(config)


def job(name: str, server: uvicorn.Server, listener: socket.socket) -> Job:
    """Serve in a background thread. A server that fails can't be run again."""

    def serve(ending: threading.Event) -> None:
        server.run(sockets=[listener])
        if not ending.is_set():
            raise RuntimeError("the server has ended by itself")

    def end() -> None:
        server.should_exit = True

    return Job(name, serve, end, bugs_max=0)
