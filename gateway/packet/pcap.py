"""Captures in the classic pcap format, as tcpdump writes them (draft-ietf-opsawg-pcap).

::

    file     magic u32 | version 2 x u16 | zone, accuracy, snap length 3 x u32 | link type u32
    packet   seconds u32 | fraction u32 | captured length u32 | length u32 | the bytes
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LINK_ETHERNET: Final = 1
LINK_RAW: Final = 101
ETHERNET_HEADER: Final = 14

_FILE: Final = "IHHIIII"
_PACKET: Final = "IIII"
_FILE_LENGTH: Final = 24
_PACKET_LENGTH: Final = 16

# The magic as read little-endian tells the byte order and the unit of the fraction.
_ORDERS: Final = {
    0xA1B2C3D4: ("<", 1e-6),
    0xA1B23C4D: ("<", 1e-9),
    0xD4C3B2A1: (">", 1e-6),
    0x4D3CB2A1: (">", 1e-9),
}


class PcapError(ValueError):
    """The file is no capture that can be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One packet from its IPv4 header on, and when it was seen, Unix seconds."""

    at: float
    packet: bytes


def read(path: Path) -> list[Captured]:
    """The packets of a capture of Ethernet frames or raw IP. Raises `PcapError` or `OSError`."""
    raw = path.read_bytes()
    order, unit, skip = _file_header(raw)
    packets = []
    at = _FILE_LENGTH
    while at < len(raw):
        if len(raw) < at + _PACKET_LENGTH:
            raise PcapError(f"{path}: the capture ends inside a packet's header")
        seconds, fraction, captured, _ = struct.unpack_from(order + _PACKET, raw, at)
        at += _PACKET_LENGTH
        if len(raw) < at + captured:
            raise PcapError(f"{path}: the capture ends inside a packet")
        packets.append(Captured(seconds + fraction * unit, raw[at + skip : at + captured]))
        at += captured
    return packets


def _file_header(raw: bytes) -> tuple[str, float, int]:
    """Byte order, unit of the fraction, and how much link layer to skip."""
    if len(raw) < _FILE_LENGTH or int.from_bytes(raw[:4], "little") not in _ORDERS:
        raise PcapError("not a pcap file")
    order, unit = _ORDERS[int.from_bytes(raw[:4], "little")]
    link = struct.unpack_from(order + _FILE, raw)[-1]
    if link not in (LINK_ETHERNET, LINK_RAW):
        raise PcapError(f"link type {link}: only Ethernet and raw IP can be read")
    return order, unit, ETHERNET_HEADER if link == LINK_ETHERNET else 0
