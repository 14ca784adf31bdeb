"""A large table is looked up ahead of the packets: nothing is judged otherwise for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from support.queue import LOOPS, Kernel, Verdict, framed, message, running

from gateway.exchange import generations
from gateway.exchange.worker_page import Traffic, counts
from gateway.nat.layout import BITS
from gateway.nat.outcome import Direction
from gateway.nat.table import Mapping, build
from gateway.nat.view import LARGE

MANY = 1 << LARGE - 1  # mappings: an index is at most half full
CLIENT = "198.51.100.10"
PUBLIC, PRIVATE = 0xC6120000, 0x0A000000  # 198.18.0.0, 10.0.0.0


def packet(source: str, destination: str) -> bytes:
    return bytes(IP(src=source, dst=destination) / UDP(sport=1, dport=2))


def public(number: int) -> str:
    return f"198.18.{number >> 8}.{number & 255}"


def private(number: int) -> str:
    return f"10.0.{number >> 8}.{number & 255}"


@pytest.fixture(params=LOOPS)
def kernel(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Kernel]:
    mappings = [Mapping(PUBLIC + n, PRIVATE + n, n) for n in range(MANY)]
    table = build(1, MANY, mappings)
    assert table.memory.cast("I")[BITS] >= LARGE
    generations.publish(tmp_path, table)
    with running(tmp_path, request.param) as opened:
        yield opened


def test_every_direction_and_everything_that_is_none(tmp_path: Path, kernel: Kernel) -> None:
    inbound, outbound, hairpin = Direction
    assert kernel.turn(
        message(packet(CLIENT, public(700)), inbound, queued_id=1),
        message(packet(private(7), CLIENT), outbound, queued_id=2),
        message(packet(private(8), public(701)), hairpin, queued_id=3),
        framed(b""),
        message(packet(CLIENT, "192.0.2.1"), inbound, queued_id=4),
        message(b"\x45", inbound, queued_id=5),
        message(packet(CLIENT, public(702)), mark=None, queued_id=6),
    ) == [
        Verdict(1, True, packet(CLIENT, private(700))),
        Verdict(2, True, packet(public(7), CLIENT)),
        Verdict(3, True, packet(public(8), private(701))),
        Verdict(4, False, None),
        Verdict(5, False, None),
        Verdict(6, False, None),
    ]
    assert counts(tmp_path).slots == {
        7: Traffic(0, 0, 1, 28),
        8: Traffic(0, 0, 1, 28),
        700: Traffic(1, 28, 0, 0),
        701: Traffic(1, 28, 0, 0),
    }
