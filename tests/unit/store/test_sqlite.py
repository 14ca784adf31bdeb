"""The log in SQLite: durable, one at a time, and one clear line when it can't be used."""

import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.store import sqlite
from gateway.store.migrations import newest
from gateway.store.records import Record, SequenceConflictError, StoreError
from gateway.store.sqlite import SqliteReader, SqliteStore
from gateway.store.transaction import Transaction


def record(sequence: int, body: str = "{}") -> Record:
    """One record."""
    return Record(sequence, 1.0, "Kind", body)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is, or will be."""
    return tmp_path / "log.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    """An empty log."""
    with closing(SqliteStore(path)) as made:
        yield made


def pragma(store: SqliteStore, name: str) -> object:
    """A setting of the store's own connection, as SQLite itself tells it."""
    (value,) = store._database.execute(f"PRAGMA {name}").fetchone()
    return value


def test_a_commit_survives_power_loss_as_sqlite_defines_it(store: SqliteStore) -> None:
    full = 2
    assert pragma(store, "journal_mode") == "wal"
    assert pragma(store, "synchronous") == full


def test_the_log_is_marked_with_its_schema(store: SqliteStore) -> None:
    assert pragma(store, "user_version") == newest()


def test_what_was_appended_is_there_when_the_log_is_opened_again(path: Path) -> None:
    for sequence in range(1, 4):
        with closing(SqliteStore(path)) as store:
            store.append([record(sequence)])
    with closing(SqliteStore(path)) as store:
        assert list(store.read()) == [record(1), record(2), record(3)]


def test_the_directory_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "log"
    SqliteStore(path).close()
    assert path.exists()


def garbage(path: Path) -> None:
    """No database at all."""
    path.write_bytes(b"this is no database, " * 100)


def directory(path: Path) -> None:
    """No file at all."""
    path.mkdir()


def emptied(path: Path) -> None:
    """A database that lost all it had: no log to begin anew, and to forget everything."""
    SqliteStore(path).close()
    path.write_bytes(b"")


def something_else(path: Path) -> None:
    """A database of another program's."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE place (name TEXT)")


def without_events(path: Path) -> None:
    """A log's schema, and no log."""
    something_else(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {newest()}")


def cut_off(path: Path) -> None:
    """A database that lost its end."""
    with closing(SqliteStore(path)) as store:
        store.append([record(n, "x" * 1000) for n in range(1, 100)])
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])


def overwritten(path: Path) -> None:
    """A database with another file's bytes in the middle."""
    with closing(SqliteStore(path)) as store:
        store.append([record(n, "x" * 1000) for n in range(1, 100)])
    raw = bytearray(path.read_bytes())
    raw[4096:12288] = bytes(range(256)) * 32
    path.write_bytes(raw)


def read(reader: SqliteReader) -> None:
    """All of it."""
    list(reader.read())


def assert_one_line(error: StoreError, path: Path) -> None:
    """It names the file."""
    assert str(path) in str(error)
    assert "\n" not in str(error)


DAMAGES = [garbage, emptied, something_else, without_events, cut_off, overwritten]


@pytest.mark.parametrize("damage", [directory, *DAMAGES])
def test_a_file_that_is_no_log_is_refused_with_one_line(
    path: Path, damage: Callable[[Path], None]
) -> None:
    damage(path)
    with pytest.raises(StoreError) as refused, closing(SqliteStore(path)) as store:
        list(store.read())
    assert_one_line(refused.value, path)


