"""The book: durable, whole entries, and one clear line when it can't be used."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.metering import BEGIN, holder

from gateway.exchange.worker_page import Traffic
from gateway.metering.book import SCHEMA, Book, Entry
from gateway.metering.values import CELL_S, HOUR_S, Tenure
from gateway.store.records import StoreError

AT = int(BEGIN)
TENURE = Tenure(1, holder(1, "ins-a"), 1, BEGIN)


def entry() -> Entry:
    """A holder's traffic in one cell."""
    traffic = Traffic(1, 2, 3, 4)
    made = Entry({1: TENURE}, taken={(7, 1): traffic}, metered={(CELL_S, AT), (HOUR_S, AT)})
    for step in (CELL_S, HOUR_S):
        made.add(TENURE, step, AT, traffic)
    return made


def test_an_entry_is_durable_as_sqlite_defines_it(tmp_path: Path) -> None:
    with closing(Book(tmp_path / "book")) as book:
        book.write(Entry(), durable=False)
        assert book._rows("PRAGMA journal_mode") == [("wal",)]
        log = tmp_path / "book-wal"
        before = log.stat().st_size
        book.write(Entry())
        assert book._rows("PRAGMA synchronous") == [(2,)]
        assert log.stat().st_size > before, "an empty entry makes what came before it durable"


def test_what_was_written_is_there_when_the_book_is_opened_again(tmp_path: Path) -> None:
    for _ in range(2):
        with closing(Book(tmp_path / "deep" / "book")) as book:
            book.write(entry())
    with closing(Book(tmp_path / "deep" / "book")) as book:
        assert book.taken() == {(7, 1): (1, 2, 3, 4)}
        assert book.open_tenures() == [TENURE]
        assert book.last_number() == 1
        (usage,) = book.usages(BEGIN + 9, None)
        assert (usage.traffic, usage.held_s) == (Traffic(2, 4, 6, 8), 9)


def test_an_entry_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with closing(Book(tmp_path / "book")) as book:
        broken = entry()
        broken.taken[7, 2] = Traffic(1, 2, 3, "many")  # type: ignore[arg-type]
        with pytest.raises(StoreError, match="can't write"):
            book.write(broken)
        assert book.usages(BEGIN, None) == []
        assert book.taken() == {}
        book.write(entry())
        assert len(book.usages(BEGIN, None)) == 1


def test_a_full_disk_is_a_clear_error_and_heals(tmp_path: Path) -> None:
    with closing(Book(tmp_path / "book")) as book:
        book.write(entry())
        large = entry()
        for slot in range(10_000):
            large.taken[7, slot] = Traffic(1, 2, 3, 4)
        ((pages,),) = book._rows("PRAGMA page_count")
        book._rows(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StoreError, match="is full"):
            book.write(large)
        assert len(book.taken()) == 1
        book._rows("PRAGMA max_page_count = 100000")
        book.write(large)
        assert len(book.taken()) == 10_000
        assert book.usages(BEGIN, None)[0].traffic == (2, 4, 6, 8)


def test_an_empty_entry_says_so() -> None:
    assert not Entry()
    assert entry()


def test_usage_is_of_one_instance_or_of_all(tmp_path: Path) -> None:
    with closing(Book(tmp_path / "book")) as book:
        book.write(entry())
        for usages in (book.usages, book.hourly):
            assert [one.holder for one in usages(BEGIN, "ins-a")] == [TENURE.holder]
            assert len(usages(BEGIN, None)) == 1
            assert usages(BEGIN, "ins-b") == []


@pytest.mark.parametrize(
    ("where", "value"),
    [("address", "203.0.113.1"), ("address_id", "eip-1"), ("instance_id", "ins-a")],
)
def test_cells_are_found_by_what_an_address_is_told_by(
    tmp_path: Path, where: str, value: str
) -> None:
    with closing(Book(tmp_path / "book")) as book:
        book.write(entry())
        (cell,) = book.cells(where, value, CELL_S, AT, AT + CELL_S)
        assert (cell.at, cell.traffic) == (AT, (1, 2, 3, 4))
        assert book.cells(where, "other", CELL_S, AT, AT + CELL_S) == []
        assert book.cells(where, value, CELL_S, AT + 1, AT + CELL_S) == []
        assert book.cells(where, value, CELL_S, AT - CELL_S, AT) == []


def test_old_cells_are_forgotten_and_hours_are_not(tmp_path: Path) -> None:
    with closing(Book(tmp_path / "book")) as book:
        book.write(entry())
        later = Entry(metered={(CELL_S, AT + CELL_S)}, cells_before=AT + CELL_S)
        book.write(later)
        assert book._rows("SELECT step, at FROM traffic") == [(HOUR_S, AT)]
        assert book._rows("SELECT step, at FROM metered ORDER BY 1") == [
            (CELL_S, AT + CELL_S),
            (HOUR_S, AT),
        ]


def test_a_newer_schema_is_refused_with_one_line(tmp_path: Path) -> None:
    path = tmp_path / "book"
    Book(path).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    with pytest.raises(StoreError) as refused:
        Book(path)
    assert str(refused.value) == (
        f"{path} is of schema {SCHEMA + 1}, this tgw reads up to {SCHEMA}: upgrade tgw"
    )


def test_a_file_that_is_no_book_is_refused_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "book").write_bytes(b"this is no database, " * 100)
    for path in (tmp_path / "book", tmp_path, tmp_path / "book" / "deep"):
        with pytest.raises(StoreError) as refused:
            Book(path)
        assert str(path) in str(refused.value)
        assert "\n" not in str(refused.value)
