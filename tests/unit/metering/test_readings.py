"""What the counters show more than before, page by page."""

from pathlib import Path

import pytest
from support.metering import Gateway

from gateway.exchange.worker_page import Traffic, WorkerPage
from gateway.metering.readings import BLOCK, SLOT, Readings
from gateway.nat.tally import Tally
from gateway.store.records import StoreError


def taken(readings: Readings) -> list[tuple[int, Traffic, Traffic]]:
    return [(found.slot, found.total, found.more) for found in readings.take()]


def test_a_reading_has_what_came_since_the_last_one(gateway: Gateway) -> None:
    readings = Readings(gateway.run, {})
    assert taken(readings) == []
    gateway.count(3, 100)
    assert taken(readings) == [(3, Traffic(0, 0, 1, 100), Traffic(0, 0, 1, 100))]
    assert taken(readings) == []
    gateway.count(3, 7, inbound=True)
    assert taken(readings) == [(3, Traffic(1, 7, 1, 100), Traffic(1, 7, 0, 0))]


def test_what_was_taken_before_is_known_again(gateway: Gateway) -> None:
    gateway.count(3, 100)
    gateway.count(15, 5)
    before = {(found.birth, found.slot): found.total for found in Readings(gateway.run, {}).take()}
    gateway.count(3, 7)
    readings = Readings(gateway.run, before)
    assert readings.gone() == []
    assert taken(readings) == [(3, Traffic(0, 0, 2, 107), Traffic(0, 0, 1, 7))]
    gateway.begin_pages()
    assert Readings(gateway.run, before).gone() == [next(iter(before))[0]]


def test_slots_that_a_page_lacks_for_a_moment_are_not_counted_again(gateway: Gateway) -> None:
    gateway.count(3, 100)
    (found,) = Readings(gateway.run, {}).take()
    beyond = {(found.birth, 3): found.total, (found.birth, 40): Traffic(9, 9, 9, 9)}
    readings = Readings(gateway.run, beyond)
    assert taken(readings) == []
    gateway._pages[0].hold(41)
    assert taken(readings) == [(40, Traffic(0, 0, 0, 0), Traffic(-9, -9, -9, -9))]


def test_a_large_pool_is_read_to_its_end(tmp_path: Path) -> None:
    slots = 3 * BLOCK // SLOT.size + 5
    with WorkerPage(tmp_path, 0) as page:
        page.hold(slots)
        readings = Readings(tmp_path, {})
        for slot in (0, BLOCK // SLOT.size, slots - 1):
            Tally(page.memory).count(0, slot, -1, 50)
        assert [found.slot for found in readings.take()] == [0, BLOCK // SLOT.size, slots - 1]


def test_a_folder_that_cant_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="the counters can't be read: "):
        Readings(tmp_path / "file", {}).take()
