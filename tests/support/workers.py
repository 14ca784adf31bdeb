"""What the tests of a worker have in common: one public address, and the packets to it."""

from collections.abc import Callable

from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

from gateway.engine.worker import Worker
from gateway.nat.outcome import Direction
from gateway.nat.table import Mapping, Table, build

CLIENT, PUBLIC, FIRST, SECOND = "198.51.100.10", "203.0.113.9", "10.0.0.2", "10.0.0.3"
IN, OUT = Direction.INBOUND, Direction.OUTBOUND
TO_FIRST = Mapping(0xCB007109, 0x0A000002, 1)
TO_SECOND = Mapping(0xCB007109, 0x0A000003, 1)

Start = Callable[..., Worker]


def wire(source: str, destination: str) -> bytearray:
    return bytearray(bytes(IP(src=source, dst=destination) / UDP() / Raw(b"data")))


def table(generation: int, *mappings: Mapping, slots: int = 4) -> Table:
    return build(generation, slots, mappings)
