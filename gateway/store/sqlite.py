"""The log in SQLite: WAL, one transaction per append, durable when `append` returns.

`synchronous=FULL` makes a commit survive power loss as SQLite defines it. The sequence is the
primary key, so two writers can't both append the same place.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from gateway.runtime.files import appearing
from gateway.store.migrations import migrate, newest, schema
from gateway.store.records import Record, SequenceConflictError, StoreError
from gateway.store.transaction import Transaction

BUSY_S: Final = 5.0
READ_BATCH: Final = 1000


class SqliteStore:
    """A log in a file. Raises `StoreError` if it can't be opened, or is of a newer version."""

    def __init__(self, path: Path) -> None:
        """Open the log and bring it to our schema, or begin one."""
        self._path = path
        if not path.exists():
            _begin(path)
        self._database = _open(path, _prepare)

    def append(self, records: Sequence[Record]) -> None:
        """Append all or nothing. Raises `SequenceConflictError` unless they follow the last."""
        try:
            with Transaction(self._database):
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
        self._database.close()


class SqliteReader:
    """The log, for looking only: beside a running control or without one; it is never migrated.

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

    def check(self) -> None:
        """Look at every page of the file. Raises `StoreError` if it is damaged."""
        try:
            (found,) = self._database.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"{self._path} is damaged: {error}") from error
        if found != "ok":
            raise StoreError(f"{self._path} is damaged: {' '.join(found.split())}")

    def copy_into(self, database: sqlite3.Connection) -> None:
        """Make `database` what the log is at one moment, in one transaction of its own.

        A control at work goes on meanwhile. Raises `sqlite3.Error`.
        """
        self._database.backup(database)

    def close(self) -> None:
        self._database.close()


def _begin(path: Path) -> None:
    """Make a new log, which appears at `path` whole. Raises `StoreError`."""
    left = path.with_name(f"{path.name}-wal")
    if left.exists():
        raise StoreError(f"{path} is gone, but not {left}: put it back, or remove that as well")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with appearing(path) as fresh, closing(connect(fresh)) as database:
            migrate(database)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"can't open {path}: {error}") from error


def _prepare(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    migrate(database)


def _open(path: Path, begin: Callable[[sqlite3.Connection], object]) -> sqlite3.Connection:
    """A connection to a log that this version can read, after `begin`. Raises `StoreError`."""
    try:
        database = connect(path)
    except sqlite3.Error as error:
        raise StoreError(f"can't open {path}: {error}") from error
    try:
        _check_kind(database, path)
        begin(database)
    except sqlite3.Error as error:
        database.close()
        raise StoreError(f"can't open {path}: {error}") from error
    except StoreError:
        database.close()
        raise
    return database


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection in autocommit mode that commits durably. Raises `sqlite3.Error`."""
    # Transactions are ours to begin (isolation_level), and control uses a file from whichever
    # thread has its turn (check_same_thread).
    database = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:  # it is no database, or can't be read
        database.close()
        raise
    return database


def refuse_newer(path: Path, version: int, known: int) -> None:
    """Check that the file's schema is at most `known`. Raises `StoreError`."""
    if version > known:
        raise StoreError(
            f"{path} is of schema {version}, this tgw reads up to {known}: upgrade tgw"
        )


def _check_kind(database: sqlite3.Connection, path: Path) -> None:
    """Check that the database is a log of a known schema. Raises `StoreError`."""
    version = schema(database)
    refuse_newer(path, version, newest())
    names = [name for (name,) in database.execute("SELECT name FROM sqlite_schema")]
    if version < 1 or "event" not in names:
        raise StoreError(f"{path} is {'no event log' if names else 'empty, no event log any more'}")


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
