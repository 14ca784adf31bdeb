"""Words that processes share: 64-bit ones in a file, which each process maps into its memory.

They outlive the processes. The file only ever grows, so that no mapping of it loses its end.
"""

import mmap
import os
from pathlib import Path
from typing import Final

WORD: Final = 8
MODE: Final = 0o644


class SharedWords:
    """A file of 64-bit words, which are zero until a process writes them."""

    def __init__(self, path: Path, count: int = 0) -> None:
        """Open or make the file, with room for `count` words. Raises `OSError`."""
        self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
        self._count = 0
        self.memory = memoryview(b"")
        self.words = self.memory.cast("Q")
        try:
            self.hold(count)
        except OSError:
            os.close(self.file)
            raise

    def close(self) -> None:
        """Close the file; memory that is in use stays mapped."""
        os.close(self.file)

    def hold(self, count: int) -> bool:
        """Make room for `count` words; whether `memory` is another one now. Raises `OSError`.

        All of it is there then: memory that runs out is an error here, not a fault later.
        """
        if count <= self._count:
            return False
        os.posix_fallocate(self.file, 0, count * WORD)  # unlike ftruncate it never makes it less
        self.memory = memoryview(mmap.mmap(self.file, count * WORD))
        self.words = self.memory.cast("Q")
        self._count = count
        return True
