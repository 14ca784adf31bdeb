"""Whose the bytes are, and that none is lost or counted twice."""

import logging
from functools import partial
from pathlib import Path
from random import Random

import pytest
from support.metering import BEGIN, DiedError, Gateway, gateway_in, holder

from gateway.metering.book import Entry
from gateway.metering.values import DAY_S, HOUR_S, Holder
from gateway.store.records import StoreError

A, B = holder(1, "ins-a"), holder(1, "ins-b")
OTHER = holder(2, "ins-a")
ADDRESS = A.address


def test_what_is_counted_is_the_holders(gateway: Gateway) -> None:
    gateway.hand_over({1: A, 2: OTHER})
    gateway.count(1, 100)
    gateway.count(1, 20, inbound=True)
    gateway.count(2, 3, worker=1)
    gateway.meter.sample()
    first, second = gateway.meter.usages()
    assert first.holder == A
    assert first.traffic == (1, 20, 1, 100)
    assert (second.holder, second.traffic) == (OTHER, (0, 0, 1, 3))


def test_what_comes_before_the_workers_have_acknowledged_is_the_former_holders(
    gateway: Gateway,
) -> None:
    gateway.hand_over({1: A})
    gateway.count(1, 100)
    gateway.hand_over({1: B}, meanwhile=lambda: gateway.count(1, 20))
    gateway.count(1, 3)
    assert gateway.out_bytes() == {("ins-a", ADDRESS): 120, ("ins-b", ADDRESS): 3}


def test_what_comes_meanwhile_is_the_next_ones_if_nobody_held_the_address(
    gateway: Gateway,
) -> None:
    gateway.hand_over({1: A}, meanwhile=lambda: gateway.count(1, 100))
    gateway.hand_over({1: None}, meanwhile=lambda: gateway.count(1, 20))
    gateway.hand_over({1: B}, meanwhile=lambda: gateway.count(1, 3))
    assert gateway.out_bytes() == {("ins-a", ADDRESS): 120, ("ins-b", ADDRESS): 3}


def test_two_may_change_places(gateway: Gateway) -> None:
    gateway.hand_over({1: A, 2: holder(2, "ins-b")})
    gateway.count(1, 10)
    gateway.count(2, 20)
    gateway.hand_over({1: B, 2: OTHER})
    gateway.count(1, 300)
    gateway.count(2, 400)
    assert gateway.out_bytes() == {
        ("ins-a", ADDRESS): 10,
        ("ins-b", ADDRESS): 300,
        ("ins-b", OTHER.address): 20,
        ("ins-a", OTHER.address): 400,
    }


def test_a_charge_type_has_its_own_bytes(gateway: Gateway) -> None:
    gateway.hand_over({1: A})
    gateway.count(1, 100)
    gateway.hand_over({1: holder(1, "ins-a", "BANDWIDTH_PACKAGE")})
    gateway.count(1, 3)
    found = {usage.holder.charge_type: usage.traffic[3] for usage in gateway.meter.usages()}
    assert found == {"TRAFFIC_POSTPAID_BY_HOUR": 100, "BANDWIDTH_PACKAGE": 3}


def test_what_a_late_worker_counts_for_nobody_is_billed_to_nobody(gateway: Gateway) -> None:
    gateway.hand_over({1: A})
    gateway.hand_over({1: None})
    gateway.count(1, 100)
    gateway.meter.sample()
    gateway.count(1, 11)
    gateway.meter.sample()
    gateway.hand_over({1: B})
    assert gateway.out_bytes() == {(None, ADDRESS): 111}
    gateway.assert_adds_up()


def test_a_hand_over_waits_for_no_disk_and_the_next_sample_makes_it_durable(
    gateway: Gateway,
) -> None:
    full, normal = 2, 1

    def how() -> int:
        ((found,),) = gateway.book._rows("PRAGMA synchronous")
        return int(found)

    gateway.hand_over({1: A})
    assert how() == normal
    for writes in (1, 0):
        before = gateway.book.writes
        gateway.meter.sample()
        assert (how(), gateway.book.writes) == (full, before + writes)


def test_the_same_holders_again_are_no_change(gateway: Gateway) -> None:
    gateway.hand_over({1: A})
    writes = gateway.book.writes
    gateway.hand_over({1: A, 3: None})
    assert gateway.book.writes == writes


