"""What no stream of packets can get from a policer."""

from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

from gateway.nat.policer import Policer
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, Rewrite, build
from gateway.nat.translate import Direction, translate

KBPS = st.integers(1, 100_000)
LENGTH = st.integers(20, 65_535)
# Seconds to the packet before: mostly bursts, sometimes a pause that fills every bucket.
GAP = st.one_of(st.just(0.0), st.floats(0, 0.01), st.floats(0, 3))
EPSILON = 1e-3  # bytes: what sums of floats may differ by
PACKAGE = 1


class Arrival(NamedTuple):
    """A packet: when, of which address, how long."""

    at: float
    slot: int
    length: int


@st.composite
def arrivals(draw: st.DrawFn) -> list[Arrival]:
    packets = draw(st.lists(st.tuples(GAP, st.integers(0, 2), LENGTH), min_size=1, max_size=60))
    times = accumulate(gap for gap, _, _ in packets)
    return [Arrival(at, slot, length) for at, (_, slot, length) in zip(times, packets, strict=True)]


def verdicts(
    policer: Policer, packets: Iterable[Arrival], kbps: int, package_kbps: int = 0
) -> list[Reason]:
    package = PACKAGE if package_kbps else 0
    return [
        policer.admits(
            Rewrite(0, 0, packet.slot, kbps, package),
            None,
            {PACKAGE: package_kbps},
            packet.length,
            packet.at,
        )
        for packet in packets
    ]


def passed(packets: Iterable[Arrival], reasons: Iterable[Reason]) -> list[Arrival]:
    return [packet for packet, reason in zip(packets, reasons, strict=True) if not reason]


def most(kbps: int, seconds: float) -> float:
    """What may pass in a window: the burst, and the rate."""
    rate = kbps * 1000 / 8
    return max(rate * 0.2, 2 * 65_535) + rate * seconds + EPSILON


def stays_within(packets: list[Arrival], kbps: int) -> bool:
    """Whether no window, from any packet to any later one, has more than it may."""
    for first in range(len(packets)):
        total = 0
        for packet in packets[first:]:
            total += packet.length
            if total > most(kbps, packet.at - packets[first].at):
                return False
    return True


@given(packets=arrivals(), kbps=KBPS)
def test_no_window_has_more_than_rate_and_burst(packets: list[Arrival], kbps: int) -> None:
    through = passed(packets, verdicts(Policer(), packets, kbps))
    for slot in range(3):
        assert stays_within([packet for packet in through if packet.slot == slot], kbps)


@given(packets=arrivals(), kbps=KBPS)
def test_addresses_dont_touch_each_other(packets: list[Arrival], kbps: int) -> None:
    together = verdicts(Policer(), packets, kbps)
    for slot in range(3):
        mine = [packet for packet in packets if packet.slot == slot]
        among = [r for packet, r in zip(packets, together, strict=True) if packet.slot == slot]
        assert verdicts(Policer(), mine, kbps) == among


@given(packets=arrivals(), kbps=st.integers(0, 100_000), package_kbps=KBPS)
def test_the_members_of_a_package_together_never_exceed_it(
    packets: list[Arrival], kbps: int, package_kbps: int
) -> None:
    through = passed(packets, verdicts(Policer(), packets, kbps, package_kbps))
    assert stays_within(through, package_kbps)
    if kbps:
        for slot in range(3):
            assert stays_within([packet for packet in through if packet.slot == slot], kbps)


@given(packets=arrivals(), kbps=KBPS)
def test_what_is_refused_would_have_been_too_much(packets: list[Arrival], kbps: int) -> None:
    reasons = verdicts(Policer(), packets, kbps)
    for at, (packet, reason) in enumerate(zip(packets, reasons, strict=True)):
        if reason:
            before = passed(packets[:at], reasons[:at])
            mine = [other for other in before if other.slot == packet.slot]
            allowed = list(mine)
            allowed.append(packet._replace(length=packet.length + 1))
            assert not stays_within(allowed, kbps)


@given(packets=arrivals())
def test_without_a_cap_nothing_is_refused(packets: list[Arrival]) -> None:
    assert not any(verdicts(Policer(), packets, 0))


@given(packets=arrivals(), kbps=KBPS)
def test_a_policer_changes_no_byte_of_what_passes(packets: list[Arrival], kbps: int) -> None:
    mapping = Mapping(0xCB007109, 0x0A000002, 0)
    free, capped = build(1, 1, [mapping]), build(1, 1, [mapping._replace(out_kbps=kbps)])
    policer = Policer()
    for packet in packets[:20]:
        data = Raw(bytes(max(0, packet.length - 28)))
        raw = bytes(IP(src="10.0.0.2", dst="198.51.100.10") / UDP() / data)
        one, other = bytearray(raw), bytearray(raw)
        assert not translate(one, Direction.OUTBOUND, free, policer, packet.at).reason
        reason = translate(other, Direction.OUTBOUND, capped, policer, packet.at).reason
        assert reason in (Reason.TRANSLATED, Reason.POLICED)
        assert other == (raw if reason else one)
