"""Where control and the data plane meet: files in one directory, mapped into memory.

::

    table          the last published table; replaced whole by a rename, never written in place
    generation     its generation, a mapped word: what a worker looks at before each packet
    worker-N.page  one per worker: the generation it acknowledged, and its counters
    buckets.*      the token buckets, of addresses and of packages: all workers' (`buckets.py`)

A worker that sleeps for want of packets is woken by a signal, and by that alone: one that came just
before it fell asleep is lost, so whoever waits for workers wakes them again and again.

A generation is *in force* when every live worker has acknowledged it. A worker that isn't alive
needn't: it loads the last table when it starts, before it takes its first packet.
"""

import contextlib
import mmap
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gateway.exchange.worker_page import WORD, statuses
from gateway.nat import table as tables
from gateway.nat.table import Table

TABLE: Final = "table"
GENERATION: Final = "generation"
ADDRESS_BUCKETS: Final = "buckets.addresses"
PACKAGE_BUCKETS: Final = "buckets.packages"
ACKNOWLEDGE_POLL_S: Final = 0.0005
WAKE: Final = signal.SIGURG  # ignored by default: should a process id be of a stranger by now


class GenerationWord:
    """The mapped word with the published generation."""

    def __init__(self, directory: Path) -> None:
        """Map the word; a new one is 0."""
        file = os.open(directory / GENERATION, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            os.ftruncate(file, WORD)
            self._memory = mmap.mmap(file, WORD)
        finally:
            os.close(file)
        self.memory = memoryview(self._memory)
        self._words = self.memory.cast("Q")

    def close(self) -> None:
        """Unmap the word."""
        self._words.release()
        self.memory.release()
        self._memory.close()

    def get(self) -> int:
        """The generation published last."""
        generation: int = self._words[0]
        return generation

    def set(self, generation: int) -> None:
        """Publish `generation`: its table must be in place."""
        self._words[0] = generation


def publish(directory: Path, table: Table) -> None:
    """Replace the published table by `table` and wake every worker."""
    fresh = directory / f"{TABLE}.new"
    with fresh.open("wb") as file:
        # A rename over a file makes ext4 write out what has no place on the disk yet.
        os.posix_fallocate(file.fileno(), 0, len(table.memory))
        file.write(table.memory)
    fresh.replace(directory / TABLE)
    with contextlib.closing(GenerationWord(directory)) as word:
        word.set(table.generation)
    wake_workers(directory)


def published(directory: Path) -> int:
    """The generation published last. Raises `OSError`."""
    with contextlib.closing(GenerationWord(directory)) as word:
        return word.get()


def load(directory: Path) -> Table:
    """The table published last, or an empty one. Raises `BadTableError` if it is damaged.

    It isn't read but mapped into memory, which the file's replacement leaves as it is.
    """
    try:
        with (directory / TABLE).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
    except FileNotFoundError:
        return tables.empty()
    return tables.decode(memoryview(raw))


def acknowledged(directory: Path) -> int:
    """The oldest generation that a live worker uses; without one, the one published last."""
    used = [status.acknowledged for status in statuses(directory) if status.alive]
    return min(used) if used else published(directory)


def laggards(directory: Path, generation: int) -> list[str]:
    """The live workers that haven't acknowledged `generation`."""
    return [
        status.worker
        for status in statuses(directory)
        if status.alive and status.acknowledged != generation
    ]


def wait_in_force(
    directory: Path,
    generation: int,
    *,
    within_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> list[str]:
    """Wait until `generation` is in force; returns the workers that are late, none if it is."""
    deadline = clock() + within_s
    while late := laggards(directory, generation):
        if clock() > deadline:
            return late
        wake_workers(directory)
        time.sleep(ACKNOWLEDGE_POLL_S)
    return []


def wake_workers(directory: Path) -> None:
    """Have every worker look at what changed in the directory."""
    for status in statuses(directory):
        if status.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(status.pid, WAKE)