def test_bytes_are_of_the_hour_in_which_they_were_counted(gateway: Gateway) -> None:
    gateway.hand_over({1: A})
    for at, length in ((0, 100), (HOUR_S - 1, 20), (HOUR_S + 0.002, 3), (HOUR_S + 1, 0)):
        gateway.now = BEGIN + at
        gateway.meter.sample()
        gateway.count(1, length)
    first, second = int(BEGIN), int(BEGIN) + HOUR_S
    assert gateway.out_bytes(hourly=True) == {
        (f"ins-a {first}", ADDRESS): 120,
        (f"ins-a {second}", ADDRESS): 3,
    }
    one, two = gateway.meter.usages(hourly=True)
    assert (one.held_s, two.held_s) == (HOUR_S, 1)


def test_what_was_counted_while_nobody_looked_is_of_the_hour_of_the_next_look(
    gateway: Gateway,
) -> None:
    gateway.hand_over({1: A})
    gateway.meter.sample()
    gateway.count(1, 100)
    gateway.now += 3 * HOUR_S
    assert gateway.out_bytes(hourly=True) == {(f"ins-a {int(BEGIN) + 3 * HOUR_S}", ADDRESS): 100}


def test_when_the_clock_is_set_back_nothing_is_lost(gateway: Gateway) -> None:
    gateway.hand_over({1: A})
    gateway.count(1, 100)
    gateway.meter.sample()
    gateway.now -= DAY_S
    gateway.count(1, 20)
    gateway.meter.sample()
    gateway.hand_over({1: None})
    assert gateway.out_bytes() == {("ins-a", ADDRESS): 120}
    assert [usage.held_s for usage in gateway.meter.usages()] == [0]


def test_the_time_an_address_is_held_is_counted_over_restarts(gateway: Gateway) -> None:
    gateway.hand_over({1: A})
    gateway.now += 50
    gateway.kill()
    gateway.now += 50
    gateway.start()
    gateway.hand_over({1: A})
    gateway.now += 5
    gateway.hand_over({1: None})
    gateway.now += 1000
    gateway.hand_over({1: A})
    gateway.now += 7
    assert [usage.held_s for usage in gateway.meter.usages()] == [112]


def test_a_worker_that_is_replaced_goes_on_with_its_counters(gateway: Gateway) -> None:
    gateway.hand_over({1: A})
    for worker in (0, 0, 1, 0):
        gateway.count(1, 100, worker=worker)
        gateway.end_worker(worker)
        gateway.meter.sample()
    assert gateway.out_bytes() == {("ins-a", ADDRESS): 400}
    gateway.assert_adds_up()


def test_counters_that_begin_anew_are_added_even_when_they_show_more(gateway: Gateway) -> None:
    gateway.hand_over({1: A})
    gateway.count(1, 100)
    gateway.meter.sample()
    for length in (20, 4000):
        gateway.kill()
        gateway.begin_pages()
        gateway.count(1, length)
        gateway.start()
        gateway.meter.sample()
    assert gateway.out_bytes() == {("ins-a", ADDRESS): 4120}
    assert len(gateway.book.taken()) == 1, "of the pages that are gone nothing is remembered"


def test_a_publication_that_fails_changes_no_hands(gateway: Gateway) -> None:
    gateway.hand_over({1: A})

    def fails() -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        gateway.meter.hand_over({1: B, 2: OTHER}, 2, fails)
    gateway.count(1, 100)
    gateway.meter.sample()
    assert [tenure.holder for tenure in gateway.book.open_tenures()] == [A]
    gateway.hand_over({})
    gateway.count(1, 20)
    gateway.count(2, 3)
    assert gateway.out_bytes() == {
        ("ins-a", ADDRESS): 100,
        ("ins-b", ADDRESS): 20,
        ("ins-a", OTHER.address): 3,
    }


def test_a_publication_that_is_only_late_does(gateway: Gateway) -> None:
    gateway.hand_over({1: A})

    def late() -> None:
        raise TimeoutError("worker-1 is late")

    with pytest.raises(TimeoutError):
        gateway.hand_over({1: B}, meanwhile=late)
    gateway.count(1, 100)
    assert gateway.out_bytes() == {("ins-b", ADDRESS): 100}


