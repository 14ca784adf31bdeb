"""What no stream of packets can get from a policer, interpreted or compiled."""

from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw
from support.rules import KINDS

from gateway.engine.rules import Rules
from gateway.nat.outcome import Direction
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, Package, Table, build

NS = 1_000_000_000
# Up to 100 Mbps, so that packets are refused; and any rate a table can hold.
KBPS = st.integers(1, 100_000)
ANY_KBPS = st.one_of(KBPS, st.integers(1, 2**32 - 1))
LENGTH = st.integers(20, 65_535)
# Nanoseconds to the packet before: mostly bursts, sometimes a pause that fills every bucket.
GAP = st.one_of(st.just(0), st.integers(0, NS // 100), st.integers(0, 3 * NS))
PACKAGE = 1


class Arrival(NamedTuple):
    """A packet: when, of which address, how long."""

    at: int
    slot: int
    length: int


@st.composite
def arrivals(draw: st.DrawFn) -> list[Arrival]:
    packets = draw(st.lists(st.tuples(GAP, st.integers(0, 2), LENGTH), min_size=1, max_size=60))
    times = accumulate(gap for gap, _, _ in packets)
    return [Arrival(at, slot, length) for at, (_, slot, length) in zip(times, packets, strict=True)]


def table(kbps: int, package_kbps: int = 0) -> Table:
    number = PACKAGE if package_kbps else 0
    mappings = [Mapping(0xCB007100 + n, 0x0A000000 + n, n, kbps, kbps, number) for n in range(3)]
    return build(1, 3, mappings, [Package(PACKAGE, package_kbps)] if number else [])


def judged(
    rules: Rules, packets: Iterable[Arrival], of: Table, direction: Direction
) -> list[Reason]:
    """Each packet to or from the internet; one buffer serves all, the rest of it is padding."""
    translator = rules.for_table(of)
    buffer = bytearray(65_535)
    reasons = []
    for packet in packets:
        pool, private, client = b"\xcb\0\x71", b"\x0a\0\0", b"\xc6\x33\x64\x0a"
        own = bytes([packet.slot])
        ends = client + pool + own if direction is Direction.INBOUND else private + own + client
        buffer[:20] = b"\x45\0" + packet.length.to_bytes(2) + bytes(5) + b"\xfd\0\0" + ends
        reasons.append(translator.feed(memoryview(buffer), direction, packet.at).reason)
    return reasons


def verdicts(
    packets: Iterable[Arrival],
    kbps: int,
    package_kbps: int = 0,
    direction: Direction = Direction.OUTBOUND,
) -> list[Reason]:
    """What both kinds of rules say."""
    found = [judged(r, packets, table(kbps, package_kbps), direction) for r in KINDS.values()]
    assert found[0] == found[1]
    return found[0]


def passed(packets: Iterable[Arrival], reasons: Iterable[Reason]) -> list[Arrival]:
    return [packet for packet, reason in zip(packets, reasons, strict=True) if not reason]


def fits(total: int, kbps: int, window: int) -> bool:
    """Whether a window of so many ns may have `total` bytes: the burst, and the rate. Exactly."""
    rate = kbps * 125
    burst = max(rate * NS // 5, 2 * 65_535 * NS)  # both in billionths of a byte
    return total * NS <= burst + rate * window


def stays_within(packets: list[Arrival], kbps: int) -> bool:
    """Whether no window, from any packet to any later one, has more than it may."""
    for first in range(len(packets)):
        total = 0
        for packet in packets[first:]:
            total += packet.length
            if not fits(total, kbps, packet.at - packets[first].at):
                return False
    return True


DIRECTION = st.sampled_from((Direction.INBOUND, Direction.OUTBOUND))


@given(packets=arrivals(), kbps=ANY_KBPS, direction=DIRECTION)
def test_no_window_has_more_than_rate_and_burst(
    packets: list[Arrival], kbps: int, direction: Direction
) -> None:
    through = passed(packets, verdicts(packets, kbps, direction=direction))
    for slot in range(3):
        assert stays_within([packet for packet in through if packet.slot == slot], kbps)


@given(packets=arrivals(), kbps=KBPS)
def test_addresses_dont_touch_each_other(packets: list[Arrival], kbps: int) -> None:
    together = verdicts(packets, kbps)
    for slot in range(3):
        mine = [packet for packet in packets if packet.slot == slot]
        among = [r for packet, r in zip(packets, together, strict=True) if packet.slot == slot]
        assert verdicts(mine, kbps) == among


@given(packets=arrivals(), kbps=st.one_of(st.just(0), ANY_KBPS), package_kbps=ANY_KBPS)
def test_the_members_of_a_package_together_never_exceed_it(
    packets: list[Arrival], kbps: int, package_kbps: int
) -> None:
    through = passed(packets, verdicts(packets, kbps, package_kbps))
    assert stays_within(through, package_kbps)
    if kbps:
        for slot in range(3):
            assert stays_within([packet for packet in through if packet.slot == slot], kbps)


@given(packets=arrivals(), kbps=KBPS)
def test_what_is_refused_would_have_been_too_much(packets: list[Arrival], kbps: int) -> None:
    reasons = verdicts(packets, kbps)
    for at, (packet, reason) in enumerate(zip(packets, reasons, strict=True)):
        if reason:
            before = passed(packets[:at], reasons[:at])
            mine = [other for other in before if other.slot == packet.slot]
            allowed = list(mine)
            allowed.append(packet._replace(length=packet.length + 1))
            assert not stays_within(allowed, kbps)


@given(packets=arrivals())
def test_without_a_cap_nothing_is_refused(packets: list[Arrival]) -> None:
    assert not any(verdicts(packets, 0))


@given(packets=arrivals(), kbps=KBPS)
def test_a_policer_changes_no_byte_of_what_passes(packets: list[Arrival], kbps: int) -> None:
    mapping = Mapping(0xCB007109, 0x0A000002, 0)
    free = build(1, 1, [mapping])
    capped = build(1, 1, [mapping._replace(out_kbps=kbps)])
    for rules in KINDS.values():
        freely, policed = rules.for_table(free), rules.for_table(capped)
        for packet in packets[:20]:
            data = Raw(bytes(max(0, packet.length - 28)))
            raw = bytes(IP(src="10.0.0.2", dst="198.51.100.10") / UDP() / data)
            one, other = bytearray(raw), bytearray(raw)
            out = Direction.OUTBOUND
            assert not freely.feed(memoryview(one), out, packet.at).reason
            reason = policed.feed(memoryview(other), out, packet.at).reason
            assert reason in (Reason.TRANSLATED, Reason.POLICED)
            assert other == (raw if reason else one)


@given(packets=arrivals(), rates=st.lists(ANY_KBPS, min_size=1, max_size=6))
def test_after_any_change_of_rates_a_window_has_no_more_than_the_highest_allows(
    packets: list[Arrival], rates: list[int]
) -> None:
    """The buckets stay, the tables change: so the depth of a lower rate may be what is longest."""
    found = []
    for rules in KINDS.values():
        words = bytearray(6 * 8)
        policer = rules.policer(memoryview(words), memoryview(b""))
        reasons = []
        for number, packet in enumerate(packets):
            of = table(rates[number % len(rates)])
            translator = rules.translator(
                rules.table_view(of.memory), policer, rules.flows(memoryview(b""))
            )
            buffer = bytearray(packet.length)
            ends = bytes([10, 0, 0, packet.slot, 198, 51, 100, 10])
            buffer[:20] = b"\x45\0" + packet.length.to_bytes(2) + bytes(5) + b"\xfd\0\0" + ends
            out = Direction.OUTBOUND
            reasons.append(translator.feed(memoryview(buffer), out, packet.at).reason)
        found.append(reasons)
    assert found[0] == found[1]
    depth = max(max(kbps * 25, 131_070) / kbps for kbps in rates)  # in bytes at 1 kbit/s
    for slot in range(3):
        mine = [packet for packet in passed(packets, found[0]) if packet.slot == slot]
        for first in range(len(mine)):
            total = sum(packet.length for packet in mine[first:])
            window = mine[-1].at - mine[first].at
            assert total <= max(rates) * (depth + 125 * window / NS) * (1 + 1e-9)
