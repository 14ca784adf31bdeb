"""ICMP errors (RFC 792, RFC 5508): what they quote, how much of it, and who says so.

::

    outer IPv4 | type code checksum  rest | quoted IPv4 | quoted transport | extension (RFC 4884)
"""

import struct
from collections.abc import Callable, Iterator
from typing import Any, Final

from scapy.layers.inet import ICMP, TCP, UDP, IPOption_NOP
from scapy.packet import Raw
from scapy.utils import checksum
from vectors.row import (
    CLIENT,
    GATEWAY,
    NO_INSTANCE,
    NOBODY,
    ROUTER,
    A,
    B,
    Build,
    Vector,
    dropped,
    ip,
)
from vectors.transports import BIG, DATA, TCP_SYN, dccp, layer, piece, raw, udp_lite

from gateway.nat.outcome import Direction
from gateway.nat.reasons import Reason

IN, OUT, HAIRPIN = Direction.INBOUND, Direction.OUTBOUND, Direction.HAIRPIN

# The outer source and destination, and the quoted datagram's → the error.
Error = Callable[[str, str, str, str], bytes]

FRAGMENTATION_NEEDED: Final = (3, 4, struct.pack("!HH", 0, 1400))  # RFC 1191, 4
TTL_EXCEEDED: Final = (11, 0, bytes(4))
Kind = tuple[int, int, bytes]
KINDS: Final[dict[str, Kind]] = {
    "network unreachable": (3, 0, bytes(4)),
    "port unreachable": (3, 3, bytes(4)),
    "fragmentation needed": FRAGMENTATION_NEEDED,
    "administratively prohibited": (3, 13, bytes(4)),
    "TTL exceeded": TTL_EXCEEDED,
    "reassembly time exceeded": (11, 1, bytes(4)),
    "parameter problem": (12, 0, b"\x09\0\0\0"),
}


def icmp(kind: Kind, body: bytes) -> Raw:
    """An ICMP message, with the checksum of Scapy."""
    number, code, rest = kind
    blank = bytes([number, code, 0, 0]) + rest + body
    return Raw(blank[:2] + struct.pack("!H", checksum(blank)) + blank[4:])


def error(
    kind: Kind, quoted: Build, keep: int = 0xFFFF, behind: bytes = b"", **header: Any
) -> Error:
    """An error that quotes the first `keep` bytes of a datagram, with `behind` it."""

    def make(source: str, destination: str, about_source: str, about_destination: str) -> bytes:
        quote = quoted(about_source, about_destination)[:keep]
        return ip(source, destination, icmp(kind, quote + behind), proto=1, **header)

    return make


def error_every_way(name: str, make: Error) -> list[Vector]:
    """From a router outside, from an instance, from the called one, and from our own kernel."""
    return [
        Vector(
            f"RFC 5508 REQ-4: {name}, inbound",
            IN,
            make(ROUTER, A.public, A.public, CLIENT),
            make(ROUTER, A.private, A.private, CLIENT),
            receiver=A.slot,
        ),
        Vector(
            f"RFC 5508 REQ-5: {name}, outbound",
            OUT,
            make(A.private, CLIENT, CLIENT, A.private),
            make(A.public, CLIENT, CLIENT, A.public),
            sender=A.slot,
        ),
        Vector(
            f"RFC 5508 REQ-7: {name}, hairpin",
            HAIRPIN,
            make(B.private, A.public, A.public, B.private),
            make(B.public, A.private, A.private, B.public),
            sender=B.slot,
            receiver=A.slot,
        ),
        Vector(
            f"RFC 5508 REQ-7: {name}, hairpin to itself",
            HAIRPIN,
            make(A.private, A.public, A.public, A.private),
            make(A.public, A.private, A.private, A.public),
            sender=A.slot,
            receiver=A.slot,
        ),
        Vector(
            f"RFC 5508 REQ-10: {name}, the gateway's own, outbound",
            OUT,
            make(GATEWAY, CLIENT, CLIENT, A.private),
            make(GATEWAY, CLIENT, CLIENT, A.public),
        ),
        Vector(
            f"RFC 5508 REQ-10: {name}, the gateway's own, about a hairpin",
            HAIRPIN,
            make(GATEWAY, A.public, A.public, B.private),
            make(GATEWAY, A.private, A.private, B.public),
            receiver=A.slot,
        ),
    ]


