"""Copies of the log: whole, of one moment, never in the way of what is there; and the way back."""

import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support import appender

from gateway.store.backup import back_up, put_back
from gateway.store.migrations import newest
from gateway.store.records import Record, StoreError
from gateway.store.sqlite import SqliteReader, SqliteStore

BATCH = 7
COPIES = 15


def records(first: int, last: int) -> list[Record]:
    """Records that differ."""
    return [Record(n, float(n), "Kind", f'{{"n":{n}}}') for n in range(first, last + 1)]


def read(path: Path) -> list[Record]:
    """What a log holds."""
    with closing(SqliteReader(path)) as reader:
        reader.check()
        return list(reader.read())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "state" / "events.db"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Where the copy will be."""
    (tmp_path / "copies").mkdir()
    return tmp_path / "copies" / "copy.db"


@pytest.fixture
def store(log: Path) -> Iterator[SqliteStore]:
    """A log of some length, open."""
    with closing(SqliteStore(log)) as made:
        made.append(records(1, 3))
        yield made


def refused(call: Callable[..., int], *paths: Path, replace: bool = False) -> str:
    """Why it is refused, in one line; that it left no file of its own is asserted."""
    before = {path: sorted(path.parent.iterdir()) for path in paths if path.parent.is_dir()}
    with pytest.raises(StoreError) as error:
        call(*paths, replace=replace)
    assert before == {path: sorted(path.parent.iterdir()) for path in before}
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_copy_is_one_file_of_the_owner_with_all_that_was_appended(
    store: SqliteStore, log: Path, copy: Path
) -> None:
    assert back_up(log, copy) == 3
    assert list(copy.parent.iterdir()) == [copy]
    assert copy.stat().st_mode & 0o777 == 0o600
    assert read(copy) == records(1, 3)
    assert list(copy.parent.iterdir()) == [copy], "nor does it need others to be read"


def test_what_comes_after_is_not_in_the_copy(store: SqliteStore, log: Path, copy: Path) -> None:
    back_up(log, copy)
    store.append(records(4, 4))
    assert read(copy) == records(1, 3)


def test_a_file_that_is_there_is_left_alone_unless_told(
    store: SqliteStore, log: Path, copy: Path
) -> None:
    copy.write_text("precious")
    assert refused(back_up, log, copy) == f"{copy} is there already: --force replaces it"
    assert copy.read_text() == "precious"
    assert back_up(log, copy, replace=True) == 3
    assert read(copy) == records(1, 3)


def test_a_log_of_any_schema_can_be_copied_and_stays_what_it_is(log: Path, copy: Path) -> None:
    sample = Path(__file__).parent / "samples" / "schema-1.sql"
    log.parent.mkdir()
    with closing(sqlite3.connect(log)) as database:
        database.executescript(sample.read_text())
    before = log.read_bytes()
    assert back_up(log, copy) == 3
    assert log.read_bytes() == before
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)


@pytest.mark.parametrize("name", ["events.db", "events.db-wal", "new"])
def test_nothing_is_written_beside_the_log(store: SqliteStore, log: Path, name: str) -> None:
    said = refused(back_up, log, log.with_name(name), replace=True)
    assert said.endswith("would lie beside the log itself: choose another directory")
    assert list(store.read()) == records(1, 3)


@pytest.mark.parametrize("replace", [False, True])
def test_a_place_where_no_file_can_be_is_refused(
    store: SqliteStore, log: Path, copy: Path, *, replace: bool
) -> None:
    copy.mkdir()
    assert str(copy) in refused(back_up, log, copy, replace=replace)
    nowhere = copy / "deep" / "copy"
    assert refused(back_up, log, nowhere, replace=replace) == (
        f"can't write {nowhere}: No such file or directory"
    )


def test_without_a_log_there_is_nothing_to_copy(log: Path, copy: Path) -> None:
    assert refused(back_up, log, copy) == f"no event log at {log}"


def test_a_damaged_log_is_not_copied_as_if_it_were_well(
    store: SqliteStore, log: Path, copy: Path
) -> None:
    store.append([Record(n, 1.0, "Kind", "x" * 3000) for n in range(4, 100)])
    store.close()
    raw = bytearray(log.read_bytes())
    raw[20_480:28_672] = bytes(range(256)) * 32
    log.write_bytes(raw)
    assert "is damaged: " in refused(back_up, log, copy)


FULL_DISK = """
import resource, sys
from pathlib import Path
from gateway.store.backup import back_up
from gateway.store.records import StoreError
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
try:
    back_up(Path(sys.argv[1]), Path(sys.argv[2]))
