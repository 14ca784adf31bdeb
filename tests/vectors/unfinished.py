"""Packets whose checksum was left to a network card, or to whoever cuts an aggregate.

What must leave the gateway is what Scapy builds with the other addresses: finished, or of an
aggregate with the sum of its new pseudo-header.
"""

import struct
from typing import Any, Final, NamedTuple

from scapy.layers.inet import IP, TCP, UDP, IPOption_NOP
from scapy.layers.sctp import SCTP, SCTPChunkData
from scapy.packet import Packet as Layer
from scapy.packet import Raw
from scapy.utils import checksum as full_checksum
from vectors.row import CLIENT, NOBODY, A, B, Vector, ip

from gateway.nat.outcome import NO_SLOT, Checksum, Direction
from gateway.nat.reasons import Reason

PLACE: Final = {6: 16, 17: 6, 132: 8}
SIZE: Final = {6: 2, 17: 2, 132: 4}


class Way(NamedTuple):
    """The addresses before and after, and the slots to count under."""

    before: tuple[str, str]
    after: tuple[str, str]
    sender: int = NO_SLOT
    receiver: int = NO_SLOT


WAYS: Final = {
    Direction.INBOUND: Way((CLIENT, A.public), (CLIENT, A.private), receiver=A.slot),
    Direction.OUTBOUND: Way((A.private, CLIENT), (A.public, CLIENT), A.slot),
    Direction.HAIRPIN: Way((A.private, B.public), (A.public, B.private), A.slot, B.slot),
}
AGGREGATE: Final = Checksum.UNFINISHED_AGGREGATE


def pseudo_header_sum(packet: bytes | bytearray) -> int:
    """The sum that a card is left with (RFC 9293, 3.1)."""
    length = int.from_bytes(packet[2:4]) - (packet[0] & 15) * 4
    covered = bytes(packet[12:20]) + struct.pack("!BBH", 0, packet[9], length)
    return ~full_checksum(covered) & 0xFFFF


def left(packet: bytes | bytearray) -> bytes:
    """The packet as its sender leaves it to a card; SCTP has no sum of a pseudo-header."""
    other, protocol = bytearray(packet), packet[9]
    place = (packet[0] & 15) * 4 + PLACE[protocol]
    value = 0 if protocol == 132 else pseudo_header_sum(packet)
    other[place : place + SIZE[protocol]] = value.to_bytes(SIZE[protocol])
    return bytes(other)


def _row(name: str, direction: Direction, packet: bytes, out: bytes, checksum: Checksum) -> Vector:
    way = WAYS[direction]
    return Vector(
        f"{name}, {direction.name.lower()}",
        direction,
        packet,
        out,
        sender=way.sender,
        receiver=way.receiver,
        checksum=checksum,
    )


def _finished(name: str, above: Layer, padding: bytes = b"", **header: Any) -> list[Vector]:
    return [
        _row(
            f"unfinished {name}",
            direction,
            left(ip(*way.before, above, **header)) + padding,
            ip(*way.after, above, **header) + padding,
            Checksum.UNFINISHED,
        )
        for direction, way in WAYS.items()
    ]


def _aggregate(name: str, above: Layer) -> list[Vector]:
    return [
        _row(
            f"aggregate of {name}",
            direction,
            left(ip(*way.before, above)),
            left(ip(*way.after, above)),
            AGGREGATE,
        )
        for direction, way in WAYS.items()
    ]


def _zero(direction: Direction) -> Vector:
    """A datagram with data that makes the checksum 0, which UDP sends as 0xffff (RFC 768)."""
    way = WAYS[direction]
    blank = ip(*way.after, UDP(sport=1, dport=2) / Raw(b"\0\0"))
    datagram = UDP(sport=1, dport=2) / Raw(blank[26:28])
    expected = ip(*way.after, datagram)
    assert expected[26:28] == b"\xff\xff"
    name = "unfinished udp whose checksum is 0"
    packet = left(ip(*way.before, datagram))
    return _row(name, direction, packet, expected, Checksum.UNFINISHED)


def _dropped(name: str, packet: bytes, reason: Reason) -> list[Vector]:
    return [
        Vector(f"{state} {name}", Direction.INBOUND, packet, None, reason, checksum=checksum)
        for state, checksum in (("unfinished", Checksum.UNFINISHED), ("aggregate of", AGGREGATE))
    ]


def _to_a(above: Layer, **header: Any) -> bytes:
    return ip(CLIENT, A.public, above, **header)


INNER: Final = bytes(IP(src="10.9.9.9", dst="10.9.9.8") / TCP())
# A checksum is unfinished somewhere in these, and it isn't the one of the outer packet.
NOT_ITS_OWN: Final = {
    "ip-in-ip": _to_a(Raw(INNER), proto=4),
    "gre": _to_a(Raw(b"\0\0\x08\0" + INNER), proto=47),
    "vxlan": _to_a(UDP(dport=4789, chksum=0) / Raw(bytes(22) + INNER)),
    "vxlan with a checksum": _to_a(UDP(dport=4789) / Raw(bytes(22) + INNER)),
    "icmp": _to_a(Raw(b"\x08" + bytes(30)), proto=1),
    "icmp error": _to_a(Raw(b"\x0b" + bytes(7) + INNER), proto=1),
    "later fragment": _to_a(Raw(bytes(40)), proto=17, frag=3),
    "sctp of 11 bytes": _to_a(Raw(bytes(11)), proto=132),
}
NO_PACKET: Final = {
    "byte": (b"E", Reason.HEADER_TRUNCATED),
    "zeros": (bytes(20), Reason.BAD_VERSION),
    "ipv6": (b"\x60" + bytes(39), Reason.BAD_VERSION),
    "cut packet": (_to_a(UDP() / Raw(bytes(90)))[:-1], Reason.TRUNCATED),
    "packet of nobody": (left(ip(CLIENT, NOBODY, TCP())), Reason.UNKNOWN_PUBLIC),
}
TRANSPORTS: Final = {
    "tcp": TCP(sport=1, dport=2, flags="PA") / Raw(b"even"),
    "tcp of odd length": TCP(sport=1, dport=2, flags="PA") / Raw(b"odd"),
    "tcp without data": TCP(sport=1, dport=2),
    "udp": UDP(sport=1, dport=2) / Raw(b"even"),
    "udp of odd length": UDP(sport=1, dport=2) / Raw(b"odd"),
    "udp without data": UDP(sport=1, dport=2),
    "sctp": SCTP(tag=7) / SCTPChunkData(data=b"some data"),
}

VECTORS: Final[list[Vector]] = [
    *(row for name, above in TRANSPORTS.items() for row in _finished(name, above)),
    *(
        row
        for name, above in TRANSPORTS.items()
        for row in _finished(
            f"{name} behind options", above, b"\xaa\xbb\xcc", options=[IPOption_NOP()] * 40
        )
    ),
    *(_zero(direction) for direction in Direction),
    *(
        row
        for name, header in (("tcp", TCP(flags="A")), ("udp", UDP()))
        for size in (1, 2920, 65_400)
        for row in _aggregate(f"{size} bytes of {name}", header / Raw(b"\xa5" * size))
    ),
    *(
        row
        for name, packet in NOT_ITS_OWN.items()
        for row in _dropped(name, packet, Reason.UNFINISHED)
    ),
    *(
        row
        for name, (packet, reason) in NO_PACKET.items()
        for row in _dropped(name, packet, reason)
    ),
]
