"""What events add up to, kept beside the log so that a start need not replay all of them.

A snapshot only saves time: the log has everything, and whoever finds the snapshot missing, damaged
or not of this log reads the log instead. So there is one, the latest, and it is never repaired.

The file has three lines, and is readable by its owner only::

    digest of all that follows it
    version, sequence and history, as JSON
    what the events add up to, as JSON
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from gateway.runtime.files import appearing
from gateway.store.records import Record, StoreError


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot keeps what all events up to one of them add up to."""

    version: str  # of the code that wrote the body: no other may read it
    sequence: int  # of the last of these events
    history: str  # the `history_of` these events
    body: str  # one line of JSON


class SnapshotFile:
    """The latest snapshot in a file, which appears whole or not at all."""

    def __init__(self, path: Path) -> None:
        """The file may be missing, but not its directory."""
        self._path = path

    def load(self) -> Snapshot | None:
        """The latest snapshot; None if there is none. Raises `StoreError` if it can't be read."""
        try:
            digest, text = self._path.read_text(encoding="utf-8").split("\n", 1)
            if digest != _digest(text):
                raise StoreError(f"{self._path} is damaged")
            facts, body = text.split("\n", 1)
            version, sequence, history = json.loads(facts)
            if [type(one) for one in (version, sequence, history)] != [str, int, str]:
                raise StoreError(f"{self._path} is damaged")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"can't read {self._path}: {error.strerror}") from error
        except (ValueError, TypeError) as error:
            raise StoreError(f"{self._path} is damaged") from error
        return Snapshot(version, sequence, history, body)

    def save(self, snapshot: Snapshot) -> None:
        """Replace the latest snapshot, durably. Raises `StoreError`; the one before stays then."""
        facts = json.dumps([snapshot.version, snapshot.sequence, snapshot.history])
        text = f"{facts}\n{snapshot.body}"
        try:
            with appearing(self._path, replace=True) as fresh:
                fresh.write_text(f"{_digest(text)}\n{text}", encoding="utf-8")
        except OSError as error:
            raise StoreError(f"can't write {self._path}: {error.strerror}") from error


def history_of(first: Record, last: Record) -> str:
    """A digest of a log's first event and another one: no other log has the same two.

    Two logs that part before an event have different ones there: both were written at a time of
    their own.
    """
    facts = [[one.sequence, one.at, one.kind, one.body] for one in (first, last)]
    return _digest(json.dumps(facts))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()
