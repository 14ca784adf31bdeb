"""Every IP protocol, whole and in fragments, with options and padding."""

import struct
from collections.abc import Callable
from typing import Any, Final

from scapy.layers.inet import (
    ICMP,
    IP,
    TCP,
    UDP,
    IPOption_LSRR,
    IPOption_NOP,
    IPOption_RR,
    fragment,
    in4_chksum,
)
from scapy.layers.sctp import SCTP, SCTPChunkInit
from scapy.packet import Packet as Layer
from scapy.packet import Raw
from vectors.row import CLIENT, A, B, Build, Vector, every_way, hairpin, inbound, ip, outbound

UDP_LITE: Final = 136
DCCP: Final = 33
DATA: Final = b"an odd number of bytes!"


def layer(above: Layer, **header: Any) -> Build:
    """Any layer that Scapy knows."""
    return lambda source, destination: ip(source, destination, above, **header)


def raw(protocol: int, data: bytes, **header: Any) -> Build:
    """What we know nothing of."""
    return layer(Raw(data), proto=protocol, **header)


def _summed(protocol: int, head: bytes, tail: bytes, covered: int) -> Build:
    """A header of which bytes 6 and 7 are a checksum over pseudo-header and `covered` bytes."""

    def make(source: str, destination: str) -> bytes:
        blank = head + b"\0\0" + tail
        pseudo = IP(src=source, dst=destination, ihl=5, len=20 + len(blank))
        checksum = in4_chksum(protocol, pseudo, blank[:covered])
        if protocol == UDP_LITE:  # RFC 3828, 3.1: as in UDP
            checksum = checksum or 0xFFFF
        return ip(
            source, destination, Raw(head + struct.pack("!H", checksum) + tail), proto=protocol
        )

    return make


def udp_lite(data: bytes, coverage: int) -> Build:
    """RFC 3828, 3.1; a coverage of 0 means all."""
    return _summed(UDP_LITE, struct.pack("!HHH", 5000, 53, coverage), data, coverage or 9999)


def dccp(data: bytes, coverage: int = 9999) -> Build:
    """A DCCP-Data packet with a short sequence number (RFC 4340, 5.1)."""
    cs_cov = 0 if coverage == 9999 else 1 + (coverage - 12) // 4
    head = struct.pack("!HHBB", 5001, 80, 3, cs_cov)
    return _summed(DCCP, head, struct.pack("!I", 0x04000001) + data, coverage)


def padded(make: Build, padding: bytes) -> Build:
    """With link-layer padding behind it."""
    return lambda source, destination: make(source, destination) + padding


def piece(above: Layer, number: int, size: int, **header: Any) -> Build:
    """One fragment of a datagram that Scapy built whole, checksum and all."""

    def make(source: str, destination: str) -> bytes:
        whole = IP(bytes(IP(src=source, dst=destination, **header) / above))
        return bytes(fragment(whole, size)[number])  # type: ignore[no-untyped-call]

    return make


def _to_zero(of: Callable[[bytes], Build], source: str, destination: str) -> Build:
    """With data for which the checksum between these addresses is computed as 0."""
    # Summed with a word of zeros; a word that equals the checksum then makes it zero.
    place = 36 if of is _tcp else 26
    return of(of(b"\0\0")(source, destination)[place : place + 2])


def _tcp(data: bytes) -> Build:
    return layer(TCP(sport=1, dport=2) / Raw(data))


def _udp(data: bytes) -> Build:
    return layer(UDP(sport=1, dport=2) / Raw(data))


def _udp_lite(data: bytes) -> Build:
    return udp_lite(data, 0)


TCP_SYN: Final = TCP(sport=40000, dport=80, flags="S", options=[("MSS", 1460), ("WScale", 7)])
BIG: Final = bytes(range(256)) * 16
AGGREGATE: Final = bytes(range(256)) * 250  # 64 KB, as the kernel's GSO makes them

