"""The token buckets that all who police share: words of a file, or of a map of the fast path's.

Workers that start while there is a fast path take the map, and so both paths take from one bucket.
A table with more buckets than the map has room for is policed by the file's: the fast path stands
aside then (`kernel_table.py`).
"""

from contextlib import suppress
from pathlib import Path

from gateway.exchange import pins
from gateway.exchange.shared_words import WORD, SharedWords


class Buckets:
    """The buckets of addresses, or those of packages: one word each."""

    def __init__(self, file: Path, name: str) -> None:
        """Open or make the file, and the map of this name that lies beside it. Raises `OSError`."""
        self._file = SharedWords(file)
        self._map = _shared_map(file.parent, name)
        self.memory = memoryview(b"")

    def close(self) -> None:
        """Close the file; memory that is in use stays mapped."""
        self._file.close()

    def hold(self, count: int) -> None:
        """Have `count` words in `memory`. Raises `OSError` if there isn't as much memory."""
        if count * WORD <= len(self._map):
            self.memory = self._map
        else:
            self._file.hold(count)
            self.memory = self._file.memory


def _shared_map(directory: Path, name: str) -> memoryview:
    """The words that the fast path polices by; none if there is no fast path, or it is lost."""
    with suppress(OSError):
        if pins.state(directory) in pins.IN_USE:
            return pins.memory(directory, name)
    return memoryview(b"")
