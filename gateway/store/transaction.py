"""A transaction of SQLite's that leaves nothing half done, and none open."""

import sqlite3


class Transaction:
    """BEGIN IMMEDIATE to COMMIT, or ROLLBACK if the block raises or the commit fails."""

    def __init__(self, database: sqlite3.Connection) -> None:
        """Take a connection to a database, which must be in autocommit mode."""
        self._database = database

    def __enter__(self) -> None:
        """Begin at once as the only writer of the file. Raises `sqlite3.Error`."""
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Commit, or roll back if the block raised or the commit failed."""
        try:
            if kind is None:
                self._database.execute("COMMIT")
        finally:
            if self._database.in_transaction:  # a full disk has ended it already
                self._database.execute("ROLLBACK")
