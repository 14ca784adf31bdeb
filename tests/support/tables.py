"""A table looked at as `gateway/nat/layout.py` documents it, and as the rules see it."""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from gateway.nat.table import Table
from gateway.nat.view import NONE, TableView

HEADER_BYTES = 64
CRC_AT = 32
BLOCK_BYTES = 4096
PROBES = 32  # so many places an address may be in


def file_of(directory: Path, generation: int) -> Path:
    """The file with the published table of this generation."""
    (found,) = (
        path
        for path in directory.glob("table.[01]")
        if path.read_bytes()[8:16] == generation.to_bytes(8, "little")
    )
    return found


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


def hashed(address: int) -> int:
    """The address's hash."""
    return address * 0x9E3779B9 & 0xFFFFFFFF


def home(address: int, bits: int) -> int:
    """The first place of the address in an index of `2 ** bits` first places."""
    return hashed(address) >> (32 - bits)


def laid_out(slots: Mapping[int, int], bits: int) -> bytes | None:
    """The documented index of these addresses; None if one would lie too far from its place."""
    index = bytearray(8 * (2**bits + PROBES))
    free = 0
    for address in sorted(slots, key=hashed):
        free = max(free, home(address, bits))
        if free - home(address, bits) >= PROBES:
            return None
        struct.pack_into("<II", index, 8 * free, address, slots[address] + 1)
        free += 1
    return bytes(index)


def indexed(index: bytes | bytearray | memoryview, address: int) -> int | None:
    """The slot that an index has for the address, by the documented search."""
    entries = list(struct.iter_unpack("<II", index))
    first = home(address, (len(entries) - PROBES).bit_length() - 1)
    for found, kept in entries[first : first + PROBES]:
        if not kept:
            return None
        if found == address:
            return int(kept) - 1
    return None


def sealed(raw: bytes | bytearray | memoryview) -> bytes:
    """The bytes with the checks that they should have, as far as there is room for any."""
    count = -(-(len(raw) - HEADER_BYTES) // (BLOCK_BYTES + 4))
    end = len(raw) - 4 * count
    begins = range(HEADER_BYTES, end, BLOCK_BYTES)
    blocks = [raw[begin : min(begin + BLOCK_BYTES, end)] for begin in begins]
    checks = b"".join(struct.pack("<I", crc32(block)) for block in blocks)
    checks += bytes(len(raw) - end - len(checks))
    header = bytes(raw[:CRC_AT]) + bytes(4) + bytes(raw[CRC_AT + 4 : HEADER_BYTES])
    crc = struct.pack("<I", crc32(checks, crc32(header)))
    return header[:CRC_AT] + crc + header[CRC_AT + 4 :] + bytes(raw[HEADER_BYTES:end]) + checks
