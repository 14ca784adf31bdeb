"""The heartbeat of a role's process: a file of words, of which its parts write one each.

::

    0   0: at rest, ended as it was asked to; else how many parts there are
    1…  per part: when it went on last, ns of CLOCK_MONOTONIC; 0 before the first time

A part is what can get stuck by itself: a server's loop, or a lock that all need. A process makes a
heartbeat when all of its parts have gone on. One that was killed, or has failed, isn't at rest: so
whoever finds the role without a process knows whether to start it again.

Under systemd the heartbeat goes there, too (sd_notify): it starts again what makes none.
"""

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

from gateway.exchange.shared_words import WORD, SharedWords

NS: Final = 1_000_000_000
PARTS_MAX: Final = 16
REST: Final = 0
TELL_EVERY_NS: Final = NS
NOTIFY_SOCKET: Final = "NOTIFY_SOCKET"
SILENT_MAX_US: Final = 10_000_000
NOTICE: Final = f"WATCHDOG=1\nWATCHDOG_USEC={SILENT_MAX_US}\n".encode()


class Heartbeat(NamedTuple):
    """What a role's file says: whether its process is at rest, and its oldest part's word."""

    at_rest: bool
    beat_ns: int = 0


class Heart:
    """The heartbeat of this process, which has the role, for as long as a block lasts."""

    def __init__(self, run: Path, role: str, parts: int = 1) -> None:
        """Begin; each of the `parts` is still to go on for the first time. Raises `OSError`."""
        assert parts <= PARTS_MAX, "a file has words for so many"
        self._shared = SharedWords(path_of(run, role), 1 + PARTS_MAX)
        self._parts = range(1, 1 + parts)
        self._told_ns = 0
        self._notify = os.environ.get(NOTIFY_SOCKET, "")
        words = self._shared.words
        words[1:] = memoryview(bytes(PARTS_MAX * WORD)).cast("Q")
        words[0] = parts

    def __enter__(self) -> Self:
        """Give the heart; the block's end is the end of the process, as it was asked to."""
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Be at rest, unless it is an error that ends the process."""
        failed = error is not None and not (isinstance(error, SystemExit) and not error.code)
        self._shared.words[0] = len(self._parts) if failed else REST
        self._shared.close()

    def rest(self) -> None:
        """Be at rest from now on: the process ends, and takes its time."""
        self._shared.words[0] = REST

    def part(self, number: int = 0) -> Callable[[], None]:
        """Give what the part with this number, from 0, calls each time that it goes on."""
        word = self._parts[number]

        def beat() -> None:
            now_ns = self._shared.words[word] = time.monotonic_ns()
            if self._notify and now_ns - self._told_ns > TELL_EVERY_NS:
                self._tell(now_ns)

        return beat

    def _tell(self, now_ns: int) -> None:
        """Tell systemd, if the other parts have gone on lately, too."""
        oldest_ns = min(self._shared.words[word] for word in self._parts)
        if now_ns - oldest_ns > SILENT_MAX_US * 1000:
            return
        self._told_ns = now_ns
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
            there.settimeout(0)
            there.sendto(NOTICE, self._notify.replace("@", "\0", 1))  # an abstract name begins so


def read(run: Path, role: str) -> Heartbeat:
    """The heartbeat of a role in this directory; at rest if there was none, or it is damaged."""
    try:
        words = memoryview(path_of(run, role).read_bytes()).cast("Q")
    except (FileNotFoundError, TypeError):
        return Heartbeat(at_rest=True)
    if len(words) <= PARTS_MAX or not 0 < words[0] <= PARTS_MAX:
        return Heartbeat(at_rest=True)
    return Heartbeat(at_rest=False, beat_ns=min(words[1 : 1 + words[0]]))


def age_s(beat_ns: int) -> float | None:
    """The seconds since a heartbeat; None if there was none yet."""
    return max(time.monotonic_ns() - beat_ns, 0) / NS if beat_ns else None


def settle(run: Path, role: str) -> None:
    """Note that a role whose process was killed is at rest: it was meant to end."""
    with suppress(FileNotFoundError), path_of(run, role).open("r+b") as file:
        file.write(bytes(WORD))


def path_of(run: Path, role: str) -> Path:
    """Return the path of the role's file in the site's directory."""
    return run / f"{role}.beat"
