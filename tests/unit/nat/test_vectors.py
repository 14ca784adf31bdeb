"""The vectors against every engine that can be fed packets.

An engine that is added to `gateway.engine.replay.ENGINES` is tested here without another line.
"""

from collections import Counter

import pytest
from scapy.layers.inet import IP
from vectors.bad import MARTIANS
from vectors.every import VECTORS
from vectors.policing import POLICING, Policing
from vectors.row import A, B, Vector

from gateway.engine.replay import ENGINES, Engine, replay
from gateway.nat.outcome import NO_SLOT, Direction, Outcome
from gateway.nat.reasons import Reason
from gateway.packet.frame import Frame

# What no engine can be brought to say: `tests/unit/engine` shows who says them.
BEFORE_THE_RULES = {Reason.NOT_IPV4, Reason.UNKNOWN_DIRECTION, Reason.SLOW_PATH_LIMITED}

engines = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_a_packet(vector: Vector) -> None:
    for name, engine in ENGINES.items():
        packet = bytearray(vector.packet)
        outcome = engine(vector.table, vector.direction)(packet, vector.checksum, 0.0)
        assert outcome.reason is vector.reason, name
        if vector.out is None:
            assert packet == vector.packet, name
        else:
            assert packet == vector.out, name
            assert outcome == Outcome(vector.reason, vector.sender, vector.receiver), name


@engines
@pytest.mark.parametrize("policing", POLICING, ids=lambda policing: policing.name)
def test_packets_in_time(policing: Policing, engine: Engine) -> None:
    frames = [Frame(p.at, len(p.packet), b"", p.packet) for p in policing.packets]
    found = list(replay(frames, engine, policing.table, policing.direction))
    assert [one.outcome.reason for one in found] == [p.reason for p in policing.packets]


@engines
def test_no_packet_depends_on_those_before_it(engine: Engine) -> None:
    for direction in Direction:
        rows = [v for v in VECTORS if v.direction is direction and v.table is VECTORS[0].table]
        feed = engine(VECTORS[0].table, direction)
        for vector in [*rows, *reversed(rows)]:
            packet = bytearray(vector.packet)
            assert feed(packet, vector.checksum, 0.0).reason is vector.reason, vector.name
            assert packet == (vector.packet if vector.out is None else vector.out), vector.name


def test_every_vector_has_a_name_of_its_own() -> None:
    names = Counter([v.name for v in VECTORS] + [p.name for p in POLICING])
    assert [name for name, seen in names.items() if seen > 1] == []


def test_every_reason_has_a_vector() -> None:
    shown = {v.reason for v in VECTORS} | {p.reason for row in POLICING for p in row.packets}
    assert set(Reason) - shown == BEFORE_THE_RULES


@pytest.mark.parametrize("direction", list(Direction), ids=lambda direction: direction.name)
def test_a_vector_is_dropped_or_expected_and_not_both(direction: Direction) -> None:
    for vector in (v for v in VECTORS if v.direction is direction):
        assert (vector.out is None) is bool(vector.reason), vector.name
        is_private = vector.sender == vector.receiver == NO_SLOT  # it is not rewritten then
        assert vector.out != vector.packet or is_private, vector.name


def test_no_private_address_is_in_anything_that_leaves() -> None:
    private = [bytes(map(int, side.private.split("."))) for side in (A, B)]
    for vector in VECTORS:
        if vector.direction is Direction.OUTBOUND and vector.out is not None:
            assert not [address for address in private if address in vector.out], vector.name


def test_expected_packets_have_the_checksums_that_scapy_computes() -> None:
    for vector in VECTORS:
        if vector.out is not None:
            header = IP(vector.out)
            found = header.chksum
            del header.chksum
            assert IP(bytes(header)).chksum == found, vector.name


def test_both_ends_of_every_martian_range_are_tried() -> None:
    assert len(MARTIANS) == 7
    assert all(len(inside) == 2 for inside, _ in MARTIANS.values())
