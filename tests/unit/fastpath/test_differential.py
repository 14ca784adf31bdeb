"""The programs and the rules: equal bytes, reason and counters, or passed up untouched.

The engine of replay raises where a program does anything third.
"""

from collections import Counter
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP
from scapy.packet import Raw
from support.near_packets import nearly_packets
from vectors.every import VECTORS
from vectors.policing import POLICING
from vectors.row import POOL, Vector

from gateway.engine.fast_replay import FastEngine
from gateway.engine.replay import replay
from gateway.engine.rules import INTERPRETED
from gateway.nat.outcome import Checksum, Direction, Outcome
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, Package, build
from gateway.packet.frame import Frame

NS_PER_S = 1_000_000_000
PUBLIC, PRIVATE, OTHER, OTHER_PRIVATE = "203.0.113.9", "10.0.0.2", "203.0.113.10", "10.0.0.3"
BLOCKED, BLOCKED_PRIVATE = "203.0.113.11", "10.0.0.4"
TABLE = build(
    5,
    9,
    [
        Mapping(0xCB007109, 0x0A000002, 3),
        Mapping(0xCB00710A, 0x0A000003, 4, package=2),
        Mapping(0xCB00710B, 0x0A000004, 8, blocked=True),
    ],
    [Package(2, 1_000_000)],
    [POOL],
)
ADDRESS = st.sampled_from(
    (
        PUBLIC,
        PRIVATE,
        OTHER,
        OTHER_PRIVATE,
        BLOCKED,
        BLOCKED_PRIVATE,
        "203.0.113.77",
        "10.0.0.77",
        "192.168.1.1",
        "198.51.100.7",
        "192.0.2.1",
        "224.0.0.1",
    )
)
WORD = st.integers(0, 0xFFFF)
DATA = st.binary(max_size=40).map(Raw)
TRANSPORT = st.one_of(
    st.builds(lambda port, data: UDP(sport=port) / data, WORD, DATA),
    st.builds(lambda port, data: UDP(sport=port, chksum=0) / data, WORD, DATA),
    st.builds(lambda port, total, data: UDP(sport=port, chksum=total) / data, WORD, WORD, DATA),
    st.builds(lambda port, data: TCP(sport=port) / data, WORD, DATA),
    st.builds(
        lambda kind, data: ICMP(type=kind) / data, st.sampled_from((0, 3, 4, 5, 8, 11, 13)), DATA
    ),
)
HEADERS = st.fixed_dictionaries(
    {
        "ttl": st.sampled_from((0, 1, 2, 64, 255)),
        "tos": st.integers(0, 255),
        "id": WORD,
        "flags": st.sampled_from(("", "DF", "MF")),
        "frag": st.sampled_from((0, 0, 0, 1, 185)),
        "options": st.sampled_from(([], [], [], [IPOption_NOP()])),
    }
)
DIRECTIONS = st.sampled_from(Direction)


def both(engine: FastEngine, direction: Direction, packet: bytes, table: Any = TABLE) -> bool:
    """Judge the packet by both; whether the program decided."""
    before = engine.decided[True]
    by_rules, by_program = bytearray(packet), bytearray(packet)
    expected = INTERPRETED.for_table(table).feed(memoryview(by_rules), direction, 0)
    outcome = engine(table, direction)(by_program, Checksum.FINISHED, 0.0)
    assert by_program == by_rules
    assert outcome.reason is expected.reason
    if expected.reason is Reason.TRANSLATED:
        assert outcome == expected
    return engine.decided[True] > before


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_a_vector(vector: Vector, fast: FastEngine) -> None:
    packet = bytearray(vector.packet)
    outcome = fast(vector.table, vector.direction)(packet, vector.checksum, 0.0)
    assert outcome.reason is vector.reason
    assert packet == (vector.packet if vector.out is None else vector.out)
    if vector.out is not None:
        assert outcome == Outcome(vector.reason, vector.sender, vector.receiver)


