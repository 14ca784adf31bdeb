"""Buckets, one case at a time; what whole streams get is in the vectors and the properties."""

import struct
import sys
from collections.abc import Mapping as Dict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rules import KINDS

from gateway.engine.rules import Rules
from gateway.nat.outcome import NO_SLOT, Direction
from gateway.nat.policer import (
    BURST,
    BURST_MIN,
    DEPTH_MAX,
    TICKS_PER_BYTE_AT_1_KBPS,
    TICKS_PER_NS,
    Policer,
    give_back,
    take,
)
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, Package, build
from gateway.nat.view import TableView
from gateway.packet.memory import long_words_of

PASS, POLICED, PACKAGE = Reason.TRANSLATED, Reason.POLICED, Reason.PACKAGE_POLICED
MBPS_8 = 8_000  # 1,000,000 bytes a second, a burst of 200,000
TICKS = 16_000_000_000  # a second
NONE: dict[int, int] = {}
SLOTS = 4


def new_policer() -> Policer:
    """All buckets are full."""
    return Policer(memoryview(bytearray(SLOTS * 16)), memoryview(bytearray(SLOTS * 16)))


def rewrite(kbps: int = 0, package: int = 0, slot: int = 0) -> Mapping:
    """A mapping of that cap in both directions."""
    return Mapping(slot, slot, slot, kbps, kbps, package)


def between(
    policer: Policer,
    sender: Mapping | None,
    receiver: Mapping | None,
    packages: Dict[int, int],
    length: int,
    now: float,
) -> int:
    """A packet from one to the other at `now`, in seconds; none stands for the internet."""
    there = [one for one in (sender, receiver) if one]
    table = build(1, SLOTS, there, [Package(*pair) for pair in packages.items()])
    return policer.admits(
        TableView(table.memory),
        sender.slot if sender else NO_SLOT,
        receiver.slot if receiver else NO_SLOT,
        length,
        round(now * TICKS),
    )


def ask(
    policer: Policer,
    one: Mapping,
    packages: Dict[int, int],
    *,
    outbound: bool,
    length: int,
    now: float,
) -> int:
    """A packet between an address and the internet."""
    sender, receiver = (one, None) if outbound else (None, one)
    return between(policer, sender, receiver, packages, length, now)


def test_the_burst_is_what_the_decision_says() -> None:
    assert (BURST, BURST_MIN) == (0.2 * TICKS, 131_070)


def test_the_units_are_what_they_say() -> None:
    assert TICKS_PER_NS * 1_000_000_000 == TICKS
    assert TICKS_PER_BYTE_AT_1_KBPS == TICKS * 8 // 1000
    assert DEPTH_MAX == BURST_MIN * TICKS_PER_BYTE_AT_1_KBPS


@pytest.mark.parametrize(
    ("kbps", "burst"),
    [
        pytest.param(1, 131_070, id="least"),
        pytest.param(5_000, 131_070, id="5-mbps"),
        pytest.param(5_242, 131_069, id="rounded-in-favour-of-the-limit"),
        pytest.param(5_244, 131_100, id="just-above"),
        pytest.param(20_000, 500_000, id="20-mbps"),
        pytest.param(100_000_000, 2_500_000_000, id="100-gbps"),
        pytest.param(0xFFFFFFFF, 107_374_182_375, id="most"),
    ],
)
@pytest.mark.parametrize("now", [0, 5, 1e8], ids=["at-the-start", "later", "much-later"])
def test_a_new_bucket_is_full(kbps: int, burst: int, now: float) -> None:
    slack = kbps // TICKS_PER_BYTE_AT_1_KBPS  # a tick's worth: more than a byte from 128 Gbps on
    for length, outcome in ((burst, PASS), (burst + 1 + slack, POLICED)):
        policer = new_policer()
        assert ask(policer, rewrite(kbps), NONE, outbound=True, length=length, now=now) == outcome


def test_a_clock_set_back_adds_nothing() -> None:
    policer = new_policer()
    capped = rewrite(MBPS_8)
    assert ask(policer, capped, NONE, outbound=True, length=200_000, now=10) == PASS
    for now in (9.0, 10.0, 5.0, 10.0, 0.0):
        assert ask(policer, capped, NONE, outbound=True, length=1, now=now) == POLICED


def test_directions_and_slots_have_buckets_of_their_own() -> None:
    policer = new_policer()
    for slot in (0, 1):
        for outbound in (True, False):
            capped = rewrite(MBPS_8, slot=slot)
            assert ask(policer, capped, NONE, outbound=outbound, length=200_000, now=0) == PASS
            assert ask(policer, capped, NONE, outbound=outbound, length=1, now=0) == POLICED


def test_the_directions_of_a_package_have_buckets_of_their_own() -> None:
    policer = new_policer()
    member = rewrite(package=1)
    for outbound in (True, False):
        packages = {1: MBPS_8}
        assert ask(policer, member, packages, outbound=outbound, length=200_000, now=0) == PASS
        assert ask(policer, member, packages, outbound=outbound, length=1, now=0) == PACKAGE


