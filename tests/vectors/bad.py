"""What is dropped, and why: one row per rule and edge of it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from scapy.layers.inet import ICMP, TCP, UDP, IPOption_NOP
from scapy.packet import Raw
from vectors.row import (
    CLIENT,
    NO_INSTANCE,
    NOBODY,
    TWO_POOLS,
    A,
    B,
    Build,
    Vector,
    dropped,
    dropped_every_way,
    inbound,
    ip,
)
from vectors.transports import layer, padded, raw

from gateway.nat.outcome import Direction
from gateway.nat.reasons import Reason

IN, OUT, HAIRPIN = Direction.INBOUND, Direction.OUTBOUND, Direction.HAIRPIN


def _udp(**header: Any) -> Build:
    return layer(UDP() / Raw(b"four"), **header)


def _cut(make: Build, length: int) -> Build:
    return lambda source, destination: make(source, destination)[:length]


_BAD: Final[dict[str, tuple[Build, Reason]]] = {
    "empty": (_cut(_udp(), 0), Reason.HEADER_TRUNCATED),
    "19 bytes": (_cut(_udp(), 19), Reason.HEADER_TRUNCATED),
    "RFC 1122 3.2.1.1: version 0": (_udp(version=0), Reason.BAD_VERSION),
    "RFC 1122 3.2.1.1: version 5": (_udp(version=5), Reason.BAD_VERSION),
    "RFC 1122 3.2.1.1: version 6": (_udp(version=6), Reason.BAD_VERSION),
    "RFC 1122 3.2.1.1: version 15": (_udp(version=15), Reason.BAD_VERSION),
    "RFC 791 3.1: header of 0 words": (_udp(ihl=0), Reason.BAD_HEADER_LENGTH),
    "RFC 791 3.1: header of 4 words": (_udp(ihl=4), Reason.BAD_HEADER_LENGTH),
    "RFC 791 3.1: header longer than the packet": (_udp(ihl=15), Reason.BAD_TOTAL_LENGTH),
    "RFC 791 3.1: total length 0": (_udp(len=0), Reason.BAD_TOTAL_LENGTH),
    "RFC 791 3.1: total length 19": (_udp(len=19), Reason.BAD_TOTAL_LENGTH),
    "RFC 791 3.1: total length inside the options": (
        _udp(options=[IPOption_NOP()] * 4, len=23),
        Reason.BAD_TOTAL_LENGTH,
    ),
    "one byte is missing": (_udp(len=33), Reason.TRUNCATED),
    "total length 65535": (_udp(len=0xFFFF), Reason.TRUNCATED),
    "TCP of 19 bytes": (_cut(layer(TCP(), len=39), 39), Reason.TRANSPORT_TRUNCATED),
    "TCP that options leave 19 bytes": (
        _cut(layer(TCP(), options=[IPOption_NOP()] * 4, len=43), 43),
        Reason.TRANSPORT_TRUNCATED,
    ),
    "TCP header that ends in the padding": (
        padded(layer(Raw(bytes(TCP())[:19]), proto=6), b"\0" * 7),
        Reason.TRANSPORT_TRUNCATED,
    ),
    "UDP of 7 bytes": (raw(17, bytes(7)), Reason.TRANSPORT_TRUNCATED),
    "UDP of 0 bytes": (raw(17, b""), Reason.TRANSPORT_TRUNCATED),
    "UDP-Lite of 7 bytes": (raw(136, bytes(7)), Reason.TRANSPORT_TRUNCATED),
    "DCCP of 11 bytes": (raw(33, bytes(11)), Reason.TRANSPORT_TRUNCATED),
    "ICMP of 7 bytes": (raw(1, b"\x08" + bytes(6)), Reason.TRANSPORT_TRUNCATED),
    "ICMP of 0 bytes": (raw(1, b""), Reason.TRANSPORT_TRUNCATED),
    "RFC 1858 3: tiny first fragment of TCP, 8 bytes": (
        raw(6, bytes(8), flags="MF"),
        Reason.TRANSPORT_TRUNCATED,
    ),
    "RFC 1858 3: tiny first fragment of TCP, 16 bytes": (
        raw(6, bytes(16), flags="MF"),
        Reason.TRANSPORT_TRUNCATED,
    ),
    "first fragment without any data": (raw(17, b"", flags="MF"), Reason.TRANSPORT_TRUNCATED),
    "RFC 4302 3.3.3.1.1: AH": (raw(51, bytes(24)), Reason.AUTHENTICATION_HEADER),
    "RFC 4302 3.3.3.1.1: later fragment of AH": (
        raw(51, bytes(8), frag=3),
        Reason.AUTHENTICATION_HEADER,
    ),
    "RFC 6633: source quench": (layer(ICMP(type=4)), Reason.UNSUPPORTED_ICMP),
    "RFC 1122 3.2.2.2: redirect": (
        layer(ICMP(type=5, gw="192.0.2.1") / Raw(bytes(28))),
        Reason.UNSUPPORTED_ICMP,
    ),
}

# Range → the first and last address of it, and the neighbours that are none of it.
MARTIANS: Final[dict[str, tuple[tuple[str, str], tuple[str, ...]]]] = {
    "0.0.0.0/8": (("0.0.0.0", "0.255.255.255"), ("1.0.0.0",)),  # noqa: S104  not bound to
    "10.0.0.0/8": (("10.0.0.0", "10.255.255.255"), ("9.255.255.255", "11.0.0.0")),
    "127.0.0.0/8": (("127.0.0.0", "127.255.255.255"), ("126.255.255.255", "128.0.0.0")),
    "169.254.0.0/16": (("169.254.0.0", "169.254.255.255"), ("169.253.255.255", "169.255.0.0")),
    "172.16.0.0/12": (("172.16.0.0", "172.31.255.255"), ("172.15.255.255", "172.32.0.0")),
    "192.168.0.0/16": (("192.168.0.0", "192.168.255.255"), ("192.167.255.255", "192.169.0.0")),
    "224.0.0.0/3": (("224.0.0.0", "255.255.255.255"), ("223.255.255.255",)),
}


def _from(source: str) -> bytes:
    return ip(source, A.public, UDP() / Raw(b"four"))


def _martians() -> Iterator[Vector]:
    for network, (inside, outside) in MARTIANS.items():
        for source in inside:
            name = f"RFC 1122 3.2.1.3, RFC 6890: from {source}, of {network}"
            yield dropped(name, IN, _from(source), Reason.MARTIAN)
        for source in outside:
            yield inbound(f"from {source}, next to {network}", _as_from(source))


def _misdirected() -> Iterator[Vector]:
    for network, (inside, outside) in MARTIANS.items():
        for destination in inside:
            packet = ip(A.private, destination, UDP() / Raw(b"four"))
            name = f"to {destination}, of {network}, outbound"
            yield dropped(name, OUT, packet, Reason.MISDIRECTED)
        for destination in outside:
            yield Vector(
                f"to {destination}, next to {network}, outbound",
                OUT,
                ip(A.private, destination, UDP() / Raw(b"four")),
                ip(A.public, destination, UDP() / Raw(b"four")),
                sender=A.slot,
            )


def _as_from(source: str) -> Build:
    return lambda _, to: ip(source, to, UDP() / Raw(b"four"))


def _to(source: str, destination: str) -> bytes:
    return ip(source, destination, UDP() / Raw(b"four"))


VECTORS: Final[list[Vector]] = [
    *(
        row
        for name, (make, reason) in _BAD.items()
        for row in dropped_every_way(name, make, reason)
    ),
    *_martians(),
    *_misdirected(),
    dropped("to its own public address", OUT, _to(A.private, A.public), Reason.MISDIRECTED),
    dropped("to another's public address", OUT, _to(A.private, B.public), Reason.MISDIRECTED),
    dropped("to another's private address", OUT, _to(A.private, B.private), Reason.MISDIRECTED),
    dropped("from its own public address", IN, _to(A.public, B.public), Reason.MARTIAN),
    dropped("from another's public address", IN, _to(B.public, A.public), Reason.MARTIAN),
    dropped("from one to nobody's address", IN, _to(B.public, NOBODY), Reason.MARTIAN),
    dropped("from nobody's address of the pool", IN, _to(NOBODY, A.public), Reason.MARTIAN),
    dropped("from the pool's first address", IN, _to("203.0.113.0", A.public), Reason.MARTIAN),
    dropped("from the pool's last address", IN, _to("203.0.113.255", A.public), Reason.MARTIAN),
    inbound("from next to the pool's first address", _as_from("203.0.112.255")),
    inbound("from next to the pool's last address", _as_from("203.0.114.0")),
    *(
        replace(
            dropped(f"from {source}, of one of two pools", IN, _from(source), Reason.MARTIAN),
            table=TWO_POOLS,
        )
        for source in ("198.18.0.0", "198.18.0.127", "203.0.113.0", "203.0.113.255")
    ),
    replace(
        inbound("from between two pools", _as_from("198.18.0.128")),
        table=TWO_POOLS,
    ),
    dropped("to nobody's address, outbound", OUT, _to(A.private, NOBODY), Reason.MISDIRECTED),
    dropped("land, public", IN, _to(A.public, A.public), Reason.LAND),
    dropped("land, client", IN, _to(CLIENT, CLIENT), Reason.LAND),
    dropped("land, private", OUT, _to(A.private, A.private), Reason.LAND),
    dropped("land, public, hairpin", HAIRPIN, _to(A.public, A.public), Reason.LAND),
    dropped("to nobody's address", IN, _to(CLIENT, NOBODY), Reason.UNKNOWN_PUBLIC),
    dropped("to a private address", IN, _to(CLIENT, A.private), Reason.UNKNOWN_PUBLIC),
    dropped("to nobody's, hairpin", HAIRPIN, _to(A.private, NOBODY), Reason.UNKNOWN_PUBLIC),
    dropped("no mapping", OUT, _to(NO_INSTANCE, CLIENT), Reason.UNKNOWN_PRIVATE),
    dropped("from a public address already", OUT, _to(A.public, CLIENT), Reason.UNKNOWN_PRIVATE),
    dropped("no mapping, hairpin", HAIRPIN, _to(NO_INSTANCE, B.public), Reason.UNKNOWN_PRIVATE),
    dropped(
        "from a public address already, hairpin",
        HAIRPIN,
        _to(A.public, B.public),
        Reason.UNKNOWN_PRIVATE,
    ),
]
