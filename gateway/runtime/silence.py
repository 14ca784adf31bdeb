"""How long a process makes no heartbeat, of the time in which it could have made one.

A process that is stopped, asleep for good or caught in a loop is silent; one that gets no processor
isn't, nor is one whose whole machine stood still. So whoever watches counts time by its own looks,
each look for a bounded time, and of a process that wants a processor only the time it had one.

A heartbeat is any number that changes.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

STEP_MAX_S: Final = 0.5  # what one look can add: who looks may have been stopped itself
WAITING: Final = "R"  # for a processor, or on one
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Standing(NamedTuple):
    """Whether a thread of a process wants a processor, and the seconds that the process had one."""

    wants: bool
    used_s: float


def standing_of(pid: int) -> Standing:
    """The standing by /proc; a process that is gone wants nothing."""
    wants, used = False, 0
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                # The name in front may have any characters, a parenthesis too.
                fields = (task / "stat").read_text().rpartition(")")[2].split()
                wants |= fields[0] == WAITING
                used += int(fields[11]) + int(fields[12])
    return Standing(wants, used / _TICKS)


class Silence:
    """The silence of one process, from one look to the next."""

    def __init__(
        self,
        pid: int,
        clock: Callable[[], float] = time.monotonic,
        standing: Callable[[int], Standing] = standing_of,
    ) -> None:
        """Begin now, without having seen any heartbeat of the process."""
        self.pid = pid
        self.seconds = 0.0
        self._beat: int | None = None
        self._used_s = 0.0
        self._clock = clock
        self._standing = standing
        self._at = clock()

    def look(self, beat: int) -> float:
        """Take in the heartbeat as it is now; returns how many seconds it has been silent."""
        now = self._clock()
        step_s = min(now - self._at, STEP_MAX_S)
        self._at = now
        if beat != self._beat:
            self._beat, self.seconds = beat, 0.0
            self._used_s = self._standing(self.pid).used_s
            return 0.0
        wants, used_s = self._standing(self.pid)
        self.seconds += min(step_s, max(used_s - self._used_s, 0.0)) if wants else step_s
        self._used_s = used_s
        return self.seconds
