"""The file with the flows that security groups have admitted: all workers map it into memory.

It is opened while a worker may still open files, and outlives all processes: who starts later takes
up the flows that are there. It is sparse: without flows it costs a page, of which all else is zero.
A file of another kind, or one that was cut, is replaced; who has it open goes on with that.
"""

import mmap
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.exchange.file_lock import lock_to_write, unlock
from gateway.nat.flows import FLOW_BITS
from gateway.nat.flows_memory import MAGIC, flows_head, flows_size
from gateway.runtime.waiting import looks

OPEN_WITHIN_S: Final = 5.0  # of a file that others are making
OPEN_AGAIN_S: Final = 0.01
MODE: Final = 0o600  # its random numbers are nobody's business


class FlowFile:
    """The file of one directory, and its memory once it is needed."""

    def __init__(self, path: Path, bits: int = FLOW_BITS) -> None:
        """Open nothing yet. A new file gets 2 ** `bits` buckets."""
        self._path = path
        self._bits = bits
        self._memory = memoryview(b"")

    def hold(self) -> memoryview:
        """The memory of all flows, which is the same for every process. Raises `OSError`."""
        for _ in looks(0 if self._memory else OPEN_WITHIN_S, OPEN_AGAIN_S):
            if self._memory:
                break
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
            try:
                if lock_to_write(file) and self._is_in_place(file) and self._is_whole(file):
                    self._memory = memoryview(mmap.mmap(file, os.fstat(file).st_size))
                    break
            finally:
                unlock(file)  # what maps the file would hold the lock
                os.close(file)
        if not self._memory:
            raise TimeoutError(f"{self._path} is locked by another process")
        return self._memory

    def _is_in_place(self, file: int) -> bool:
        """Whether the file that is open is the one that others find."""
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(file), self._path.stat())
        return False

    def _is_whole(self, file: int) -> bool:
        """Make an empty file whole, and remove one that is anything else; whether it is whole."""
        size = os.fstat(file).st_size
        if size == 0:
            os.truncate(file, flows_size(self._bits))
            os.pwrite(file, flows_head(), 0)
        elif size < flows_size(1) or os.pread(file, len(MAGIC), 0) != MAGIC:
            self._path.unlink()
            return False
        return True
