"""Where control and the data plane meet: files in one directory, mapped into memory.

::

    table.0 and 1  the table in force, and the one before or the next (`table_writer.py`)
    generation     which is in force, a mapped word: what a worker looks at before each packet
    worker-N.page  one per worker: the generation it acknowledged, and its counters
    buckets.*      the token buckets, of addresses and of packages: all workers' words
    flows          what security groups have admitted: all workers' words (`flow_file.py`)
    fastpath       a link to the maps of the kernel's fast path, where there is one (`pins.py`)

A worker that sleeps for want of packets is woken by a signal, and by that alone: one that came just
before it fell asleep is lost, so whoever waits for workers wakes them again and again.

A generation is *in force* when every live worker has acknowledged it. A worker that isn't alive
needn't: it reads the last table when it starts, before it takes its first packet.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from gateway.exchange.shared_words import SharedWords
from gateway.exchange.table_reader import TableReader
from gateway.exchange.table_writer import TableWriter
from gateway.exchange.worker_page import statuses
from gateway.nat.table import BadTableError, Revision, Table
from gateway.runtime.waiting import looks

Result = TypeVar("Result")

GENERATION: Final = "generation"
ADDRESS_BUCKETS: Final = "buckets.addresses"
PACKAGE_BUCKETS: Final = "buckets.packages"
FLOWS: Final = "flows"
LOAD_TRIES: Final = 10
BUSY: Final = "tables are published so often that none can be read"
ACKNOWLEDGE_POLL_S: Final = 0.0005
WAKE: Final = signal.SIGURG  # ignored by default: should a process id be of a stranger by now


def generation_word(directory: Path) -> SharedWords:
    """The file whose only word is the generation published last. Close it. Raises `OSError`."""
    return SharedWords(directory / GENERATION, 1)


def release(writer: TableWriter, revision: Revision) -> None:
    """Publish a draft's next revision and wake every worker. Raises `OSError`.

    The fast path, if there is one, has acknowledged it when this returns.
    Each revision of the draft must come here, in order: what one says has changed is added up.
    """
    writer.note(revision)
    with contextlib.closing(generation_word(writer.directory)) as word:
        writer.write(revision, word.words[0])
        word.words[0] = revision.table.generation
    wake_workers(writer.directory)
    writer.kernel.write(revision)


def publish(directory: Path, table: Table) -> None:
    """Publish a table by itself, whole, and wake every worker. Raises `OSError`."""
    with contextlib.closing(TableWriter(directory)) as writer:
        release(writer, Revision(table, frozenset(range(table.shape.blocks))))


def published(directory: Path) -> int:
    """The generation published last, 0 before the first. Raises `OSError`."""
    try:
        return int.from_bytes((directory / GENERATION).read_bytes(), sys.byteorder)
    except FileNotFoundError:
        directory.stat()  # is an error if that is what isn't there
        return 0


def load(directory: Path) -> Table:
    """A copy of the table published last. Raises `BadTableError` if it is damaged, `OSError`."""
    return _read_last(directory, TableReader.copy)


def check(directory: Path) -> None:
    """Check that the table published last can be read. Raises as `load` does."""
    _read_last(directory, lambda reader, generation: reader.read(generation, lambda _: None))


def _read_last(directory: Path, read: Callable[[TableReader, int], Result]) -> Result:
    """Read the table published last, and the next one if it is replaced meanwhile."""
    with contextlib.closing(TableReader(directory)) as reader:
        for _ in range(LOAD_TRIES):
            generation = published(directory)
            try:
                return read(reader, generation)
            except BadTableError:
                if generation == published(directory):
                    raise
    raise BadTableError(BUSY)


def load_last_two(directory: Path) -> tuple[Table, Table | None]:
    """Copies of the table published last and of the one before, None if that isn't there any more.

    Raises `BadTableError` if the last one is damaged, `OSError`.
    """
    for _ in range(LOAD_TRIES):
        after, before = load(directory), None
        with contextlib.closing(TableReader(directory)) as reader:
            for generation in reader.generations():
                if 0 < generation < after.generation:
                    with contextlib.suppress(BadTableError):
                        before = reader.copy(generation)
        if after.generation == published(directory):
            return after, before
    raise BadTableError(BUSY)


def acknowledged(directory: Path) -> int:
    """The oldest generation that a live worker uses; without one, the one published last."""
    last = published(directory)
    # None can have acknowledged a later one: such a page is damaged.
    used = [
        status.acknowledged if status.acknowledged <= last else 0
        for status in statuses(directory)
        if status.alive
    ]
    return min(used, default=last)


def laggards(directory: Path, generation: int) -> list[str]:
    """List the live workers that have acknowledged another generation than this one."""
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
    late: list[str] = []
    for _ in looks(within_s, ACKNOWLEDGE_POLL_S, clock=clock):
        late = laggards(directory, generation)
        if not late:
            break
        wake_workers(directory)
    return late


def wake_workers(directory: Path) -> None:
    """Have every worker look at what changed in the directory."""
    for status in statuses(directory):
        if status.alive and status.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(status.pid, WAKE)