def test_packages_have_buckets_of_their_own() -> None:
    policer = new_policer()
    for number in (1, 2, 4):
        member, packages = rewrite(package=number), {number: MBPS_8}
        assert ask(policer, member, packages, outbound=True, length=200_000, now=0) == PASS
        assert ask(policer, member, packages, outbound=True, length=1, now=0) == PACKAGE


def test_a_package_of_a_number_that_is_a_slot_is_another_bucket() -> None:
    policer = new_policer()
    both = rewrite(MBPS_8, package=3, slot=3)
    assert ask(policer, both, {3: MBPS_8}, outbound=True, length=100_000, now=0) == PASS
    assert ask(policer, rewrite(MBPS_8, slot=3), NONE, outbound=True, length=100_000, now=0) == PASS
    alone = rewrite(package=3)
    assert ask(policer, alone, {3: MBPS_8}, outbound=True, length=100_000, now=0) == PASS
    assert ask(policer, alone, {3: MBPS_8}, outbound=True, length=1, now=0) == PACKAGE


def test_a_new_rate_counts_from_the_next_packet_on() -> None:
    policer = new_policer()
    assert ask(policer, rewrite(MBPS_8), NONE, outbound=True, length=200_000, now=0) == PASS
    twice = rewrite(2 * MBPS_8)
    assert ask(policer, twice, NONE, outbound=True, length=200_001, now=0.1) == POLICED
    assert ask(policer, twice, NONE, outbound=True, length=200_000, now=0.1) == PASS


@pytest.mark.parametrize("low", [1, 100, 1_000, 5_000])
def test_a_rate_that_was_lower_leaves_nothing_to_wait_for(low: int) -> None:
    """A bucket of a low rate takes longer to fill than one of a high rate ever does."""
    policer = new_policer()
    assert ask(policer, rewrite(low), NONE, outbound=True, length=131_070, now=1) == PASS
    high = rewrite(MBPS_8)
    assert ask(policer, high, NONE, outbound=True, length=28, now=1) == POLICED
    assert ask(policer, high, NONE, outbound=True, length=50_000, now=1.05) == PASS
    assert ask(policer, high, NONE, outbound=True, length=1, now=1.05) == POLICED
    assert ask(policer, high, NONE, outbound=True, length=200_000, now=1.25) == PASS


def test_a_lower_rate_takes_what_the_bucket_held_above_its_burst() -> None:
    policer = new_policer()
    assert ask(policer, rewrite(80_000), NONE, outbound=True, length=20, now=0) == PASS
    # Of 2,000,000 bytes 20 are gone: of 200,000 that is 2.
    assert ask(policer, rewrite(MBPS_8), NONE, outbound=True, length=199_999, now=0) == POLICED
    assert ask(policer, rewrite(MBPS_8), NONE, outbound=True, length=199_998, now=0) == PASS


def test_a_package_of_rate_0_lets_nothing_pass() -> None:
    policer = new_policer()
    member = rewrite(MBPS_8, package=1)
    for outbound in (True, False):
        for now in (0, 1e8):
            packages = {1: 0}
            assert ask(policer, member, packages, outbound=outbound, length=20, now=now) == PACKAGE
    assert ask(policer, rewrite(MBPS_8), NONE, outbound=True, length=200_000, now=1e8) == PASS


def test_nobody_to_ask_is_nobody_to_refuse() -> None:
    assert between(new_policer(), None, None, NONE, 65_535, 0) == PASS


@pytest.mark.parametrize(
    ("sender", "packages", "receiver", "reason"),
    [
        pytest.param(
            rewrite(MBPS_8, slot=1), {}, rewrite(1, slot=2), POLICED, id="receiver"
        ),
        pytest.param(
            rewrite(MBPS_8, slot=1),
            {1: 1},
            rewrite(MBPS_8, package=1, slot=2),
            PACKAGE,
            id="receivers-package",
        ),
        pytest.param(
            rewrite(MBPS_8, package=2, slot=1),
            {2: MBPS_8},
            rewrite(1, slot=2),
            POLICED,
            id="receiver-of-a-packages-member",
        ),
        pytest.param(
            rewrite(package=2, slot=1),
            {1: 1, 2: MBPS_8},
            rewrite(package=1, slot=2),
            PACKAGE,
            id="both-in-packages-only",
        ),
        pytest.param(
            rewrite(MBPS_8, package=2, slot=1),
            {2: 1},
            rewrite(MBPS_8, slot=2),
            PACKAGE,
            id="senders-package",
        ),
    ],
)  # fmt: skip
def test_a_hairpin_that_is_refused_at_one_end_takes_nothing_at_any(
    sender: Mapping, packages: dict[int, int], receiver: Mapping, reason: Reason
) -> None:
    addresses, shared = bytearray(SLOTS * 16), bytearray(SLOTS * 16)
    policer = Policer(memoryview(addresses), memoryview(shared))
    # So that a bucket that nothing was taken from is known by its word.
    for length, at in ((1_000, 7.0), (150_000, 7.2)):
        assert between(policer, rewrite(MBPS_8, slot=1), None, NONE, length, at) == PASS
        before = bytes(addresses), bytes(shared)
    full = rewrite(MBPS_8, slot=1), rewrite(MBPS_8, slot=2)
    for _ in range(3):
        assert between(policer, sender, receiver, packages, 150_000, 9) == reason
        assert held(addresses, shared, at=9) == held(*before, at=9)
    assert between(policer, full[0], None, NONE, 200_000, 9) == PASS
    assert between(policer, None, full[1], NONE, 200_000, 9) == PASS


