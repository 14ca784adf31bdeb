"""Captures in each form that there is, made by hand (draft-ietf-opsawg-pcap, -pcapng)."""

import struct
from typing import Final

RAW: Final = 101
ETHERNET: Final = 1
COOKED_1: Final = 113
COOKED_2: Final = 276

MACS: Final = b"\2\0\0\0\0\2\2\0\0\0\0\1"
IPV4: Final = b"\x08\0"
# What stands before a packet, by the type of its link: with one tag and with two, as well.
LINK_LAYERS: Final = {
    "raw": (RAW, b""),
    "raw-of-scapy": (228, b""),
    "raw-of-bsd": (12, b""),
    "ethernet": (ETHERNET, MACS + IPV4),
    "vlan": (ETHERNET, MACS + b"\x81\0\0\7" + IPV4),
    "qinq": (ETHERNET, MACS + b"\x88\xa8\0\7\x81\0\0\x08" + IPV4),
    "frame-check-sequence": (ETHERNET | 0x24000000, MACS + IPV4),
    "cooked-1": (COOKED_1, b"\0\0\0\1\0\6\2\0\0\0\0\1\0\0" + IPV4),
    "cooked-1-vlan": (COOKED_1, b"\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x81\0\0\7" + IPV4),
    "cooked-2": (COOKED_2, IPV4 + b"\0\0\0\0\0\2\0\1\0\6\2\0\0\0\0\1\0\0"),
}

SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, PACKET = 0x0A0D0D0A, 1, 2, 3, 6


def pcap_head(
    link: int = RAW,
    order: str = "<",
    *,
    nanoseconds: bool = False,
    version: tuple[int, int] = (2, 4),
) -> bytes:
    """The header of a file of the classic format."""
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    return struct.pack(order + "IHHIIII", magic, *version, 0, 0, 65535, link)


def pcap_record(
    frame: bytes, order: str = "<", at: tuple[int, int] = (5, 7), length: int | None = None
) -> bytes:
    """One frame of it."""
    size = len(frame)
    return struct.pack(order + "IIII", *at, size, size if length is None else length) + frame


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A block of pcapng, filled up to whole words."""
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def option(code: int, value: bytes, order: str = "<") -> bytes:
    """An option of a block; the last one has code 0 and no value."""
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<", version: tuple[int, int] = (1, 0), length: int = -1) -> bytes:
    """The begin of a section."""
    body = struct.pack(order + "IHHq", 0x1A2B3C4D, *version, length)
    return block(SECTION, body, order)


def interface(link: int = RAW, order: str = "<", snap: int = 0, options: bytes = b"") -> bytes:
    """The description of one."""
    return block(INTERFACE, struct.pack(order + "HHI", link, 0, snap) + options, order)


def packet(
    frame: bytes,
    order: str = "<",
    number: int = 0,
    stamp: int = 5_000_007,
    size: int | None = None,
    length: int | None = None,
    options: bytes = b"",
    kind: int = PACKET,
) -> bytes:
    """A packet of interface `number`; `size` and `length` may lie."""
    size = len(frame) if size is None else size
    length = len(frame) if length is None else length
    first = struct.pack(order + ("I" if kind == PACKET else "HH"), number, *[9] * (kind != PACKET))
    head = first + struct.pack(order + "IIII", stamp >> 32, stamp & 0xFFFFFFFF, size, length)
    return block(kind, head + frame + bytes(-len(frame) % 4) + options, order)


def simple_packet(frame: bytes, order: str = "<", length: int | None = None) -> bytes:
    """A packet of the first interface, without a stamp."""
    length = len(frame) if length is None else length
    return block(SIMPLE_PACKET, struct.pack(order + "I", length) + frame, order)