@pytest.mark.parametrize("look", [SqliteReader.length, read], ids=["length", "read"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_reader_refuses_a_file_that_is_no_log_with_one_line(
    path: Path, damage: Callable[[Path], None], look: Callable[[SqliteReader], object]
) -> None:
    damage(path)
    with pytest.raises(StoreError) as refused, closing(SqliteReader(path)) as reader:
        look(reader)
    assert_one_line(refused.value, path)


def test_a_newer_schema_is_refused_with_one_line_and_left_as_it_is(path: Path) -> None:
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {newest() + 1}")
    with pytest.raises(StoreError) as refused:
        SqliteStore(path)
    assert str(refused.value) == (
        f"{path} is of schema {newest() + 1}, this tgw reads up to {newest()}: upgrade tgw"
    )
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (newest() + 1,)


def test_a_log_that_is_gone_but_for_its_last_transactions_is_refused(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        store.append([record(1)])
        path.rename(path.with_suffix(".away"))
        with pytest.raises(StoreError) as refused:
            SqliteStore(path)
    assert_one_line(refused.value, path)
    assert "put it back" in str(refused.value)
    assert not path.exists()


def test_a_new_log_appears_whole_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(sqlite, "migrate", fail)
    with pytest.raises(StoreError, match="disk I/O error"):
        SqliteStore(path)
    assert list(path.parent.iterdir()) == []


def test_only_its_owner_may_read_a_log(store: SqliteStore, path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_commit_that_fails_leaves_no_transaction_open(store: SqliteStore, path: Path) -> None:
    """Without a `ROLLBACK` every later append would fail, too."""

    class Failing:
        def __init__(self, database: sqlite3.Connection) -> None:
            self.database = database

        @property
        def in_transaction(self) -> bool:
            return self.database.in_transaction

        def execute(self, sql: str) -> object:
            if sql == "COMMIT":
                raise sqlite3.OperationalError("disk I/O error")
            return self.database.execute(sql)

    database = store._database
    with pytest.raises(sqlite3.OperationalError), Transaction(Failing(database)):  # type: ignore[arg-type]
        database.execute("INSERT INTO event VALUES (1, 1.0, 'Kind', '{}')")
    store.append([record(1)])
    assert list(store.read()) == [record(1)]


def test_a_place_where_no_file_can_be_is_refused_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "log"
    with pytest.raises(StoreError) as refused:
        SqliteStore(path)
    assert_one_line(refused.value, path)


def test_of_two_writers_the_second_to_append_a_sequence_is_refused(path: Path) -> None:
    with closing(SqliteStore(path)) as first, closing(SqliteStore(path)) as second:
        first.append([record(1, "first")])
        with pytest.raises(SequenceConflictError):
            second.append([record(1, "second")])
        second.append([record(2, "second")])
        assert [found.body for found in first.read()] == ["first", "second"]


def test_a_log_that_another_writer_holds_is_a_clear_error_and_heals(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_S", 0.01)
    with closing(SqliteStore(path)) as store, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="database is locked"):
            store.append([record(1)])
        other.rollback()
        store.append([record(1)])
        assert list(store.read()) == [record(1)]


def test_a_log_may_be_appended_to_from_another_thread(store: SqliteStore) -> None:
    thread = threading.Thread(target=store.append, args=([record(1)],))
    thread.start()
    thread.join(timeout=30)
    assert list(store.read()) == [record(1)]


def test_a_record_that_cannot_be_stored_leaves_the_log_as_it_was(store: SqliteStore) -> None:
    store.append([record(1)])
    with pytest.raises(StoreError):
        store.append([record(2), Record(3, "no time", "Kind", "{}")])  # type: ignore[arg-type]
    assert list(store.read()) == [record(1)]
    store.append([record(2)])


FULL_DISK = """
import resource, sys
from pathlib import Path
from gateway.store.records import Record, StoreError
from gateway.store.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
size, batch = int(sys.argv[2]), int(sys.argv[3])
store.append([Record(1, 1.0, "Kind", "{}")])
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
batch = [Record(n, 1.0, "Kind", "x" * size) for n in range(2, 2 + batch)]
for _ in range(2):
    try:
        store.append(batch)
    except StoreError as error:
        print(error)
    assert len(list(store.read())) == 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.append(batch)
assert len(list(store.read())) == 1 + len(batch)
store.close()
"""


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_FSIZE)[1] != resource.RLIM_INFINITY,
    reason="files are limited in size here already",
)
@pytest.mark.parametrize(
    ("size", "batch"),
    [(100_000, 1), (100_000, 100)],
    ids=["noticed at the commit", "noticed before"],
)
def test_a_full_disk_is_a_clear_error_with_nothing_appended_and_heals(
    path: Path, size: int, batch: int
) -> None:
    arguments = [str(path), str(size), str(batch)]
    ended = subprocess.run(
        [sys.executable, "-c", FULL_DISK, *arguments],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"can't write {path}: ") for line in lines)


def test_a_reader_needs_a_log(path: Path) -> None:
    with pytest.raises(StoreError, match="no event log at "):
        SqliteReader(path)
    assert not path.exists(), "looking begins no log"


def test_a_reader_sees_what_was_appended_meanwhile(path: Path, store: SqliteStore) -> None:
    store.append([record(1)])
    with closing(SqliteReader(path)) as reader:
        assert list(reader.read()) == [record(1)]
        assert reader.length() == 1
        store.append([record(2), record(3)])
        assert list(reader.read(1)) == [record(2), record(3)]
        assert reader.length() == 3


def test_a_reader_in_the_middle_neither_stops_the_writer_nor_sees_half(
    path: Path, store: SqliteStore
) -> None:
    many = sqlite.READ_BATCH + 1
    store.append([record(n) for n in range(1, many + 1)])
    with closing(SqliteReader(path)) as reader:
        reading = reader.read()
        next(reading)
        store.append([record(many + 1)])
        assert len(list(reading)) == many - 1, "as it was when the reading began"
        assert reader.length() == many + 1


def test_a_reader_cannot_write(path: Path, store: SqliteStore) -> None:
    with (
        closing(SqliteReader(path)) as reader,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        reader._database.execute("DELETE FROM event")


def test_a_reader_works_without_a_writer(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        store.append([record(1)])
    with closing(SqliteReader(path)) as reader:
        assert list(reader.read()) == [record(1)]


def test_a_reader_of_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="can't open"):
        SqliteReader(tmp_path)


def test_a_reader_refuses_a_newer_schema(path: Path) -> None:
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {newest() + 1}")
    with pytest.raises(StoreError, match="upgrade tgw"):
        SqliteReader(path)
