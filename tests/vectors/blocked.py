"""A blocked public address: nothing passes to it or from it, and all else as ever."""

from dataclasses import replace
from typing import Final

from scapy.layers.inet import ICMP, TCP, UDP
from scapy.packet import Packet as Layer
from scapy.packet import Raw
from vectors.row import CLIENT, A, B, Vector, dropped, hairpin, inbound, ip, outbound
from vectors.transports import layer

from gateway.nat.outcome import Direction
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, Package, build

IN, OUT, HAIRPIN = Direction.INBOUND, Direction.OUTBOUND, Direction.HAIRPIN
TABLE: Final = build(
    1,
    8,
    [
        Mapping(0xCB007109, 0x0A000002, A.slot),
        Mapping(0xCB00710A, 0x0A000003, B.slot, package=1, blocked=True),
    ],
    [Package(1, 8_000)],
)


def _of(name: str, above: Layer) -> list[Vector]:
    calls = [
        ("to it", IN, ip(CLIENT, B.public, above)),
        ("from it", OUT, ip(B.private, CLIENT, above)),
        ("to it, hairpin", HAIRPIN, ip(A.private, B.public, above)),
        ("from it, hairpin", HAIRPIN, ip(B.private, A.public, above)),
        ("to itself, hairpin", HAIRPIN, ip(B.private, B.public, above)),
    ]
    return [
        dropped(f"blocked: {name} {how}", direction, packet, Reason.BLOCKED)
        for how, direction, packet in calls
    ]


_UDP: Final = UDP(sport=1, dport=2) / Raw(b"four")
_NOT_ITS: Final = [
    inbound("blocked: another's", layer(_UDP)),
    outbound("blocked: another's", layer(_UDP)),
    hairpin("blocked: another's to itself", layer(_UDP), callee=A),
]
VECTORS: Final[list[Vector]] = [
    replace(vector, table=TABLE)
    for vector in (
        *_of("UDP", _UDP),
        *_of("TCP", TCP(flags="S")),
        *_of("ping", ICMP()),
        *_NOT_ITS,
    )
]
