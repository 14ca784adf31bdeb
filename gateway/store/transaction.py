"""A transaction of SQLite's that leaves nothing half done, and none open."""

import sqlite3


class Transaction:
    """BEGIN IMMEDIATE to COMMIT, or ROLLBACK if the block raises or the commit fails."""

    def __init__(self, database: sqlite3.Connection) -> None:
        """`database` must be in autocommit mode."""
        self._database = database

    def __enter__(self) -> None:
        """Begin, as the only writer."""
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Commit, or take everything back."""
        try:
            if kind is None:
                self._database.execute("COMMIT")
        finally:
            if self._database.in_transaction:  # a full disk has ended it already
                self._database.execute("ROLLBACK")