_ROWS: Final[dict[str, Build]] = {
    "RFC 3022 4.1: TCP": layer(TCP_SYN),
    "RFC 3022 4.1: TCP, odd data": layer(TCP(sport=80, dport=40000, flags="PA") / Raw(DATA)),
    "RFC 3022 4.1: TCP, an aggregate of 64 KB": layer(TCP(flags="A") / Raw(AGGREGATE)),
    "RFC 3022 4.1: UDP": layer(UDP(sport=5000, dport=53) / Raw(DATA)),
    "RFC 768: UDP without data": layer(UDP(sport=5000, dport=53)),
    "RFC 768: UDP checksum 0 stays 0": layer(UDP(chksum=0) / Raw(DATA)),
    "RFC 768: UDP checksum ffff that stood for 0": _to_zero(_udp, CLIENT, A.public),
    "RFC 5508 REQ-1: echo request": layer(ICMP(type=8, id=7, seq=1) / Raw(DATA)),
    "RFC 5508 REQ-1: echo reply": layer(ICMP(type=0, id=7, seq=1) / Raw(DATA)),
    "RFC 792: timestamp": layer(ICMP(type=13, id=7, seq=1)),
    "RFC 3828 3.1: UDP-Lite, all covered": udp_lite(DATA, 0),
    "RFC 3828 3.1: UDP-Lite, only the header covered": udp_lite(DATA, 8),
    "RFC 4340 9.1: DCCP": dccp(DATA),
    "RFC 4340 9.2: DCCP, only the header covered": dccp(DATA, 12),
    "SCTP": layer(SCTP(sport=1, dport=2) / SCTPChunkInit()),
    "GRE": raw(47, b"\0\0\x08\0" + DATA),
    "ESP": raw(50, bytes(8) + DATA),
    "IPIP": layer(IP(src="192.168.0.1", dst="192.168.0.2") / UDP() / Raw(DATA), proto=4),
    "an unknown protocol": raw(253, DATA),
    "an unknown protocol without data": raw(254, b""),
    "RFC 791 3.1: type of service, id, DF and TTL are left alone": layer(
        UDP(), tos=0xB9, id=0xBEEF, flags="DF", ttl=1
    ),
    "RFC 791 3.1: options, all 40 bytes": layer(TCP_SYN, options=[IPOption_NOP()] * 40),
    "RFC 1122 3.2.1.8: a source route and a route record": layer(
        ICMP() / Raw(DATA),  # the sums of others cover the last hop instead of the next
        options=[IPOption_LSRR(routers=["192.0.2.9"]), IPOption_RR(routers=["192.0.2.8"] * 2)],
    ),
    "one byte of padding": padded(layer(UDP() / Raw(DATA)), b"\xaa"),
    "Ethernet's padding": padded(layer(TCP()), b"\0" * 6),
    "padding behind a header without a transport": padded(raw(253, b""), b"\xff" * 26),
}
# Protocol → the checksum that is 0 after the translation.
_COMPUTED: Final[dict[str, Callable[[bytes], Build]]] = {
    "RFC 768: UDP checksum computed as 0 is sent as ffff": _udp,
    "RFC 3828 3.1: UDP-Lite checksum computed as 0 is sent as ffff": _udp_lite,
    "RFC 9293 3.1: TCP checksum computed as 0 stays 0": _tcp,
    "RFC 4340 9.1: DCCP checksum computed as 0 stays 0": dccp,
}
# Of a datagram whose data has, where a first fragment has its type, that of an ICMP error.
_LOOKS_LIKE_ERROR: Final = ICMP(id=1) / Raw(bytes(1472) + b"\x03" * 2000)
_HUGE: Final = UDP(sport=1, dport=2) / Raw(bytes(60_000))
_FRAGMENTS: Final[dict[str, Build]] = {
    **{
        f"RFC 791 3.2: {which} fragment, {name}": piece(above, number, 1480, id=77)
        for name, above in {
            "UDP": UDP(sport=1, dport=2) / Raw(BIG),
            "UDP without checksum": UDP(sport=1, dport=2, chksum=0) / Raw(BIG),
            "TCP": TCP(sport=1, dport=2) / Raw(BIG),
            "ping": ICMP(id=1) / Raw(BIG),
            "SCTP": SCTP(sport=1, dport=2) / Raw(BIG),
        }.items()
        for number, which in enumerate(("first", "middle", "last"))
    },
    # Pieces arrive in any order: there is no state for them.
    **{
        f"RFC 4787 REQ-14: a datagram of 60,000 bytes, fragment {number}": piece(
            _HUGE, number, 1480
        )
        for number in (40, 20, 0)
    },
    "RFC 792: a later fragment has no ICMP header": piece(_LOOKS_LIKE_ERROR, 1, 1480),
    "a later fragment of 1 byte": piece(UDP() / Raw(bytes(73)), 5, 16),
    "a first fragment as short as UDP's header": piece(UDP() / Raw(DATA), 0, 8),
}

VECTORS: Final[list[Vector]] = [
    *(
        row
        for name, of in _COMPUTED.items()
        for row in (
            inbound(name, _to_zero(of, CLIENT, A.private)),
            outbound(name, _to_zero(of, A.public, CLIENT)),
            hairpin(name, _to_zero(of, A.public, B.private)),
        )
    ),
    *(row for name, make in (_ROWS | _FRAGMENTS).items() for row in every_way(name, make)),
    *(
        hairpin(f"RFC 4787 REQ-9: an instance to itself, {name}", make, A)
        for name, make in {
            "TCP": layer(TCP_SYN),
            "UDP": layer(UDP() / Raw(DATA)),
            "ping": layer(ICMP() / Raw(DATA)),
            "UDP-Lite": udp_lite(DATA, 0),
            "a later fragment": piece(UDP() / Raw(BIG), 1, 1480),
        }.items()
    ),
]
