"""The sockets where requests are taken.

Signed ones on loopback unless told otherwise, as they aren't encrypted. Labs live side by side, so
the port is the one it was before the process was started again, or else the first that is free and
that no other lab wrote down: its process may be about to start again.
"""

import errno
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway.runtime.files import replace_text

LOOPBACK: Final = "127.0.0.1"
PORTS: Final = range(9530, 9630)
BACKLOG: Final = 4096  # the kernel has a bound of its own: net.core.somaxconn

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """Where to listen for signed requests, and with which certificate and key."""

    host: str | None = None
    port: int | None = None
    certificate: str | None = None
    key: str | None = None

    def url(self, host: str, port: int) -> str:
        """How a client on this machine calls it."""
        scheme = "https" if self.certificate else "http"
        if host in ("0.0.0.0", "::"):  # noqa: S104  everywhere includes loopback
            host = LOOPBACK if host == "0.0.0.0" else "::1"  # noqa: S104
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


@contextmanager
def listener(options: Options, endpoint: Path) -> Iterator[socket.socket]:
    """A socket that listens; the file `endpoint` says where. Raises `OSError`."""
    with _opened(options, endpoint) as found:
        host, port = found.getsockname()[:2]
        url = options.url(host, port)
        if not (options.certificate or host in (LOOPBACK, "::1")):
            _log.warning("signed requests are taken on %s without TLS: answers can be read", url)
        replace_text(endpoint, f"{url}\n")
        yield found


@contextmanager
def unix_listener(path: Path, group: int | None = None) -> Iterator[socket.socket]:
    """A listening socket that only its owner may connect to, and the group if there is one.

    It takes its place when it is so.
    """
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as found:
        found.bind(str(fresh))
        if group is not None:
            os.chown(fresh, -1, group)
        fresh.chmod(0o600 if group is None else 0o660)
        found.listen(BACKLOG)
        fresh.rename(path)
        yield found


def _opened(options: Options, endpoint: Path) -> socket.socket:
    host = options.host or LOOPBACK
    if options.port is not None:
        return _listening(host, options.port)
    for port in _ports(endpoint):
        try:
            return _listening(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return _listening(host, 0)


def _ports(endpoint: Path) -> Iterator[int]:
    """Give the ports to try: its own, then the free ones of no other lab."""
    before = _port_of(endpoint)
    if before is not None:
        yield before
    others = {_port_of(other) for other in endpoint.parents[1].glob(f"*/{endpoint.name}")}
    yield from (port for port in PORTS if port not in others)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise OSError(error.errno, f"can't listen on {host}:{port}: {error.strerror}") from error


def _port_of(endpoint: Path) -> int | None:
    with suppress(OSError, ValueError):
        return urlsplit(endpoint.read_text().strip()).port
    return None
