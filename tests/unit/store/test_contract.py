"""The contract of every store: append all or nothing, in sequence; read in order."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.memory_store import MemoryStore

from gateway.store.records import Record, SequenceConflictError, StoreError
from gateway.store.sqlite import SqliteStore

Store = MemoryStore | SqliteStore


def memory(_: Path) -> Store:
    """A log in memory."""
    return MemoryStore()


def sqlite(directory: Path) -> Store:
    """A log in a file."""
    return SqliteStore(directory / "log")


@pytest.fixture(params=[memory, sqlite], ids=lambda make: make.__name__)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty log of each kind."""
    make: Callable[[Path], Store] = request.param
    made = make(tmp_path)
    yield made
    made.close()


def records(first: int, last: int) -> list[Record]:
    """Records that differ in all their fields."""
    return [
        Record(n, 1_700_000_000 + n / 8, f"Kind{n}", f'{{"n":{n}}}') for n in range(first, last + 1)
    ]


def test_an_empty_log_has_no_records(store: Store) -> None:
    assert list(store.read()) == []


def test_what_was_appended_is_read_in_order(store: Store) -> None:
    store.append(records(1, 3))
    store.append(records(4, 4))
    assert list(store.read()) == records(1, 4)


@pytest.mark.parametrize(
    "record",
    [
        Record(1, 1_700_000_000.123456, "Kind", "{}"),
        Record(1, 0.1 + 0.2, "Kind", "{}"),
        Record(1, 1.0, "Kind", '{"name":"前端 \'\\" \\u0000"}'),
        Record(1, 1.0, "", ""),
        Record(1, 1.0, "Kind", "x" * 1_000_000),
    ],
    ids=["microseconds", "every bit of a float", "any text", "empty", "long"],
)
def test_a_record_comes_back_exactly(store: Store, record: Record) -> None:
    store.append([record])
    (back,) = store.read()
    assert back == record
    assert type(back.at) is float


@pytest.mark.parametrize(
    ("after", "first"), [(0, 1), (1, 2), (4, 5), (5, None), (6, None), (1000, None)]
)
def test_reading_begins_after_a_sequence(store: Store, after: int, first: int | None) -> None:
    store.append(records(1, 5))
    assert list(store.read(after)) == (records(first, 5) if first else [])


def test_more_records_than_are_read_at_once(store: Store) -> None:
    store.append(records(1, 2500))
    assert list(store.read()) == records(1, 2500)
    assert list(store.read(1999)) == records(2000, 2500)


@pytest.mark.parametrize(
    "wrong",
    [
        records(2, 2),
        records(4, 4),
        records(5, 5),
        records(1, 4),
        [*records(4, 4), *records(6, 6)],
        [*records(5, 5), *records(4, 4)],
        [*records(4, 4), *records(4, 4)],
        records(0, 0),
        records(-1, -1),
    ],
    ids=[
        "there already",
        "the last again",
        "a gap",
        "all again",
        "a gap in the middle",
        "the wrong order",
        "one twice",
        "zero",
        "negative",
    ],
)
def test_what_does_not_follow_the_last_is_a_conflict_and_nothing_is_appended(
    store: Store, wrong: list[Record]
) -> None:
    store.append(records(1, 4) if wrong[0].sequence == 4 and len(wrong) == 1 else records(1, 3))
    before = list(store.read())
    with pytest.raises(SequenceConflictError) as conflict:
        store.append(wrong)
    assert isinstance(conflict.value, StoreError)
    assert f"is at {len(before)}" in str(conflict.value)
    assert "\n" not in str(conflict.value)
    assert list(store.read()) == before


def test_a_first_append_begins_with_one(store: Store) -> None:
    with pytest.raises(SequenceConflictError):
        store.append(records(2, 2))
    store.append(records(1, 1))


def test_after_a_conflict_the_right_records_can_be_appended(store: Store) -> None:
    store.append(records(1, 2))
    with pytest.raises(SequenceConflictError):
        store.append(records(2, 3))
    store.append(records(3, 3))
    assert list(store.read()) == records(1, 3)


def test_appending_nothing_changes_nothing(store: Store) -> None:
    store.append([])
    assert list(store.read()) == []
    store.append(records(1, 1))
    store.append([])
    assert list(store.read()) == records(1, 1)


def test_each_reading_begins_anew(store: Store) -> None:
    store.append(records(1, 2))
    first, second = store.read(), store.read()
    assert next(first) == next(second)
    assert list(store.read()) == records(1, 2)
    assert [*first] == [*second] == records(2, 2)