QUOTED: Final[dict[str, Build]] = {
    "TCP": layer(TCP_SYN / Raw(DATA)),
    "UDP": layer(UDP(sport=5000, dport=53) / Raw(DATA)),
    "UDP checksum 0": layer(UDP(sport=5000, dport=53, chksum=0) / Raw(DATA)),
    "UDP-Lite": udp_lite(DATA, 8),
    "DCCP": dccp(DATA),
    "ICMP echo": layer(ICMP(type=8, id=7, seq=1) / Raw(DATA)),
    "SCTP or another": raw(132, DATA),
}
# How much is quoted: RFC 792 asks for the header and 8 bytes, RFC 1812 for all that fits 576.
KEPT: Final[dict[str, int]] = {
    "header and 8 bytes": 28,
    "header and 28 bytes": 48,
    "all": 0xFFFF,
}
# Their checksum is given, so that half of it is the same for any addresses: what isn't whole can't
# be updated, and must be left as the router sent it.
GIVEN: Final[dict[str, Build]] = {
    "TCP": layer(TCP(chksum=0x1234)),
    "UDP": layer(UDP(chksum=0x1234) / Raw(DATA)),
    "DCCP": raw(33, bytes(6) + b"\x12\x34" + bytes(4)),
}
# Bytes kept; TCP's checksum is 36 and 37, that of the others 26 and 27.
EDGES: Final[dict[str, tuple[str, int]]] = {
    "the header alone": ("TCP", 20),
    "TCP up to its checksum": ("TCP", 36),
    "half of TCP's checksum": ("TCP", 37),
    "UDP up to its checksum": ("UDP", 26),
    "half of UDP's checksum": ("UDP", 27),
    "half of DCCP's checksum": ("DCCP", 27),
}
OPTIONS: Final = [IPOption_NOP()] * 8


def _extension(*objects: tuple[int, int, bytes]) -> bytes:
    """RFC 4884, 7: a header with its own checksum, and objects of class, type and payload."""
    body = b"".join(struct.pack("!HBB", 4 + len(p), c, t) + p for c, t, p in objects)
    blank = b"\x20\0\0\0" + body
    return b"\x20\0" + struct.pack("!H", checksum(blank)) + body


MPLS: Final = (1, 1, struct.pack("!I", 0x12345140))  # RFC 4950: a label, EXP, S, TTL 64
INTERFACE: Final = (2, 0x0A, struct.pack("!I", 7) + b"\x09eth0\0\0\0\0")  # RFC 5837


def _extended(kind: int, code: int, quoted: Build, extension: bytes, words: int) -> Error:
    """A quote of 128 bytes, filled up with zeros, its length in `words`; then the extension."""

    def make(source: str, destination: str, about_source: str, about_destination: str) -> bytes:
        quote = quoted(about_source, about_destination)[:128].ljust(128, b"\0")
        message = icmp((kind, code, bytes([0, words, 0, 0])), quote + extension)
        return ip(source, destination, message, proto=1)

    return make


