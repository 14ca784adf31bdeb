"""The schema: every older one comes to the newest, whole or not at all; looking changes nothing."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.store import migrations
from gateway.store.migrations import MIGRATIONS, newest
from gateway.store.records import Record, StoreError
from gateway.store.sqlite import SqliteReader, SqliteStore
from gateway.store.transaction import Transaction

SAMPLES = Path(__file__).parent / "samples"
LENGTH = 3  # of each sample: the same records in every schema
KINDS = ["LabConfigured", "EipAllocated", "EipReleased"]
Look = Callable[[sqlite3.Connection], object]


def sample(version: int) -> str:
    """A log as the tgw of that schema wrote it."""
    return (SAMPLES / f"schema-{version}.sql").read_text()


def written(path: Path, version: int) -> None:
    """That log, at `path`."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(sample(version))


def asked(path: Path, question: str) -> list[tuple[object, ...]]:
    """What the file answers to SQL."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute(question).fetchall()


def schema_of(path: Path) -> object:
    """As the file says it."""
    return asked(path, "PRAGMA user_version")[0][0]


def add_a_table(database: sqlite3.Connection) -> None:
    """A next migration: it makes a table and fills it from what is there."""
    database.execute("CREATE TABLE kind (name TEXT PRIMARY KEY) STRICT")
    database.execute("INSERT INTO kind SELECT DISTINCT kind FROM event")


def fail_half_way(database: sqlite3.Connection) -> None:
    """A next migration that can't be done here."""
    add_a_table(database)
    raise sqlite3.OperationalError("database or disk is full")


@pytest.fixture
def next_schema(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Go on with other migrations, as a later tgw has them."""

    def add(*more: Look) -> None:
        monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, *more))

    return add


@pytest.mark.parametrize("version", range(1, newest() + 1))
def test_a_log_of_every_schema_is_brought_to_the_newest_and_loses_nothing(
    tmp_path: Path, version: int
) -> None:
    path = tmp_path / "log"
    written(path, version)
    with closing(SqliteStore(path)) as store:
        found = list(store.read())
        assert [record.kind for record in found] == KINDS
        assert found[1].at == 1763884801.5
        assert '"name":"前端"' in found[1].body
        store.append([Record(LENGTH + 1, 1.0, "Kind", "{}")])
    assert schema_of(path) == newest()


@pytest.mark.parametrize("version", range(1, newest() + 1))
def test_looking_at_a_log_of_any_schema_changes_no_byte(
    tmp_path: Path, version: int, next_schema: Callable[..., None]
) -> None:
    path = tmp_path / "log"
    written(path, version)
    next_schema(add_a_table)
    before = path.read_bytes()
    with closing(SqliteReader(path)) as reader:
        assert [record.kind for record in reader.read()] == KINDS
    assert path.read_bytes() == before


def test_a_new_log_goes_through_every_migration(
    tmp_path: Path, next_schema: Callable[..., None]
) -> None:
    next_schema(add_a_table)
    SqliteStore(tmp_path / "log").close()
    assert schema_of(tmp_path / "log") == newest() == len(MIGRATIONS) + 1
    assert asked(tmp_path / "log", "SELECT * FROM kind") == []


def test_a_migration_sees_what_the_log_holds_and_is_made_once(
    tmp_path: Path, next_schema: Callable[..., None]
) -> None:
    path = tmp_path / "log"
    written(path, 1)
    next_schema(*MIGRATIONS[1:], add_a_table)
    for _ in range(2):
        SqliteStore(path).close()
    assert sorted(asked(path, "SELECT name FROM kind")) == sorted((kind,) for kind in KINDS)


def test_a_migration_that_fails_leaves_the_log_as_it_was(
    tmp_path: Path, next_schema: Callable[..., None]
) -> None:
    path = tmp_path / "log"
    written(path, newest())
    next_schema(fail_half_way)
    with pytest.raises(StoreError) as refused:
        SqliteStore(path)
    assert str(refused.value) == f"can't open {path}: database or disk is full"
    assert schema_of(path) == len(MIGRATIONS)
    assert asked(path, "SELECT name FROM sqlite_schema WHERE name = 'kind'") == []
    next_schema()
    with closing(SqliteStore(path)) as store:
        assert len(list(store.read())) == LENGTH


def test_of_several_migrations_those_before_the_one_that_fails_stay(
    tmp_path: Path, next_schema: Callable[..., None]
) -> None:
    path = tmp_path / "log"
    written(path, newest())
    next_schema(add_a_table, lambda database: database.execute("no SQL"))
    with pytest.raises(StoreError):
        SqliteStore(path)
    assert schema_of(path) == len(MIGRATIONS) + 1


def test_what_another_process_migrated_meanwhile_is_not_migrated_again(
    tmp_path: Path, next_schema: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    written(path, newest())
    next_schema(add_a_table)

    class Late(Transaction):
        """Before it begins, the other process has been at work."""

        def __enter__(self) -> None:
            monkeypatch.undo()
            next_schema(add_a_table)
            SqliteStore(path).close()
            super().__enter__()

    monkeypatch.setattr(migrations, "Transaction", Late)
    SqliteStore(path).close()
    assert schema_of(path) == len(MIGRATIONS) + 1
