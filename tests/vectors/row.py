"""A vector: one packet through the rules, and what must become of it.

The bytes are Scapy's, and where it knows a protocol not, its checksum's: nothing here is computed
by the code under test. A packet that is expected is built anew with the other addresses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from scapy.layers.inet import IP
from scapy.packet import Packet as Layer

from gateway.nat.outcome import NO_SLOT, Checksum, Direction
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, Table, build


class Side(NamedTuple):
    """An instance, as the table knows it."""

    private: str
    public: str
    slot: int


A: Final = Side("10.0.0.2", "203.0.113.9", 3)
B: Final = Side("10.0.0.3", "203.0.113.10", 4)
CLIENT: Final = "198.51.100.10"
ROUTER: Final = "192.0.2.1"  # on the way to the client
GATEWAY: Final = "198.51.100.254"  # our own kernel, on the uplink
NOBODY: Final = "203.0.113.77"  # of the pool, without a mapping
POOL: Final = range(0xCB007100, 0xCB007200)  # 203.0.113.0/24
NO_INSTANCE: Final = "10.0.0.77"

_MAPPINGS: Final = [
    Mapping(0xCB007109, 0x0A000002, A.slot),
    Mapping(0xCB00710A, 0x0A000003, B.slot),
]
TABLE: Final = build(1, 8, _MAPPINGS, pools=[POOL])
TWO_POOLS: Final = build(1, 8, _MAPPINGS, pools=[range(0xC6120000, 0xC6120080), POOL])


@dataclass(frozen=True, slots=True)
class Vector:
    """`out` is none if the packet is dropped; the slots are those it is counted under."""

    name: str
    direction: Direction
    packet: bytes
    out: bytes | None
    reason: Reason = Reason.TRANSLATED
    sender: int = NO_SLOT
    receiver: int = NO_SLOT
    table: Table = TABLE
    checksum: Checksum = Checksum.FINISHED


# A packet from one address to another.
Build = Callable[[str, str], bytes]


def ip(source: str, destination: str, above: Layer, **header: Any) -> bytes:
    """An IPv4 packet with every length and checksum filled in by Scapy."""
    return bytes(IP(src=source, dst=destination, **header) / above)


def inbound(name: str, make: Build) -> Vector:
    """From the internet to A."""
    return Vector(
        f"{name}, inbound",
        Direction.INBOUND,
        make(CLIENT, A.public),
        make(CLIENT, A.private),
        receiver=A.slot,
    )


def outbound(name: str, make: Build) -> Vector:
    """From A to the internet."""
    return Vector(
        f"{name}, outbound",
        Direction.OUTBOUND,
        make(A.private, CLIENT),
        make(A.public, CLIENT),
        sender=A.slot,
    )


def hairpin(name: str, make: Build, callee: Side = B) -> Vector:
    """From A to another's public address, or to its own."""
    return Vector(
        f"{name}, hairpin",
        Direction.HAIRPIN,
        make(A.private, callee.public),
        make(A.public, callee.private),
        sender=A.slot,
        receiver=callee.slot,
    )


def every_way(name: str, make: Build) -> list[Vector]:
    """The same packet in each direction."""
    return [inbound(name, make), outbound(name, make), hairpin(name, make)]


def dropped(name: str, direction: Direction, packet: bytes, reason: Reason) -> Vector:
    """A packet that goes nowhere."""
    return Vector(name, direction, packet, None, reason)


def dropped_every_way(name: str, make: Build, reason: Reason) -> list[Vector]:
    """The same bad packet in each direction, between addresses that are all right."""
    return [
        dropped(f"{name}, inbound", Direction.INBOUND, make(CLIENT, A.public), reason),
        dropped(f"{name}, outbound", Direction.OUTBOUND, make(A.private, CLIENT), reason),
        dropped(f"{name}, hairpin", Direction.HAIRPIN, make(A.private, B.public), reason),
    ]