class Disk:
    """A book's disk that may be full."""

    def __init__(self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
        """There is room."""
        self.full = False
        write = gateway.book.write

        def maybe(entry: Entry, *, durable: bool) -> None:
            if self.full:
                raise StoreError("disk is full")
            write(entry, durable=durable)

        monkeypatch.setattr(gateway.book, "write", maybe)


def test_it_looks_once_more_when_it_is_closed(gateway: Gateway) -> None:
    gateway.hand_over({1: A})
    gateway.count(1, 100)
    gateway.meter.close()
    gateway.start()
    assert [found.bytes_out for found in gateway.book.taken().values()] == [100]


def test_while_the_disk_is_full_packets_go_on_and_nothing_is_lost(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    disk = Disk(gateway, monkeypatch)
    gateway.hand_over({1: A})
    disk.full = True
    for length in (100, 20):
        gateway.count(1, length)
        gateway.now += 1
        gateway.meter.sample()
    gateway.hand_over({1: B})
    gateway.count(1, 3)
    gateway.meter.sample()
    with pytest.raises(StoreError, match="disk is full"):
        gateway.meter.usages()
    disk.full = False
    gateway.meter.sample()
    assert gateway.out_bytes() == {("ins-a", ADDRESS): 120, ("ins-b", ADDRESS): 3}
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


def test_counters_that_cant_be_read_are_read_later(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.hand_over({1: A})
    gateway.count(1, 100)
    hidden = gateway.run.rename(gateway.run.with_name("hidden"))
    gateway.run.touch()
    gateway.meter.sample()
    with pytest.raises(StoreError, match="the counters can't be read"):
        gateway.meter.usages()
    gateway.run.unlink()
    hidden.rename(gateway.run)
    gateway.meter.sample()
    assert gateway.out_bytes() == {("ins-a", ADDRESS): 100}
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


SEEDS = range(8)


def change(random: Random) -> dict[int, Holder | None]:
    """Some slots that get other holders, or none."""
    slots = random.sample(range(4), random.randint(1, 3))
    names = (None, "ins-a", "ins-b", "ins-c")
    return {slot: holder(slot, name) if (name := random.choice(names)) else None for slot in slots}


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_in_whatever_order_each_byte_is_its_holders(
    tmp_path: Path, seed: int
) -> None:
    random = Random(seed)  # noqa: S311
    expected: dict[tuple[str | None, str], int] = {}
    with gateway_in(tmp_path) as gateway:

        def traffic(held: dict[int, Holder] | None = None) -> None:
            for slot, found in (held or gateway.in_force).items():
                length = random.randint(20, 1500)
                gateway.count(slot, length, worker=random.randint(0, 2))
                key = found.instance_id, found.address
                expected[key] = expected.get(key, 0) + length

        for _ in range(60):
            gateway.now += random.choice((0.0, 0.3, 1.0, 700.0))
            match random.randrange(8):
                case 0:
                    changes = change(random)
                    window = {key: one for key, one in changes.items() if one} | gateway.in_force
                    gateway.hand_over(changes, meanwhile=partial(traffic, window))
                case 1:
                    gateway.kill()
                    gateway.start()
                    gateway.hand_over(dict.fromkeys(gateway.meter.held) | gateway.in_force)
                case 2:
                    for worker in list(gateway._pages):
                        gateway.end_worker(worker)
                case 3 | 4:
                    gateway.meter.sample()
                case _:
                    traffic()
        assert gateway.out_bytes() == expected
        gateway.assert_adds_up()


@pytest.mark.parametrize("late", [False, True], ids=["before it is written", "once it is written"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_meter_that_is_killed_at_any_write_counts_every_byte_once(
    tmp_path: Path, seed: int, late: bool
) -> None:
    random = Random(seed)  # noqa: S311
    expected: dict[tuple[str | None, str], int] = {}
    deaths = 0
    with gateway_in(tmp_path) as gateway:

        def traffic() -> None:
            for slot, found in gateway.in_force.items():
                length = random.randint(20, 1500)
                gateway.count(slot, length, worker=random.randint(0, 2))
                key = found.instance_id, found.address
                expected[key] = expected.get(key, 0) + length

        for _ in range(60):
            traffic()
            gateway.book.late = late
            gateway.book.dies_at = gateway.book.writes + random.randint(1, 4)
            wanted = change(random)
            try:
                gateway.meter.sample()
                traffic()
                gateway.hand_over(wanted)
            except DiedError:
                deaths += 1
                gateway.kill()
                traffic()  # nobody looks, and those in force go on
                gateway.start()
                again: dict[int, Holder | None] = dict.fromkeys(gateway.meter.held)
                again |= gateway.in_force | (wanted if random.random() < 0.5 else {})
                gateway.hand_over(again)
        gateway.book.dies_at = None
        assert deaths > 10
        assert gateway.out_bytes() == expected
        gateway.assert_adds_up()
