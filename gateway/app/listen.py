"""Where control takes signed requests, and what it bears from those who send slowly or in numbers.

On loopback unless told otherwise, as requests are signed but not encrypted. Labs live side by side,
so the port is the first free one, and the one it was before control was started again.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

LOOPBACK: Final = "127.0.0.1"
PORTS: Final = range(9530, 9630)
REQUESTS_AT_ONCE: Final = 200  # more are answered 503
CONNECTIONS_MAX: Final = 256  # more are cut off
IDLE_MAX_S: Final = 15.0  # a connection without a whole request's head
HEAD_MAX: Final = 64 << 10  # bytes: the longest query and what goes with it

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """Where to listen, with which certificate, and how many calls an action may have a second."""

    host: str | None = None
    port: int | None = None
    certificate: str | None = None
    key: str | None = None
    rate_per_s: float | None = None

    def url(self, host: str, port: int) -> str:
        """How a client on this machine calls it."""
        scheme = "https" if self.certificate else "http"
        if host in ("0.0.0.0", "::"):  # noqa: S104  everywhere includes loopback
            host = LOOPBACK if host == "0.0.0.0" else "::1"  # noqa: S104
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


class BoundedProtocol(H11Protocol):
    """HTTP for clients that may be hostile: too many, or with a request that never gets whole."""

    _idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or cut it off."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MAX:
            transport.abort()
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._unwatch()

    def data_received(self, data: bytes) -> None:
        """Take some of a request."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
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


def server(application: ASGIApp, options: Options) -> uvicorn.Server:
    """A server for signed requests. Raises `OSError` if the certificate is none."""
    config = uvicorn.Config(
        application,
        http=BoundedProtocol,
        lifespan="off",
        ws="none",
        log_level="error",  # whatever a stranger sends must not fill the log
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=REQUESTS_AT_ONCE,
        timeout_keep_alive=ceil(IDLE_MAX_S),
        h11_max_incomplete_event_size=HEAD_MAX,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.key,
    )
    try:
        config.load()
    except OSError as error:
        raise OSError(f"{options.certificate} and {options.key} are no use: {error}") from error
    return uvicorn.Server(config)


@contextmanager
def listener(options: Options, endpoint: Path, backlog: int) -> Iterator[socket.socket]:
    """A socket that listens; the file `endpoint` says where. Raises `OSError`."""
    with _opened(options, _port_before(endpoint), backlog) as found:
        host, port = found.getsockname()[:2]
        url = options.url(host, port)
        if not (options.certificate or host in (LOOPBACK, "::1")):
            _log.warning("signed requests are taken on %s without TLS: answers can be read", url)
        fresh = endpoint.with_suffix(".new")
        fresh.write_text(f"{url}\n")
        fresh.replace(endpoint)
        yield found


def _opened(options: Options, before: int | None, backlog: int) -> socket.socket:
    host = options.host or LOOPBACK
    if options.port is not None:
        return _listening(host, options.port, backlog)
    for port in (*([] if before is None else [before]), *PORTS):
        try:
            return _listening(host, port, backlog)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return _listening(host, 0, backlog)


def _listening(host: str, port: int, backlog: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=backlog)
    except OSError as error:
        raise OSError(error.errno, f"can't listen on {host}:{port}: {error.strerror}") from error


def _port_before(endpoint: Path) -> int | None:
    with suppress(OSError, ValueError):
        return urlsplit(endpoint.read_text().strip()).port
    return None
