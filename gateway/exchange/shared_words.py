"""The token buckets of a gateway: words in a file that all its workers map into memory.

They outlive tables and workers. The file only ever grows, so that no mapping of it loses its end.
"""

import mmap
import os
from pathlib import Path
from typing import Final

WORD: Final = 8
MODE: Final = 0o644


class SharedWords:
    """A file of 64-bit words, zero until somebody writes them."""

    def __init__(self, path: Path) -> None:
        """Open or make the file. Raises `OSError`."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
        self._count = 0
        self.memory = memoryview(b"")

    def close(self) -> None:
        """Close the file; memory that is in use stays."""
        os.close(self._file)

    def hold(self, count: int) -> bool:
        """Make room for `count` words; whether `memory` is another one now. Raises `OSError`.

        All of it is there then: memory that runs out is an error here, not a fault later.
        """
        if count <= self._count:
            return False
        os.posix_fallocate(self._file, 0, count * WORD)  # unlike ftruncate it never makes it less
        self.memory = memoryview(mmap.mmap(self._file, count * WORD))
        self._count = count
        return True
