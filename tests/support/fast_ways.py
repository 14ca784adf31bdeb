"""Packets of every direction over the links of `fast_links`, and what becomes of them."""

from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Packet, Raw
from support.fast_links import CLIENT, DB, PRIVATE, WEB, FastLinks
from vectors.row import POOL

from gateway.fastpath.passage import Passed
from gateway.nat.outcome import Direction
from gateway.nat.table import Mapping, build

PUBLIC, DB_PUBLIC = "203.0.113.9", "203.0.113.10"
TABLE = build(
    7, 4, [Mapping(0xCB007109, 0x0A000002, 1), Mapping(0xCB00710A, 0x0A000003, 2)], pools=[POOL]
)
IN, OUT, HAIRPIN = Direction.INBOUND, Direction.OUTBOUND, Direction.HAIRPIN
# From which host, between which addresses, to which host.
WAYS = {
    IN: ("client", CLIENT, PUBLIC, WEB),
    OUT: (WEB, PRIVATE[WEB], CLIENT, "client"),
    HAIRPIN: (WEB, PRIVATE[WEB], DB_PUBLIC, DB),
}
PLAIN = {
    "udp": UDP(sport=1, dport=2) / Raw(b"data"),
    "udp-without-a-checksum": UDP(sport=1, dport=2, chksum=0) / Raw(b"data"),
    "tcp": TCP(sport=1, dport=2, flags="PA") / Raw(b"data"),
    "echo": ICMP(id=1, seq=2) / Raw(b"data"),
}
GSO_TCP, GSO_UDP = 1, 5  # VIRTIO_NET_HDR_GSO_TCPV4 and …_UDP_L4
TRANSPORT_AT = 34
SUM_AT = {6: 16, 17: 6}
NOTHING = (0, 0, 0, 0, 0, 0)

each_way = pytest.mark.parametrize("direction", WAYS, ids=lambda direction: direction.name.lower())


def made(direction: Direction, above: Packet, **header: Any) -> bytes:
    _, source, destination, _ = WAYS[direction]
    return bytes(IP(src=source, dst=destination, **header) / above)


def goes_up(
    links: FastLinks, way: Passed, direction: Direction, packet: bytes, frame: bytes = b""
) -> None:
    """The packet goes up for this reason, and untouched: if the kernel forwards it, as it is."""
    host, _, _, receiver = WAYS[direction]
    links.forget()
    with links.capture(receiver) as capture:
        links.put(host, frame or links.frame(host, packet))
        links.counted({}, {way: 1})
        for seen in capture.rest():
            assert seen.packet[12:20] == packet[12:20]


def is_carried(links: FastLinks, direction: Direction, packet: bytes) -> None:
    host, _, _, receiver = WAYS[direction]
    links.forget()
    with links.capture(receiver) as capture:
        links.send(host, packet)
        assert capture.one().packet == links.expected(direction, packet)