def _rows() -> Iterator[tuple[str, Error]]:
    for name, kind in KINDS.items():
        yield f"{name} about UDP", error(kind, QUOTED["UDP"])
    for name, quoted in QUOTED.items():
        for length, keep in KEPT.items():
            yield f"TTL exceeded, {name}, {length}", error(TTL_EXCEEDED, quoted, keep)
    for name, (what, keep) in EDGES.items():
        yield f"quotes {name}", error(TTL_EXCEEDED, GIVEN[what], keep)
    syn = QUOTED["TCP"]
    yield "quotes TCP up to the end of its checksum", error(TTL_EXCEEDED, syn, 38)
    yield "quotes an odd length", error(TTL_EXCEEDED, QUOTED["UDP"], 33)
    yield (
        "RFC 1191 4: fragmentation needed about TCP, MTU kept",
        error(FRAGMENTATION_NEEDED, layer(TCP(flags="PA") / Raw(BIG[:1460]), flags="DF"), 548),
    )
    yield "options outside", error(TTL_EXCEEDED, syn, options=OPTIONS)
    yield "REQ-3b: options inside", error(TTL_EXCEEDED, layer(TCP_SYN, options=OPTIONS))
    yield (
        "options outside and inside",
        error(TTL_EXCEEDED, layer(UDP() / Raw(DATA), options=OPTIONS), options=OPTIONS),
    )
    yield (
        "options inside, and nothing behind them",
        error(TTL_EXCEEDED, layer(UDP(), options=OPTIONS), 28),
    )
    yield "about a first fragment", error(TTL_EXCEEDED, piece(UDP() / Raw(BIG), 0, 1480), 548)
    yield "about a later fragment", error(TTL_EXCEEDED, piece(UDP() / Raw(BIG), 1, 1480), 48)
    yield "about the last fragment", error(TTL_EXCEEDED, piece(TCP() / Raw(BIG), 2, 1480), 48)
    yield "about an IPv4 checksum that is wrong", error(TTL_EXCEEDED, _wrong_checksum)
    long = layer(TCP(flags="PA") / Raw(BIG[:600]))
    one, two = _extension(MPLS), _extension(MPLS, INTERFACE)
    yield "RFC 4884 4.2: MPLS object", _extended(11, 0, long, one, 32)
    yield "RFC 4884 7: two objects", _extended(11, 0, long, two, 32)
    yield "RFC 4884 4.1: two objects, unreachable", _extended(3, 1, long, two, 32)
    yield "RFC 4884 4.3: two objects, parameter problem", _extended(12, 0, long, two, 32)
    yield "RFC 4884 4.2: a short datagram, filled up", _extended(11, 0, QUOTED["UDP"], one, 32)
    yield "RFC 4884 5: an extension without a length", _extended(11, 0, long, one, 0)


def _wrong_checksum(source: str, destination: str) -> bytes:
    # By as much as before, whichever addresses: a router that had lowered the TTL only.
    whole = bytearray(ip(source, destination, UDP() / Raw(DATA), ttl=9))
    whole[8] -= 1
    return bytes(whole)


MISMATCH, UNKNOWN = Reason.QUOTE_MISMATCH, Reason.QUOTE_UNKNOWN
INSIDE: Final = "10.0.0.1"
PRIVATE: Final = "10.9.9.9"  # a router outside, where others number privately, too
# Name, direction, reason; the outer source and destination, and the quoted ones.
MISDIRECTED: Final[list[tuple[str, Direction, Reason, tuple[str, str, str, str]]]] = [
    ("REQ-4: another's", IN, MISMATCH, (ROUTER, A.public, B.public, CLIENT)),
    ("REQ-4: a private one", IN, MISMATCH, (ROUTER, A.public, A.private, CLIENT)),
    ("REQ-4: to nobody", IN, Reason.UNKNOWN_PUBLIC, (ROUTER, NOBODY, NOBODY, CLIENT)),
    ("from a martian", IN, Reason.MARTIAN, ("169.254.9.9", A.public, A.public, CLIENT)),
    ("from loopback", IN, Reason.MARTIAN, ("127.0.0.1", A.public, A.public, CLIENT)),
    ("from an instance's address", IN, Reason.MARTIAN, (B.private, A.public, A.public, CLIENT)),
    ("from a private one, another's", IN, Reason.MARTIAN, (PRIVATE, A.public, B.public, CLIENT)),
    ("from a private one, to nobody", IN, Reason.MARTIAN, (PRIVATE, NOBODY, NOBODY, CLIENT)),
    ("REQ-5: another's", OUT, MISMATCH, (A.private, CLIENT, CLIENT, B.private)),
    ("REQ-5: nobody's", OUT, UNKNOWN, (A.private, CLIENT, CLIENT, NO_INSTANCE)),
    ("REQ-5: another sender's", OUT, MISMATCH, (A.private, CLIENT, ROUTER, A.private)),
    ("REQ-5: a private sender's", OUT, MISMATCH, (A.private, CLIENT, B.private, A.private)),
    ("the gateway's own, another's", OUT, MISMATCH, (GATEWAY, CLIENT, ROUTER, A.private)),
    ("one from our own public", OUT, Reason.UNKNOWN_PRIVATE, (B.public, CLIENT, CLIENT, A.private)),
    ("REQ-5: a public one", OUT, UNKNOWN, (A.private, CLIENT, CLIENT, A.public)),
    ("the gateway's own, nobody's", OUT, UNKNOWN, (GATEWAY, CLIENT, CLIENT, NO_INSTANCE)),
    ("from within", OUT, Reason.UNKNOWN_PRIVATE, (INSIDE, CLIENT, CLIENT, A.private)),
    ("REQ-7: the caller's", HAIRPIN, MISMATCH, (B.private, A.public, B.public, B.private)),
    ("REQ-7: the called one's", HAIRPIN, MISMATCH, (B.private, A.public, A.public, A.private)),
    ("REQ-7: nobody's", HAIRPIN, UNKNOWN, (B.private, A.public, A.public, CLIENT)),
    ("REQ-7: to nobody", HAIRPIN, Reason.UNKNOWN_PUBLIC, (B.private, NOBODY, NOBODY, B.private)),
    (
        "a hairpin, from within",
        HAIRPIN,
        Reason.UNKNOWN_PRIVATE,
        (INSIDE, A.public, A.public, B.private),
    ),
]

