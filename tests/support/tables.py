"""A table looked at as `gateway/nat/layout.py` documents it, and as the rules see it."""

import struct
from typing import NamedTuple
from zlib import crc32

from gateway.nat.table import Table
from gateway.nat.view import NONE, TableView

HEADER_BYTES = 64
CRC_AT = 32


class Found(NamedTuple):
    """What the rules find under one address of a mapping: its partner, and what goes with it."""

    address: int
    delta: int
    slot: int
    kbps: int
    package: int


def inbound(table: Table, public: int) -> Found | None:
    """What becomes of a public destination."""
    view = TableView(table.memory)
    slot = view.of_public(public)
    if slot == NONE:
        return None
    assert view.public(slot) == public
    delta, kbps = view.inbound_delta(slot), view.kbps(slot, outbound=False)
    return Found(view.private(slot), delta, slot, kbps, view.package(slot))


def outbound(table: Table, private: int) -> Found | None:
    """What becomes of a private source."""
    view = TableView(table.memory)
    slot = view.of_private(private)
    if slot == NONE:
        return None
    assert view.private(slot) == private
    delta, kbps = view.outbound_delta(slot), view.kbps(slot, outbound=True)
    return Found(view.public(slot), delta, slot, kbps, view.package(slot))


def home(address: int, bits: int) -> int:
    """Where an index of `2 ** bits` entries has the address first looked for."""
    return (address * 0x9E3779B9 & 0xFFFFFFFF) >> (32 - bits)


def indexed(index: bytes | bytearray | memoryview, address: int) -> int | None:
    """The slot that an index has for the address, by the documented search."""
    entries = list(struct.iter_unpack("<II", index))
    at = home(address, len(entries).bit_length() - 1)
    for _ in entries:
        found, kept = entries[at]
        if not kept:
            return None
        if found == address:
            return int(kept) - 1
        at = (at + 1) % len(entries)
    raise AssertionError("an index is at most half full: a search ends")


def sealed(raw: bytes | bytearray | memoryview) -> bytes:
    """The bytes with the checksum that they should have."""
    blank = bytes(raw[:CRC_AT]) + bytes(4) + bytes(raw[CRC_AT + 4 :])
    return blank[:CRC_AT] + struct.pack("<I", crc32(blank)) + blank[CRC_AT + 4 :]
