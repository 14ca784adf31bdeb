"""Addresses to give out: their order, their quarantine, and several networks."""

import tracemalloc
from ipaddress import IPv4Address

import pytest

from gateway.control.state.pool import Pool

NETWORK = "203.0.113.0/29"
ALL = [f"203.0.113.{last}" for last in range(1, 7)]
LATER = 1000.0


@pytest.mark.parametrize(
    ("network", "reserved", "expected"),
    [
        ("203.0.113.0/30", (), ["203.0.113.1", "203.0.113.2"]),
        ("203.0.113.0/30", ("203.0.113.1",), ["203.0.113.2"]),
        ("203.0.113.0/30", ("203.0.113.1", "203.0.113.2"), []),
        ("203.0.113.0/30", ("192.0.2.1",), ["203.0.113.1", "203.0.113.2"]),
        (NETWORK, (), ALL),
        ("203.0.113.4/31", (), ["203.0.113.4", "203.0.113.5"]),
    ],
    ids=["two hosts", "one reserved", "all reserved", "foreign reserved", "six", "RFC 3021"],
)
def test_a_new_pool_has_its_host_addresses_in_their_order(
    network: str, reserved: tuple[str, ...], expected: list[str]
) -> None:
    pool = Pool(network, quarantine_s=60, reserved=reserved)
    assert list(pool.free(0)) == expected
    assert len(pool) == len(expected)


def test_an_address_taken_is_not_free_and_cannot_be_taken_again() -> None:
    pool = Pool(NETWORK, quarantine_s=0)
    pool.take(ALL[2])
    assert list(pool.free(LATER)) == [ALL[0], ALL[1], *ALL[3:]]
    with pytest.raises(KeyError):
        pool.take(ALL[2])


@pytest.mark.parametrize("address", ["192.0.2.1", "203.0.113.0", "203.0.113.7", ""])
def test_what_is_no_host_address_of_it_cannot_be_taken(address: str) -> None:
    with pytest.raises(KeyError):
        Pool(NETWORK, quarantine_s=0).take(address)


@pytest.mark.parametrize(
    ("quarantine_s", "after_s", "free"),
    [(60, 0, False), (60, 59.9, False), (60, 60, True), (60, 61, True), (0, 0, True)],
)
def test_an_address_given_back_is_free_when_its_quarantine_has_passed(
    quarantine_s: float, after_s: float, free: bool
) -> None:
    pool = Pool(NETWORK, quarantine_s=quarantine_s)
    pool.take(ALL[0])
    pool.give_back(ALL[0], LATER)
    assert (ALL[0] in pool.free(LATER + after_s)) is free
    assert len(pool) == len(ALL), "quarantined ones count as free"


def test_addresses_never_used_come_first_then_the_longest_free() -> None:
    pool = Pool(NETWORK, quarantine_s=1)
    for address in ALL[:4]:
        pool.take(address)
    for n, address in enumerate([ALL[3], ALL[0], ALL[2]]):
        pool.give_back(address, LATER + n)
    assert list(pool.free(2 * LATER)) == [ALL[4], ALL[5], ALL[3], ALL[0], ALL[2]]
    assert list(pool.free(LATER + 2)) == [ALL[4], ALL[5], ALL[3], ALL[0]]


def test_addresses_that_one_must_not_have_are_passed_over() -> None:
    pool = Pool(NETWORK, quarantine_s=0)
    assert next(pool.free(0, without={ALL[0], ALL[1]})) == ALL[2]
    assert list(pool.free(0, without=ALL)) == []
    assert next(pool.free(0)) == ALL[0], "others may have them"


def test_asking_changes_nothing() -> None:
    pool = Pool(NETWORK, quarantine_s=0)
    assert [next(pool.free(0)), next(pool.free(0))] == [ALL[0], ALL[0]]


def test_an_address_that_was_given_back_is_passed_over_if_one_must_not_have_it() -> None:
    pool = Pool(NETWORK, quarantine_s=0)
    for address in ALL:
        pool.take(address)
    for address in ALL[:2]:
        pool.give_back(address, LATER)
    assert list(pool.free(LATER, without={ALL[0]})) == [ALL[1]]


def test_only_what_was_taken_can_be_given_back() -> None:
    with pytest.raises(AssertionError):
        Pool(NETWORK, quarantine_s=0).give_back(ALL[0], LATER)


def test_networks_are_used_one_after_the_other() -> None:
    pool = Pool("203.0.113.0/30", "198.51.100.8/31", "192.0.2.7/32", quarantine_s=0)
    expected = ["203.0.113.1", "203.0.113.2", "198.51.100.8", "198.51.100.9", "192.0.2.7"]
    assert list(pool.free(0)) == expected
    assert len(pool) == 5
    pool.take("198.51.100.8")
    pool.take("203.0.113.1")
    assert list(pool.free(0)) == ["203.0.113.2", "198.51.100.9", "192.0.2.7"]
    assert all(IPv4Address(address) in pool for address in expected)
    assert IPv4Address("198.51.100.10") not in pool


def test_a_large_network_takes_no_memory_before_it_is_used() -> None:
    tracemalloc.start()
    pool = Pool("10.0.0.0/8", quarantine_s=60, reserved=("10.0.0.1",))
    assert next(pool.free(0)) == "10.0.0.2"
    pool.take("10.0.0.2")
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()
    assert len(pool) == 2**24 - 2 - 2


@pytest.mark.parametrize("address", ["203.0.113.1", "203.0.113.6"])
def test_the_position_of_an_address_is_counted_from_its_network(address: str) -> None:
    assert Pool(NETWORK, quarantine_s=0).position(address) == int(address.rsplit(".", 1)[1])


@pytest.mark.parametrize(
    ("in_use", "given_back"),
    [
        (["192.0.2.1"], {}),
        ([], {"192.0.2.1": 0.0}),
        (["203.0.113.1"], {"203.0.113.1": 0.0}),
        (["203.0.113.2"], {}),
        (["203.0.113"], {}),
    ],
    ids=["of no network", "given back to no network", "twice", "reserved", "no address"],
)
def test_what_no_pool_can_have_come_to_is_not_restored(
    in_use: list[str], given_back: dict[str, float]
) -> None:
    pool = Pool("203.0.113.0/29", quarantine_s=60, reserved=("203.0.113.2",))
    with pytest.raises(KeyError):
        pool.restore(in_use, given_back)


def test_a_pool_of_which_nothing_was_used_is_restored_as_it_was() -> None:
    fresh, restored = (
        Pool("203.0.113.0/29", quarantine_s=60, reserved=("203.0.113.1",)) for _ in range(2)
    )
    restored.restore([], {})
    assert vars(restored) == vars(fresh)