FULL: Final = error(TTL_EXCEEDED, QUOTED["UDP"])
SHORT: Final = error(TTL_EXCEEDED, QUOTED["UDP"], 19)
VERSION_6: Final = error(TTL_EXCEEDED, layer(UDP(), version=6))
HEADER_16: Final = error(TTL_EXCEEDED, layer(UDP(), ihl=4))
HEADER_60: Final = error(TTL_EXCEEDED, layer(UDP(), ihl=15))


def _padded(a: str, b: str, c: str, d: str) -> bytes:
    """The quoted header ends in the link layer's padding."""
    return SHORT(a, b, c, d) + bytes(7)


EMPTY: Final = error(TTL_EXCEEDED, QUOTED["UDP"], 0)


def _dropped_rows() -> Iterator[Vector]:
    bad = {
        "nothing": EMPTY,
        "19 bytes": SHORT,
        "19 bytes, and padding behind": _padded,
        "version 6": VERSION_6,
        "a header of 16 bytes": HEADER_16,
        "options that aren't there": HEADER_60,
    }
    for name, make in bad.items():
        for direction, packet in (
            (IN, make(ROUTER, A.public, A.public, CLIENT)),
            (OUT, make(A.private, CLIENT, CLIENT, A.private)),
            (HAIRPIN, make(B.private, A.public, A.public, B.private)),
        ):
            yield dropped(
                f"RFC 1122 3.2.2: quotes {name}, {direction.name}",
                direction,
                packet,
                Reason.QUOTE_TRUNCATED,
            )
    private = {"nothing": EMPTY, "19 bytes": SHORT, "what isn't there": HEADER_60}
    for name, make in private.items():
        packet = make(PRIVATE, A.public, A.public, CLIENT)
        yield dropped(f"from a private address, quotes {name}", IN, packet, Reason.MARTIAN)
    for name, message in {"echo": b"\x08" + bytes(40), "a redirect": b"\x05" + bytes(40)}.items():
        packet = ip(PRIVATE, A.public, Raw(message), proto=1)
        yield dropped(f"from a private address: ICMP, {name}", IN, packet, Reason.MARTIAN)
    cut = ip(PRIVATE, A.public, Raw(b"\x0b" + bytes(6)), proto=1)
    yield dropped("from a private address: 7 bytes of ICMP", IN, cut, Reason.MARTIAN)
    later = ip(PRIVATE, A.public, Raw(b"\x0b" + bytes(40)), proto=1, frag=3)
    yield dropped("from a private address: a later fragment", IN, later, Reason.MARTIAN)
    for name, direction, reason, addresses in MISDIRECTED:
        yield dropped(f"RFC 5508 error about {name}", direction, FULL(*addresses), reason)


def _private_routers() -> Iterator[Vector]:
    rows = [(PRIVATE, name) for name in KINDS]
    rows += [(one, "TTL exceeded") for one in ("172.16.0.1", "172.31.255.254", "192.168.9.9")]
    for router, name in rows:
        make = error(KINDS[name], QUOTED["UDP"])
        yield Vector(
            f"RFC 4787 REQ-12a: {name}, from {router}",
            IN,
            make(router, A.public, A.public, CLIENT),
            make(router, A.private, A.private, CLIENT),
            receiver=A.slot,
        )


VECTORS: Final[list[Vector]] = [
    *_private_routers(),
    *(row for name, make in _rows() for row in error_every_way(name, make)),
    *_dropped_rows(),
]
