"""The log in SQLite: WAL, one transaction per append, durable when `append` returns.

`synchronous=FULL` makes a commit survive power loss as SQLite defines it. The sequence is the
primary key, so two writers can't both append the same place.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from gateway.store.records import Record, SequenceConflictError, StoreError

SCHEMA: Final = 1
BUSY_S: Final = 5.0
READ_BATCH: Final = 1000

_CREATE: Final = """
CREATE TABLE IF NOT EXISTS event (
    sequence INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT
"""


class SqliteStore:
    """A log in a file. Raises `StoreError` if it can't be opened, or is of a newer version."""

    def __init__(self, path: Path) -> None:
        """Open the log, or begin one."""
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"can't open {path}: {error}") from error
        self._database = _open(path, self._begin)

    def _begin(self, database: sqlite3.Connection) -> None:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        with _Transaction(database):
            database.execute(_CREATE)
            database.execute(f"PRAGMA user_version = {SCHEMA}")

    def append(self, records: Sequence[Record]) -> None:
        """Append all or nothing. Raises `SequenceConflictError` unless they follow the last."""
        try:
            with _Transaction(self._database):
                last = _length(self._database, self._path)
                if [record.sequence for record in records] != list(
                    range(last + 1, last + 1 + len(records))
                ):
                    raise SequenceConflictError(f"the log {self._path} is at {last}")
                self._database.executemany(
                    "INSERT INTO event VALUES (?, ?, ?, ?)",
                    [(r.sequence, r.at, r.kind, r.body) for r in records],
                )
        except sqlite3.Error as error:
            raise StoreError(f"can't write {self._path}: {error}") from error

    def read(self, after: int = 0) -> Iterator[Record]:
        """The records with a sequence above `after`, in order."""
        return _read(self._database, self._path, after)

    def close(self) -> None:
        """Close the file."""
        self._database.close()


class _Transaction:
    """BEGIN IMMEDIATE to COMMIT, or ROLLBACK if the block raises."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._database.execute("COMMIT")
        elif self._database.in_transaction:  # a full disk has ended it already
            self._database.execute("ROLLBACK")


class SqliteReader:
    """The log, for looking only: beside a running control or without one.

    Raises `StoreError` if there is none.
    """

    def __init__(self, path: Path) -> None:
        """Open the log; one that isn't there isn't begun."""
        if not path.exists():
            raise StoreError(f"no event log at {path}")
        self._path = path
        self._database = _open(path, lambda database: database.execute("PRAGMA query_only = ON"))

    def length(self) -> int:
        """How many records there are: the last one's sequence."""
        return _length(self._database, self._path)

    def read(self, after: int = 0) -> Iterator[Record]:
        """The records with a sequence above `after`, in order."""
        return _read(self._database, self._path, after)

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _open(path: Path, begin: Callable[[sqlite3.Connection], object]) -> sqlite3.Connection:
    """A connection to a log that this version can read, after `begin`. Raises `StoreError`."""
    try:
        # Transactions are ours to begin (isolation_level), and control uses the log from whichever
        # thread has its turn (check_same_thread).
        database = sqlite3.connect(
            path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise StoreError(f"can't open {path}: {error}") from error
    try:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA:
            raise StoreError(
                f"{path} is of schema {version}, this tgw reads up to {SCHEMA}: upgrade tgw"
            )
        begin(database)
    except sqlite3.Error as error:
        database.close()
        raise StoreError(f"can't open {path}: {error}") from error
    except StoreError:
        database.close()
        raise
    return database


def _length(database: sqlite3.Connection, path: Path) -> int:
    try:
        (last,) = database.execute("SELECT coalesce(max(sequence), 0) FROM event").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"can't read {path}: {error}") from error
    return int(last)


def _read(database: sqlite3.Connection, path: Path, after: int) -> Iterator[Record]:
    try:
        rows = database.execute(
            "SELECT sequence, at, kind, body FROM event WHERE sequence > ? ORDER BY sequence",
            (after,),
        )
        while batch := rows.fetchmany(READ_BATCH):
            yield from (Record(*row) for row in batch)
    except sqlite3.Error as error:
        raise StoreError(f"can't read {path}: {error}") from error
