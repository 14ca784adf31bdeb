"""Addresses to hand out: order, quarantine, and the numbers they are counted under."""

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
    assert pool.next_free(0) == (expected[0] if expected else None)


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
    assert pool.next_free(0, without={ALL[0], ALL[1]}) == ALL[2]
    assert pool.next_free(0, without=ALL) is None
    assert pool.next_free(0) == ALL[0], "others may have them"


def test_asking_changes_nothing() -> None:
    pool = Pool(NETWORK, quarantine_s=0)
    assert [pool.next_free(0), pool.next_free(0)] == [ALL[0], ALL[0]]


@pytest.mark.parametrize(
    ("network", "address", "slot", "slots"),
    [
        (NETWORK, "203.0.113.1", 1, 8),
        (NETWORK, "203.0.113.6", 6, 8),
        ("10.0.0.0/16", "10.0.1.0", 256, 65536),
    ],
)
def test_a_slot_is_the_addresss_number_in_its_network(
    network: str, address: str, slot: int, slots: int
) -> None:
    pool = Pool(network, quarantine_s=0)
    assert pool.slot(address) == slot
    assert pool.slots == slots


def test_a_slot_stays_whoever_holds_the_address() -> None:
    pool = Pool(NETWORK, quarantine_s=0)
    before = pool.slot(ALL[3])
    pool.take(ALL[3])
    pool.give_back(ALL[3], LATER)
    assert pool.slot(ALL[3]) == before
