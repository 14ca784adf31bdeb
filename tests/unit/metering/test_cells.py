"""The time series: what was carried in each ten seconds, and when nobody knows."""

import threading
import time

import pytest
from support.metering import BEGIN, Gateway, holder

from gateway.metering import sampling as sampling_module
from gateway.metering.sampling import sampling
from gateway.metering.values import CELL_S, DAY_S, HOUR_S
from gateway.runtime import threads

AT = int(BEGIN)
A = holder(1, "ins-a")


def look(gateway: Gateway, seconds: float, length: int = 0) -> None:
    """Sample each second; before each a packet is sent, if it has a length."""
    for _ in range(int(seconds)):
        if length:
            gateway.count(1, length)
        gateway.now += 1
        gateway.meter.sample()


def cells(gateway: Gateway, step: int = CELL_S) -> dict[int, int]:
    """Bytes sent, by the seconds since the beginning."""
    found = gateway.meter.cells("address", A.address, step, AT - DAY_S, AT + 9 * DAY_S)
    return {cell.at - AT: cell.traffic.bytes_out for cell in found}


def test_a_cell_has_what_was_counted_in_its_time(gateway: Gateway) -> None:
    gateway.hand_over({1: A})
    gateway.meter.sample()
    look(gateway, 15, 100)
    look(gateway, 20)
    assert cells(gateway) == {0: 1000, 10: 500, 20: 0}, "the last one hasn't ended"


def test_a_cell_that_was_looked_at_in_part_is_unknown(gateway: Gateway) -> None:
    gateway.hand_over({1: A})
    gateway.now += 7
    look(gateway, 20, 100)
    assert cells(gateway) == {10: 1000}
    gateway.now += 30  # nobody looks
    gateway.count(1, 50_000)
    look(gateway, 30, 100)
    assert cells(gateway) == {10: 1000, 60: 1000, 70: 1000}
    assert gateway.out_bytes() == {("ins-a", A.address): 55_000}, "the bill has it all the same"


def test_an_address_that_nobody_holds_has_no_cells(gateway: Gateway) -> None:
    gateway.meter.sample()
    look(gateway, 10)
    gateway.hand_over({1: A})
    look(gateway, 20)
    gateway.hand_over({1: None})
    look(gateway, 20)
    assert list(cells(gateway)) == [10, 20]


def test_cells_are_kept_for_a_day_and_hours_for_ever(gateway: Gateway) -> None:
    gateway.hand_over({1: A})
    gateway.meter.sample()
    look(gateway, 20, 100)
    gateway.now += DAY_S
    look(gateway, 20, 100)
    assert set(cells(gateway)) == {DAY_S + 30}
    gateway.now += HOUR_S
    assert cells(gateway, HOUR_S) == {0: 2000, DAY_S: 2000}


def no_bug() -> None:
    """Fail, as the meter's thread has died."""
    raise AssertionError("the meter's thread is dead")


def test_there_is_a_sample_each_second_and_one_at_the_end(gateway: Gateway) -> None:
    gateway.hand_over({1: A})
    before = threading.active_count()
    with sampling(gateway.meter, time.time, no_bug):
        gateway.count(1, 100)
        deadline = time.monotonic() + 10
        while not gateway.book.taken():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        gateway.count(1, 20)
    assert threading.active_count() == before
    assert [found.bytes_out for found in gateway.book.taken().values()] == [120]


def test_a_meter_with_a_bug_is_reported_goes_on_and_at_last_ends_the_process(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sampling_module, "EVERY_S", 0.01)
    monkeypatch.setattr(threads, "PAUSE_S", 0.01)
    dead = threading.Event()
    sample = gateway.meter.sample

    def bug() -> None:
        if not dead.is_set():
            raise ZeroDivisionError("a bug")
        sample()

    monkeypatch.setattr(gateway.meter, "sample", bug)
    with pytest.raises(ZeroDivisionError), sampling(gateway.meter, time.time, dead.set):
        assert dead.wait(20)
    assert "the thread 'meter' failed by a bug, and goes on" in caplog.messages
    assert "the thread 'meter' is dead" in caplog.text
