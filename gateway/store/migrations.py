"""The schema of the log's file, step by step.

The file says its schema in SQLite's `user_version`; a new one is 0, and the n-th migration leads
from schema n - 1 to n. One that was released is never changed: what comes next is another one at
the end, with a sample of the schema it leads to in tests/unit/store/samples.
"""

import sqlite3
from collections.abc import Callable
from typing import Final

from gateway.store.transaction import Transaction

Migration = Callable[[sqlite3.Connection], object]


def _events(database: sqlite3.Connection) -> None:
    database.execute(
        """
        CREATE TABLE event (
            sequence INTEGER PRIMARY KEY,
            at REAL NOT NULL,
            kind TEXT NOT NULL,
            body TEXT NOT NULL
        ) STRICT
        """
    )


MIGRATIONS: Final[tuple[Migration, ...]] = (_events,)


def newest() -> int:
    """The schema that this version of tgw writes."""
    return len(MIGRATIONS)


def schema(database: sqlite3.Connection) -> int:
    """Read the number of the file's schema, 0 for a new file."""
    (version,) = database.execute("PRAGMA user_version").fetchone()
    return int(version)


def migrate(database: sqlite3.Connection) -> None:
    """Bring the file to the newest schema, one transaction a step. Raises `sqlite3.Error`."""
    while (reached := schema(database)) < newest():
        with Transaction(database):
            if schema(database) == reached:  # else another process was faster
                MIGRATIONS[reached](database)
                database.execute(f"PRAGMA user_version = {reached + 1}")
