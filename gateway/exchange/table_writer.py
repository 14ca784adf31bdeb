"""Control's side of the published table: two files, written by turns, each a whole table.

The table in force lies in one of them; the next one is made of the other, which is one change
older: the blocks that differ are written into it, and it costs what changed. Nobody may read it
meanwhile: a reader locks the file it reads (`table_reader.py`). If the older file is still read, by
a worker that is stuck, or its content isn't known, since control has just started, or its shape is
another, then a new file takes its place, and whoever reads the old one keeps it.

A file that is being patched has no header: control may be killed at any moment, and what it leaves
is no table. The one in force isn't touched.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.exchange.file_lock import lock_to_write, unlock
from gateway.exchange.kernel_table import KernelTable
from gateway.nat.decode import generation_of
from gateway.nat.image import HEADER
from gateway.nat.shape import WORD, runs
from gateway.nat.table import Revision

NAMES: Final = ("table.0", "table.1")
MODE: Final = 0o644
COMPARED_BYTES: Final = 1 << 18  # at once
LOCK_TRIES: Final = 5
LOCK_RETRY_S: Final = 0.0005  # somebody may just look at the file


class TableWriter:
    """Writes tables into a directory. Each is of one draft: what it says has changed is trusted."""

    def __init__(self, directory: Path) -> None:
        """Open nothing yet; `directory` is the one that workers read."""
        self.directory = directory
        self._files = tuple(_TableFile(directory / name) for name in NAMES)
        self._last: _TableFile | None = None  # the file that this writer wrote last
        self.kernel = KernelTable(directory)

    def close(self) -> None:
        for file in self._files:
            file.close()
        self.kernel.close()

    def note(self, revision: Revision) -> None:
        """Take in what has changed. Each revision of the draft must come here, and only once."""
        for file in self._files:
            file.miss(revision.changed)
        self.kernel.note(revision)

    def write(self, revision: Revision, published: int) -> None:
        """Write a revision that was noted. Raises `OSError`; the table in force is as it was then.

        `published` is the generation in force. The revision may be of that generation, too: its
        file is the only one of that generation afterwards, and has its bytes: who asks for it again
        doubts that.
        """
        before = self._in_force(revision, published)
        if before and before.generation == revision.table.generation and before.has(revision):
            return
        target = next(file for file in self._files if file is not before)
        target.write(revision)
        self._last = target
        if before and before.generation == revision.table.generation:
            before.remove()

    def _in_force(self, revision: Revision, published: int) -> "_TableFile | None":
        """The file with the table in force; None before the first publication, or if it is gone."""
        if not published:
            return None
        if self._last and self._last.generation == published:
            return self._last
        for file in self._files:
            if file.read_generation() == published:
                file.compare(revision)
                self._last = file
                return file
        return None


class _TableFile:
    """One of the two files, and what is known of its content."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._stale: set[int] | None = None  # blocks that differ from the draft's; None: unknown
        self.generation = 0

    def has(self, revision: Revision) -> bool:
        """Whether the file has the bytes of the revision, which was noted last."""
        if self._file is None or self._stale is None or self._stale or not self._is_in_place():
            return False
        return _is_equal(self._file, revision.table.memory)

    def close(self) -> None:
        """Close the file, and take its content as unknown from now on."""
        if self._file is not None:
            os.close(self._file)
        self._file = self._stale = None

    def miss(self, blocks: frozenset[int]) -> None:
        """Note that these blocks of the draft have changed since then."""
        if self._stale is not None:
            self._stale |= blocks

    def read_generation(self) -> int:
        """The generation that its header says; 0 without a file, or if it isn't a table."""
        with suppress(FileNotFoundError), self._path.open("rb") as file:
            self.generation = generation_of(file.read(HEADER.size))
            return self.generation
        return 0

    def compare(self, revision: Revision) -> None:
        """Take the file as known if its bytes are those of the revision."""
        self.close()
        memory = revision.table.memory
        with suppress(FileNotFoundError):
            self._file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
            size = os.fstat(self._file).st_size
            if size == len(memory) and _is_equal(self._file, memory):
                self._stale = set()

    def write(self, revision: Revision) -> None:
        """Make it a file with the revision's bytes. Raises `OSError`: it isn't a table then."""
        if not self._patch(revision):
            self._replace(revision)
        self.generation = revision.table.generation

    def remove(self) -> None:
        """Remove the file's name; a reader that has the file open keeps it."""
        self.close()
        self._path.unlink(missing_ok=True)

    def _is_in_place(self) -> bool:
        """Whether the file that is open is the one that readers find."""
        with suppress(FileNotFoundError):
            return self._file is not None and os.path.samestat(
                os.fstat(self._file), self._path.stat()
            )
        return False

    def _patch(self, revision: Revision) -> bool:
        """Write what differs, if that is known and nobody reads the file. Raises `OSError`."""
        memory, file, stale = revision.table.memory, self._file, self._stale
        if file is None or stale is None or not self._is_in_place():
            return False
        if os.fstat(file).st_size != len(memory) or not _lock(file):
            return False
        self._stale = None
        end = revision.table.shape.checks * WORD
        try:
            _write(file, bytes(HEADER.size), 0)
            for part in runs(stale, end):
                _write(file, memory[part], part.start)
            _write(file, memory[end:], end)
            _write(file, memory[: HEADER.size], 0)
        finally:
            unlock(file)
        self._stale = set()
        return True

    def _replace(self, revision: Revision) -> None:
        """Put a new file in its place. Raises `OSError`."""
        self.close()
        memory = revision.table.memory
        fresh = self._path.with_name(f"{self._path.name}.new")
        file = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE)
        try:
            # A rename over a file makes ext4 write out what has no place on the disk yet.
            os.posix_fallocate(file, 0, len(memory))
            _write(file, memory, 0)
            fresh.replace(self._path)
        except OSError:
            os.close(file)
            fresh.unlink()
            raise
        self._file, self._stale = file, set()


def _lock(file: int) -> bool:
    """Lock a file to write it, if its last reader leaves it within a moment."""
    for _ in range(LOCK_TRIES):
        if lock_to_write(file):
            return True
        time.sleep(LOCK_RETRY_S)
    return False


def _is_equal(file: int, memory: memoryview) -> bool:
    """Whether the file has these bytes. Raises `OSError`."""
    begins = range(0, len(memory), COMPARED_BYTES)
    return all(
        os.pread(file, COMPARED_BYTES, at) == bytes(memory[at : at + COMPARED_BYTES])
        for at in begins
    )


def _write(file: int, raw: bytes | memoryview, at: int) -> None:
    """Write all of it at its place. Raises `OSError`."""
    left = memoryview(raw)
    while left:
        written = os.pwrite(file, left, at)
        left, at = left[written:], at + written