def held(addresses: bytes | bytearray, shared: bytes | bytearray, at: float) -> list[int]:
    """Since when each bucket has been filling; those that are full at 8 Mbit/s are alike."""
    full = round(at * TICKS) + DEPTH_MAX - BURST
    words = struct.unpack(f"={SLOTS * 4}q", bytes(addresses) + bytes(shared))
    return [max(word, full) for word in words]


def test_what_is_given_back_is_what_was_taken() -> None:
    for kbps in (1, 3, 7, 5_243, 100_000, 0xFFFFFFFF):
        words = long_words_of(memoryview(bytearray(16)))
        assert take(words, 1, kbps, 1_500, 0)
        once = words[1]
        for length in (20, 1_499, 65_535):
            assert take(words, 1, kbps, length, 0)
            give_back(words, 1, kbps, length)
            assert (words[0], words[1]) == (0, once)


class Contended:
    """A bucket from which another takes `cost` between our first look and our taking."""

    def __init__(self, cost: int) -> None:
        self.word = 0
        self.cost = cost
        self.looks = 0

    def __getitem__(self, at: int) -> int:
        self.looks += 1
        if self.looks == 2:
            self.word = max(self.word, DEPTH_MAX - BURST) + self.cost
        return self.word

    def __setitem__(self, at: int, word: int) -> None:
        self.word = word


def test_what_another_takes_meanwhile_is_taken_too() -> None:
    byte = TICKS_PER_BYTE_AT_1_KBPS // MBPS_8
    words: Any = Contended(150_000 * byte)
    assert take(words, 0, MBPS_8, 50_000, 0)
    assert words.word == DEPTH_MAX
    words = Contended(150_000 * byte)
    assert not take(words, 0, MBPS_8, 50_001, 0)
    assert words.word == DEPTH_MAX - 50_000 * byte


def test_to_give_back_doesnt_undo_what_another_takes_meanwhile() -> None:
    byte = TICKS_PER_BYTE_AT_1_KBPS // MBPS_8
    words: Any = Contended(1_000 * byte)
    words.word = DEPTH_MAX - 70_000 * byte
    give_back(words, 0, MBPS_8, 30_000)
    assert words.word == DEPTH_MAX - 99_000 * byte


def test_a_bucket_of_no_rate_has_nothing() -> None:
    words = long_words_of(memoryview(bytearray(8)))
    assert not take(words, 0, 0, 0, 1 << 60)
    assert words[0] == 0


@given(word=st.integers(0, 2**64 - 1), rules=st.sampled_from(list(KINDS)))
def test_a_bucket_with_any_bits_in_it_lets_a_packet_pass_in_bounded_time(
    word: int, rules: str
) -> None:
    """A time that no worker can have written is none: it would hold packets up for years."""
    table = build(1, 1, [Mapping(1, 2, 0, out_kbps=MBPS_8)])
    kind = KINDS[rules]
    addresses = bytearray(word.to_bytes(8, sys.byteorder) * 2)
    policer = kind.policer(memoryview(addresses), memoryview(b""))
    translator = kind.translator(
        kind.table_view(table.memory), policer, kind.flows(memoryview(b""))
    )
    now_s = 1000
    found = []
    for second in (0, 62):
        packet = bytearray(1_000)
        packet[:4], packet[9] = b"\x45\0\x03\xe8", 253
        packet[12:20] = b"\0\0\0\x02\xc6\x33\x64\x0a"
        at_ns = (now_s + second) * 1_000_000_000
        found.append(translator.feed(memoryview(packet), Direction.OUTBOUND, at_ns).reason)
    assert found[-1] == PASS


@pytest.mark.parametrize("years", [0, 1, 17])
def test_a_clock_may_run_for_years(years: int) -> None:
    """Ticks of 1/16 ns fill 63 bits after 18 years."""
    table = build(1, 1, [Mapping(1, 2, 0, out_kbps=MBPS_8)])
    now_ns = years * 365 * 24 * 3600 * 1_000_000_000
    kinds: list[Rules] = list(KINDS.values())
    for rules in kinds:
        translator = rules.for_table(table)
        found = []
        for _ in range(5):
            packet = bytearray(50_000)
            packet[:4], packet[9] = b"\x45\0\xc3\x50", 253
            packet[12:20] = b"\0\0\0\x02\xc6\x33\x64\x0a"
            found.append(translator.feed(memoryview(packet), Direction.OUTBOUND, now_ns).reason)
        assert found == [PASS] * 4 + [POLICED]
