"""A copy of the log in one file of its own, and the way back.

A copy is what the log was at one moment. It is checked before it appears under its name, and needs
no other file: what SQLite keeps beside a log at work is in it.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.runtime.files import appearing
from gateway.store.records import StoreError
from gateway.store.sqlite import SqliteReader, connect


def back_up(log: Path, target: Path, *, replace: bool = False) -> int:
    """Copy the log to `target`; returns how many records it has. Raises `StoreError`."""
    if Path(os.path.realpath(target)).parent == Path(os.path.realpath(log)).parent:
        raise StoreError(f"{target} would lie beside the log itself: choose another directory")
    with closing(SqliteReader(log)) as source:
        return _copy(source, target, replace=replace)


def put_back(backup: Path, log: Path, *, replace: bool = False) -> int:
    """Make a copy the log again; returns how many records it has. Raises `StoreError`.

    No process may be at work on the log.
    """
    with closing(SqliteReader(backup)) as source:
        source.check()
        if not source.length():
            raise StoreError(f"{backup} has no events")
        if log.exists() and replace:
            return _overwrite(source, log)
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"can't write {log}: {error}") from error
        return _copy(source, log, replace=False)


def _copy(source: SqliteReader, target: Path, *, replace: bool) -> int:
    if target.exists() and not target.is_file():
        raise StoreError(f"{target} is no plain file: a copy can't take its place")
    try:
        with appearing(target, replace=replace) as fresh:
            with closing(sqlite3.connect(fresh, isolation_level=None)) as database:
                source.copy_into(database)
                database.execute("PRAGMA journal_mode = DELETE")  # all of it in the one file
            return _checked(fresh)
    except FileExistsError:
        raise StoreError(f"{target} is there already: --force replaces it") from None
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StoreError(f"can't write {target}: {reason}") from error


def _overwrite(source: SqliteReader, log: Path) -> int:
    """Replace the log in one transaction: whatever happens, it is the old one or the new one."""
    try:
        with closing(connect(log)) as database:
            source.copy_into(database)
    except sqlite3.Error as error:
        raise StoreError(f"can't write {log}: {error}") from error
    return _checked(log)


def _checked(path: Path) -> int:
    with closing(SqliteReader(path)) as copy:
        copy.check()
        return copy.length()
