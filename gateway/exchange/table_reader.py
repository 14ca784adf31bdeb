"""A reader's side of the published table: it maps the file of a generation and keeps it as it is.

A reader locks the file it reads, so that control doesn't write into it (`table_writer.py`), until
it has another table. Both files stay mapped: to take the next table costs what has changed in it.
"""

import mmap
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gateway.exchange.file_lock import lock_to_read, unlock
from gateway.exchange.table_writer import NAMES
from gateway.nat.decode import decode, generation_of
from gateway.nat.image import HEADER
from gateway.nat.table import BadTableError, Table, empty


class TableReader:
    """Reads one table at a time, of the two that lie in a directory."""

    def __init__(self, directory: Path) -> None:
        """Open nothing yet; `directory` is the one that control publishes in."""
        self._directory = directory
        self._files: dict[str, _MappedFile] = {}
        self._used: _MappedFile | None = None

    def close(self) -> None:
        """Give the files up; memory that is in use stays mapped, and may change from now on."""
        for file in {*self._files.values(), *([self._used] if self._used else [])}:
            file.close()
        self._files.clear()
        self._used = None

    def read(self, generation: int, adopt: Callable[[Table], None]) -> None:
        """Give the table of this generation to `adopt`; it stays as it is until the next is read.

        Before the first publication that is the empty table. Raises `BadTableError` if the table
        isn't there or is damaged, `OSError` if it can't be read, and what `adopt` raises: the table
        that was read before stays as it is, and in use, then.
        """
        if not generation:
            adopt(empty())
            self._use(None)
            return
        fault = BadTableError(f"there is no table of generation {generation}")
        for name in NAMES:
            file = self._file(name)
            if file and file.generation() == generation and lock_to_read(file.number):
                try:
                    adopt(file.table(generation))
                except BadTableError as error:
                    self._leave(file)
                    fault = error
                except BaseException:
                    self._leave(file)
                    raise
                else:
                    self._use(file)
                    return
        raise fault

    def copy(self, generation: int) -> Table:
        """A copy of the table of this generation. Raises as `read` does."""
        copies: list[Table] = []
        self.read(generation, lambda table: copies.append(table.copy()))
        return copies[0]

    def generations(self) -> list[int]:
        """The generations whose tables lie in the files, 0 where none does."""
        files = map(self._file, NAMES)
        return [file.generation() if file else 0 for file in files]

    def _file(self, name: str) -> "_MappedFile | None":
        """Map the file that has this name now; None if there is none."""
        path, known = self._directory / name, self._files.get(name)
        if known and known.is_at(path):
            return known
        if known and known is not self._used:
            known.close()
        self._files.pop(name, None)
        with suppress(FileNotFoundError):
            self._files[name] = _MappedFile(path)
        return self._files.get(name)

    def _leave(self, file: "_MappedFile") -> None:
        """Let control write into a file whose table wasn't adopted."""
        if file is not self._used:
            unlock(file.number)

    def _use(self, file: "_MappedFile | None") -> None:
        """Keep this file as it is from now on, and the one before no longer."""
        before, self._used = self._used, file
        if before and before is not file:
            unlock(before.number)
            if before not in self._files.values():
                before.close()


class _MappedFile:
    """A file with a table, mapped into memory."""

    def __init__(self, path: Path) -> None:
        """Open the file and map it into memory. Raises `OSError`."""
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._size = os.fstat(self.number).st_size
        self._memory = memoryview(b"")
        self._checked = b""  # the checks of its blocks when they were read last
        try:
            if self._size:
                mapped = mmap.mmap(self.number, self._size, access=mmap.ACCESS_READ)
                self._memory = memoryview(mapped)
        except OSError:
            os.close(self.number)
            raise

    def close(self) -> None:
        unlock(self.number)
        os.close(self.number)

    def is_at(self, path: Path) -> bool:
        """Whether this is the file at the path, and as long as it was."""
        with suppress(FileNotFoundError):
            there = path.stat()
            mine = os.fstat(self.number)
            return os.path.samestat(there, mine) and there.st_size == self._size
        return False

    def generation(self) -> int:
        """The generation of its table, also of a damaged one; 0 while it is written."""
        return generation_of(os.pread(self.number, HEADER.size, 0))

    def table(self, generation: int) -> Table:
        """Its table, which is locked. Raises `BadTableError` if it is another one, or damaged."""
        checked, self._checked = self._checked, b""
        table = decode(self._memory, checked=checked)
        if table.generation != generation:
            raise BadTableError(f"there is no table of generation {generation}")
        self._checked = table.checks
        return table
