"""Where control and the data plane meet: files in one directory, mapped into memory.

::

    table          the last published table; replaced whole by a rename, never written in place
    generation     its generation, a mapped word: what a worker looks at before each packet
    worker-N.page  one per worker: the generation it acknowledged, and its counters
    worker-N.wake  a datagram socket: a worker that sleeps for want of packets is woken by it

A generation is *in force* when every live worker has acknowledged it. A worker that isn't alive
needn't: it loads the last table when it starts, before it takes its first packet.
"""

import contextlib
import mmap
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gateway.nat import table as tables
from gateway.nat.table import Table
from gateway.nat.worker_page import WORD, statuses

TABLE: Final = "table"
GENERATION: Final = "generation"
ACKNOWLEDGE_POLL_S: Final = 0.0005


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
        self._words = memoryview(self._memory).cast("Q")

    def close(self) -> None:
        """Unmap the word."""
        self._words.release()
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
    fresh.write_bytes(tables.encode(table))
    fresh.replace(directory / TABLE)
    with contextlib.closing(GenerationWord(directory)) as word:
        word.set(table.generation)
    wake_workers(directory)


def load(directory: Path) -> Table:
    """The table published last, or an empty one. Raises `BadTableError` if it is damaged."""
    try:
        raw = (directory / TABLE).read_bytes()
    except FileNotFoundError:
        return tables.empty()
    return tables.decode(raw)


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
        time.sleep(ACKNOWLEDGE_POLL_S)
    return []


def wake_workers(directory: Path) -> None:
    """Have every worker look at what changed in the directory."""
    for wake in directory.glob("worker-*.wake"):
        _wake(wake)


def wake_socket(directory: Path, worker: int) -> socket.socket:
    """The socket on which worker number `worker` is woken; a stale one is replaced."""
    path = directory / f"worker-{worker}.wake"
    path.unlink(missing_ok=True)
    woken = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        woken.bind(str(path))
    except OSError:
        woken.close()
        raise
    return woken


def _wake(path: Path) -> None:
    """A hint only: a full or dead socket is no error, the worker looks by itself soon."""
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as waker,
        contextlib.suppress(OSError),
    ):
        waker.sendto(b"\0", str(path))
