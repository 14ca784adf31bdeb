"""Who watches each packet, and that the slow path has all packets meanwhile.

Workers tell of packets, the kernel doesn't. So a listener has the fast path pass all packets up as
long as it listens. It may be killed: then who looks after the fast path finds that nobody listens
at its socket any more.
"""

import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.exchange import pins

PATTERN: Final = "trace-*.sock"


def begin(directory: Path) -> None:
    """Have all packets on the slow path, now that a socket listens. Raises `OSError`."""
    if pins.is_linked(directory):
        with pins.turn(directory):
            pins.settings(directory)[pins.WATCHED] = True
            pins.wait_for_grace(directory)


def follow(directory: Path) -> None:
    """Have them there if and only if a socket listens. Raises `OSError`."""
    watched = bool(pins.settings(directory)[pins.WATCHED])
    if watched != is_watched(directory):
        with suppress(TimeoutError), pins.turn(directory, within_s=0.0):  # else the next time
            pins.settings(directory)[pins.WATCHED] = is_watched(directory)


def is_watched(directory: Path) -> bool:
    """Whether somebody listens at one of the sockets in the directory."""
    return any(_listens(path) for path in directory.glob(PATTERN))


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
