"""What instances use of the processors and the memory that their types give them.

A look each ten seconds, at the end of a cell of time. What is seen is kept in memory for a day, or
shorter where there are many instances, so that all together have a bound; it is forgotten when
control ends. Unlike traffic nobody pays for it.
"""

import threading
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from gateway.metering.values import CELL_S, DAY_S, Use, floor

PERCENT: Final = 100
KEPT: Final = DAY_S // CELL_S
LOADS_MAX: Final = 500_000  # of all instances, 32 bytes each
SLACK: Final = 0.5  # of a cell: looks that are further off say nothing of it


class Seen(NamedTuple):
    """What a machine has used by now, and what it may use: processors, and bytes of memory."""

    use: Use
    cpus: int
    memory: int


class Load(NamedTuple):
    """What an instance used in a cell of time: of what it may use in percent, and in bytes."""

    at: int
    cpu_percent: float
    memory_percent: float
    memory: float


class Loads:
    """The loads of all instances. From any thread."""

    def __init__(self, look: Callable[[], Mapping[str, Seen]], clock: Callable[[], float]) -> None:
        """`look` tells what the machines have used, by instance; those that aren't counted lack."""
        self._look = look
        self._clock = clock
        self._lock = threading.Lock()
        self._before: Mapping[str, Seen] = {}
        self._looked: float | None = None
        self._kept: dict[str, array[float]] = {}  # by instance: loads, one after the other

    def sample(self) -> None:
        """Look, at the end of a cell. The first look says nothing of the cell before it."""
        now, seen = self._clock(), self._look()
        since, self._looked = self._looked, now
        before, self._before = self._before, seen
        if since is None or abs(now - since - CELL_S) > SLACK * CELL_S:
            return
        at = floor(now - SLACK * CELL_S, CELL_S)
        with self._lock:
            for instance_id, one in seen.items():
                earlier = before.get(instance_id)
                # A machine that was built again counts from zero.
                if earlier and one.use.cpu_s >= earlier.use.cpu_s:
                    cpu_s = (one.use.cpu_s - earlier.use.cpu_s) / (now - since)
                    self._kept.setdefault(instance_id, array("d")).extend(_load(at, cpu_s, one))
            self._forget(at)

    def cells(self, instance_id: str, begin: int, end: int) -> list[Load]:
        """The loads of an instance in the cells from `begin` to before `end`, Unix seconds."""
        with self._lock:
            kept = self._kept.get(instance_id, array("d"))
            return [load for load in _loads(kept) if begin <= load.at < end]

    def _forget(self, at: int) -> None:
        most = min(KEPT, LOADS_MAX // max(len(self._kept), 1))
        for instance_id, kept in list(self._kept.items()):
            width = len(Load._fields)
            del kept[: max(len(kept) - most * width, 0)]
            if not kept or kept[-width] <= at - DAY_S:
                del self._kept[instance_id]


def _load(at: int, cpu_s: float, seen: Seen) -> Load:
    used = seen.use.memory
    return Load(at, PERCENT * cpu_s / seen.cpus, PERCENT * used / seen.memory, used)


def _loads(kept: "array[float]") -> Iterator[Load]:
    width = len(Load._fields)
    for start in range(0, len(kept), width):
        at, *others = kept[start : start + width]
        yield Load(int(at), *others)
