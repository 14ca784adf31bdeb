"""How busy the machine was: what it can't carry says nothing of what was tested."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.blows import workers
from support.labs import Lab

STARVED = 0.15


@dataclass
class Load:
    """The part of a time in which the process that waited longest had no processor."""

    starved: float = 0.0

    def skip_if_starved(self) -> None:
        """Skip the test if a worker or a peer had no processor when it could have run."""
        if self.starved > STARVED:
            pytest.skip(f"a process waited for a processor {self.starved:.0%} of the time")


@contextmanager
def watching(lab: Lab) -> Iterator[Load]:
    """Watch the lab's workers and the peers that the test has started while the block lasts."""
    load = Load()
    processes = [*workers(lab).values(), *_descendants(os.getpid())]
    before, begin = {pid: _waited_s(pid) for pid in processes}, time.monotonic()
    yield load
    elapsed = time.monotonic() - begin
    load.starved = max(_waited_s(pid) - waited for pid, waited in before.items()) / elapsed


def _waited_s(pid: int) -> float:
    """How long the process was ready to run and had no processor (proc(5), schedstat)."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    return 0.0


def _descendants(pid: int) -> list[int]:
    """The children of a process, and theirs."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {pid})
