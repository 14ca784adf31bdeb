import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dataplane import record
from gateway.dataplane.record import Request, Settings, TakeOver


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    saved = TakeOver(4711, 3, 2, "id", "no luck", Settings("batch", 2), 0x30)
    record.save(tmp_path, TakeOver())
    record.save(tmp_path, saved)
    assert record.load(tmp_path) == saved
    assert saved.queues == range(3, 5)
    assert [path.name for path in tmp_path.iterdir()] == ["dataplane.json"]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        "3",
        "{}",
        '{"settings": 3}',
        '{"colour": 1}',
        '{"settings": {}, "mark_mask": 5}',
        '{"settings": {}, "first": 1.5}',
        '{"settings": {}, "workers": 0}',
        '{"settings": {}, "workers": 65}',
        '{"settings": {}, "supervisor": -1}',
        '{"settings": {}, "failure": 3}',
        '{"settings": {"queues": "2"}}',
        '{"settings": {"queues": 65}}',
    ],
)
def test_where_nothing_can_be_read_a_data_plane_begins(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / record.RECORD).write_text(text)
    assert record.load(tmp_path) == TakeOver()
    assert TakeOver().queues == range(1)


@given(bits=st.lists(st.integers(0, 8 * 150 - 1), min_size=1, max_size=20))
def test_any_bits_are_a_take_over_or_none(
    bits: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.getbasetemp()
    record.save(directory, TakeOver(4711, 3, 2, "id", "", Settings("batch", 2)))
    raw = bytearray((directory / record.RECORD).read_bytes())
    for bit in bits:
        raw[bit // 8 % len(raw)] ^= 1 << bit % 8
    (directory / record.RECORD).write_bytes(raw)
    found = record.load(directory)
    assert 1 <= len(found.queues) <= record.QUEUES_MAX
    assert found.bits
    assert found.settings.queues >= 0


def test_workers_of_the_version_before_read_the_lowest_bits_of_a_mark(tmp_path: Path) -> None:
    written = asdict(TakeOver(first=2))
    del written["mark_mask"]
    (tmp_path / record.RECORD).write_text(json.dumps(written))
    assert record.load(tmp_path) == TakeOver(first=2, mark_mask=0b11)


def test_a_request_is_taken_once_and_the_last_one_counts(tmp_path: Path) -> None:
    last = Request("2", Settings("netfilterqueue", 4))
    record.ask(tmp_path, Request("1", Settings()))
    record.ask(tmp_path, last)
    assert record.take_request(tmp_path) == last
    assert record.take_request(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": "1"}', '{"id": "1", "settings": []}'])
def test_a_damaged_request_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / record.REQUEST).write_text(text)
    assert record.take_request(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