except StoreError as error:
    print(error)
"""


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_FSIZE)[1] != resource.RLIM_INFINITY,
    reason="files are limited in size here already",
)
def test_a_full_disk_is_a_clear_error_and_leaves_no_half_copy(
    store: SqliteStore, log: Path, copy: Path
) -> None:
    store.append([Record(4, 1.0, "Kind", "x" * 200_000)])
    ended = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(log), str(copy)],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (line,) = ended.stdout.splitlines()
    assert line.startswith(f"can't write {copy}: ")
    assert list(copy.parent.iterdir()) == []


def test_copies_made_while_another_process_writes_are_each_of_one_moment(
    log: Path, copy: Path
) -> None:
    lengths = []
    with subprocess.Popen(
        [sys.executable, appender.__file__, str(log), str(BATCH)],
        env={"PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        try:
            assert writer.stdout is not None
            for _ in range(COPIES):
                acknowledged = int(writer.stdout.readline())
                lengths.append(back_up(log, copy, replace=True))
                assert lengths[-1] >= acknowledged
                assert [record.sequence for record in read(copy)] == [*range(1, lengths[-1] + 1)]
            deadline = time.monotonic() + 30
            while int(writer.stdout.readline()) <= lengths[-1]:
                assert time.monotonic() < deadline, "the writer went on"
        finally:
            writer.kill()
    assert all(length % BATCH == 0 for length in lengths)
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[-1]


def test_a_copy_becomes_the_log_of_a_lab_that_has_none(
    store: SqliteStore, log: Path, copy: Path, tmp_path: Path
) -> None:
    back_up(log, copy)
    other = tmp_path / "other" / "events.db"
    assert put_back(copy, other) == 3
    with closing(SqliteStore(other)) as back:
        assert list(back.read()) == records(1, 3)
        back.append(records(4, 4))
    assert read(copy) == records(1, 3), "the copy stays one"


@pytest.mark.parametrize("ended", ["cleanly", "killed"])
def test_a_copy_replaces_a_log_only_if_told_and_wholly(
    store: SqliteStore, log: Path, copy: Path, ended: str
) -> None:
    back_up(log, copy)
    store.append(records(4, 2000))
    if ended == "cleanly":
        store.close()
    assert "--force" in refused(put_back, copy, log)
    assert len(read(log)) == 2000
    assert put_back(copy, log, replace=True) == 3
    store.close()
    assert read(log) == records(1, 3)
    with closing(SqliteStore(log)) as back:
        back.append(records(4, 4))
        assert list(back.read()) == records(1, 4)


def garbage(copy: Path) -> None:
    """No database."""
    copy.write_bytes(b"this is no database, " * 100)


def newer(copy: Path) -> None:
    """Of a later tgw."""
    with closing(sqlite3.connect(copy)) as database:
        database.execute(f"PRAGMA user_version = {newest() + 1}")


def cut(copy: Path) -> None:
    """Not all of it arrived."""
    with closing(sqlite3.connect(copy)) as database:
        database.execute("UPDATE event SET body = ?", ("x" * 30_000,))
        database.commit()
    os.truncate(copy, copy.stat().st_size // 2)


def without_events(copy: Path) -> None:
    """A log that was only just begun."""
    copy.unlink()
    SqliteStore(copy).close()


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("spoil", [garbage, newer, cut, without_events, Path.unlink])
def test_what_is_no_copy_is_not_put_back(
    store: SqliteStore, log: Path, copy: Path, spoil: Callable[[Path], None], *, replace: bool
) -> None:
    back_up(log, copy)
    spoil(copy)
    assert str(copy) in refused(put_back, copy, log, replace=replace)
    assert list(store.read()) == records(1, 3)


def test_a_damaged_log_is_not_written_over(store: SqliteStore, log: Path, copy: Path) -> None:
    back_up(log, copy)
    store.close()
    garbage(log)
    said = refused(put_back, copy, log, replace=True)
    assert said == f"can't write {log}: file is not a database"


def test_a_log_cannot_be_put_back_where_no_directory_can_be(
    store: SqliteStore, log: Path, copy: Path
) -> None:
    back_up(log, copy)
    (copy.parent / "file").touch()
    said = refused(put_back, copy, copy.parent / "file" / "events.db")
    assert said.startswith("can't write ")
