"""What a store keeps, and what can go wrong with it."""

from dataclasses import dataclass


class StoreError(RuntimeError):
    """The log can't be read or written; the text is one line for people."""


class SequenceConflictError(StoreError):
    """Another writer appended first: the caller's state is out of date."""


@dataclass(frozen=True, slots=True)
class Record:
    """One event as the store keeps it: its place in the log, when, which kind, its JSON text."""

    sequence: int
    at: float  # Unix seconds
    kind: str
    body: str
