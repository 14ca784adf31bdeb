"""A log and its snapshot in memory for tests, with the contracts of the real ones."""

from collections.abc import Iterator, Sequence

from gateway.store.records import Record, SequenceConflictError
from gateway.store.snapshots import Snapshot


class MemoryStore:
    """The log ends with the process."""

    def __init__(self) -> None:
        self._records: list[Record] = []

    def append(self, records: Sequence[Record]) -> None:
        """Append all or nothing. Raises `SequenceConflictError` unless they follow the last."""
        expected = range(len(self._records) + 1, len(self._records) + 1 + len(records))
        if [record.sequence for record in records] != list(expected):
            raise SequenceConflictError(f"the log is at {len(self._records)}")
        self._records.extend(records)

    def read(self, after: int = 0) -> Iterator[Record]:
        """The records with a sequence above `after`, in order."""
        return iter(self._records[after:])

    def close(self) -> None:
        """Do nothing: a log in memory has no file to close."""


class MemorySnapshots:
    def __init__(self) -> None:
        self._latest: Snapshot | None = None

    def load(self) -> Snapshot | None:
        """The latest snapshot; None if there is none."""
        return self._latest

    def save(self, snapshot: Snapshot) -> None:
        self._latest = snapshot
