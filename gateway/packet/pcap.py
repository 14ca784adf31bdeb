"""Captures in the classic pcap format, as tcpdump writes them (draft-ietf-opsawg-pcap).

::

    file     magic u32 | version 2 x u16 | zone, accuracy, snap length 3 x u32 | link type u32
    packet   seconds u32 | fraction u32 | captured length u32 | length u32 | the bytes

The magic tells the byte order of all numbers and the unit of the fraction. A packet's captured
length is below its length if the snap length cut it. Packets are read one at a time, and what
stands around an IPv4 packet is kept: a `Writer` puts it back.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

LINK_ETHERNET: Final = 1
LINK_RAW: Final = 101
# Raw IPv4 as Scapy writes it, and raw IP under the number that it has inside BSD kernels.
LINKS_RAW: Final = (LINK_RAW, 228, 12)

ETHERNET_HEADER: Final = 14
ETHERTYPE: Final = 12
ETHERTYPE_IPV4: Final = 0x0800

CAPTURED_MAX: Final = 256 * 1024  # as in libpcap; what says more is damaged

_FILE: Final = "IHHIIII"
_PACKET: Final = "IIII"
_FILE_LENGTH: Final = 24
_PACKET_LENGTH: Final = 16
_MAGIC_MICRO: Final = 0xA1B2C3D4
_MAGIC_NANO: Final = 0xA1B23C4D
_MAGIC_PCAPNG: Final = b"\x0a\x0d\x0d\x0a"
_VERSION: Final = (2, 4)  # of 1998: the older ones had the two lengths in either order


class PcapError(ValueError):
    """The file is no capture that can be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a capture is written: all that its first header says."""

    link: int = LINK_RAW
    order: str = "<"  # of the bytes, as `struct` spells it
    nanoseconds: bool = False
    zone: int = 0
    accuracy: int = 0
    snap_length: int = CAPTURED_MAX

    def encode(self) -> bytes:
        """The file's header."""
        magic = _MAGIC_NANO if self.nanoseconds else _MAGIC_MICRO
        rest = (*_VERSION, self.zone, self.accuracy, self.snap_length, self.link)
        return struct.pack(self.order + _FILE, magic, *rest)


@dataclass(frozen=True, slots=True)
class Captured:
    """One packet, when it was seen, and what stood before it on the link."""

    seconds: int
    fraction: int  # in the unit of the capture
    at: float  # both together: Unix seconds
    length: int  # on the link, its header included
    link_layer: bytes
    packet: bytes  # from the IPv4 header on; may end in padding

    @property
    def ethertype(self) -> int | None:
        """What an Ethernet frame says it carries; none if it is too short, or no frame."""
        if len(self.link_layer) < ETHERNET_HEADER:
            return None
        return int.from_bytes(self.link_layer[ETHERTYPE:], "big")

    @property
    def is_complete(self) -> bool:
        """Whether the capture has all of it."""
        return len(self.link_layer) + len(self.packet) == self.length


class Reader:
    """A capture of Ethernet frames or raw IP: its format, and by iteration its packets."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the file's header. Raises `PcapError` or `OSError`, as iteration does."""
        self._file = file
        self.format = _format(file.read(_FILE_LENGTH))

    def __iter__(self) -> Iterator[Captured]:
        """The packets not read yet, one at a time: a capture may have any size."""
        header = struct.Struct(self.format.order + _PACKET)
        unit = 1e-9 if self.format.nanoseconds else 1e-6
        skip = ETHERNET_HEADER if self.format.link == LINK_ETHERNET else 0
        while raw := self._file.read(_PACKET_LENGTH):
            if len(raw) < _PACKET_LENGTH:
                raise PcapError("the capture ends inside a packet's header")
            seconds, fraction, captured, length = header.unpack(raw)
            if captured > CAPTURED_MAX:
                raise PcapError(f"damaged: {captured} bytes of one packet; {CAPTURED_MAX} can be")
            if captured > length:
                raise PcapError(f"damaged: {captured} bytes captured of a packet of {length}")
            frame = self._file.read(captured)
            if len(frame) < captured:
                raise PcapError("the capture ends inside a packet")
            at = seconds + fraction * unit
            yield Captured(seconds, fraction, at, length, frame[:skip], frame[skip:])


class Writer:
    """Writes a capture: what is given is what a `Reader` of it will find."""

    def __init__(self, file: BinaryIO, form: Format) -> None:
        """Write the file's header."""
        self._file = file
        self._header = struct.Struct(form.order + _PACKET)
        file.write(form.encode())

    def write(self, one: Captured) -> None:
        """Append a packet; its stamp is taken as it stands, in the unit of the capture."""
        captured = len(one.link_layer) + len(one.packet)
        header = self._header.pack(one.seconds, one.fraction, captured, one.length)
        self._file.write(header + one.link_layer + one.packet)


def read(path: Path) -> list[Captured]:
    """All packets of a capture. Raises `PcapError` or `OSError`."""
    with path.open("rb") as file:
        try:
            return list(Reader(file))
        except PcapError as error:
            raise PcapError(f"{path}: {error}") from error


def _format(raw: bytes) -> Format:
    if raw.startswith(_MAGIC_PCAPNG):
        raise PcapError("a pcapng file: 'tcpdump -r IN -w OUT' makes the classic pcap of it")
    magics = {
        struct.pack(order + "I", magic): (order, magic == _MAGIC_NANO)
        for order in "<>"
        for magic in (_MAGIC_MICRO, _MAGIC_NANO)
    }
    if len(raw) < _FILE_LENGTH or raw[:4] not in magics:
        raise PcapError("not a pcap file")
    order, nanoseconds = magics[raw[:4]]
    _, major, minor, zone, accuracy, snap_length, link = struct.unpack(order + _FILE, raw)
    if (major, minor) != _VERSION:
        raise PcapError(f"pcap version {major}.{minor}: only 2.4 can be read")
    if link not in (LINK_ETHERNET, *LINKS_RAW):
        raise PcapError(f"link type {link}: only Ethernet and raw IP can be read")
    return Format(link, order, nanoseconds, zone, accuracy, snap_length)