def test_much_is_decided_by_the_programs(fast: FastEngine) -> None:
    decided = Counter(
        (both(fast, v.direction, v.packet, v.table), v.out is not None)
        for v in VECTORS
        if v.checksum is Checksum.FINISHED
    )
    print(f"carried {decided[True, True]}, dropped {decided[True, False]} of {len(VECTORS)}")
    assert decided[True, True] > 100
    assert decided[True, False] > 70


@pytest.mark.parametrize("policing", POLICING, ids=lambda policing: policing.name)
def test_packets_in_time(policing: Any, fast: FastEngine) -> None:
    frames = [Frame(p.at, len(p.packet), b"", p.packet) for p in policing.packets]
    found = list(replay(frames, fast, policing.table, policing.direction))
    assert [one.outcome.reason for one in found] == [p.reason for p in policing.packets]


@given(source=ADDRESS, destination=ADDRESS, transport=TRANSPORT, header=HEADERS, way=DIRECTIONS)
def test_packets_of_every_kind(
    fast: FastEngine,
    source: str,
    destination: str,
    transport: Any,
    header: dict[str, Any],
    way: Direction,
) -> None:
    both(fast, way, bytes(IP(src=source, dst=destination, **header) / transport))


@given(packet=nearly_packets(), way=DIRECTIONS)
def test_bytes_that_are_nearly_packets(fast: FastEngine, packet: bytearray, way: Direction) -> None:
    both(fast, way, bytes(packet))


@given(
    transport=TRANSPORT, remote=st.integers(0x0B000000, 0x7E000000), slot=st.sampled_from((3, 4))
)
def test_what_is_plain_is_carried_both_ways(
    fast: FastEngine, transport: Any, remote: int, slot: int
) -> None:
    there = ".".join(map(str, remote.to_bytes(4)))
    here, inside = (PUBLIC, PRIVATE) if slot == 3 else (OTHER, OTHER_PRIVATE)
    is_plain = not isinstance(transport, ICMP) or transport.type in (0, 4, 5, 8)
    inbound = bytes(IP(src=there, dst=here) / transport)
    outbound = bytes(IP(src=inside, dst=there) / transport)
    assert both(fast, Direction.INBOUND, inbound) is is_plain
    assert both(fast, Direction.OUTBOUND, outbound) is is_plain


class Sent(NamedTuple):
    """A packet to be policed: whose, how long, and how long after the one before."""

    slot: int
    size: int
    after_ms: int


SENT = st.builds(
    Sent, st.sampled_from((0, 1)), st.sampled_from((28, 900, 1400)), st.integers(0, 400)
)


@settings(max_examples=8)
@given(
    own=st.sampled_from((0, 100, 4000, 100_000)),
    package=st.sampled_from((0, 1, 3000)),
    way=DIRECTIONS,
    sent=st.lists(SENT, min_size=150, max_size=250),
)
def test_policing_is_exact(
    fast: FastEngine, own: int, package: int, way: Direction, sent: list[Sent]
) -> None:
    number = 1 if package else 0
    table = build(
        1,
        2,
        [
            Mapping(0xCB007109, 0x0A000002, 0, own, own, number),
            Mapping(0xCB00710A, 0x0A000003, 1, 0, own, number),
        ],
        [Package(1, package)] if number else [],
        [POOL],
    )
    rules, feed, now = INTERPRETED.for_table(table), fast(table, way), 0.0
    for one in sent:
        now += one.after_ms / 1000
        inside, outside = ((PRIVATE, PUBLIC), (OTHER_PRIVATE, OTHER))[one.slot]
        source = "192.0.2.7" if way is Direction.INBOUND else inside
        destination = {
            Direction.INBOUND: outside,
            Direction.OUTBOUND: "192.0.2.7",
            Direction.HAIRPIN: OTHER if one.slot == 0 else PUBLIC,
        }[way]
        packet = bytes(IP(src=source, dst=destination) / UDP() / Raw(bytes(one.size - 28)))
        by_rules, by_program = bytearray(packet), bytearray(packet)
        expected = rules.feed(memoryview(by_rules), way, int(now * NS_PER_S))
        assert feed(by_program, Checksum.FINISHED, now).reason is expected.reason
        assert by_program == by_rules
