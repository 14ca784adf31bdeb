"""The classic format of captures (draft-ietf-opsawg-pcap).

::

    file     magic u32 | version 2 x u16 | zone, accuracy, snap length 3 x u32 | link type u32
    packet   seconds u32 | fraction u32 | captured length u32 | length u32 | the bytes

The magic tells the byte order of all numbers and the unit of the fraction. A packet's captured
length is below its length if the snap length cut it.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from gateway.packet import link
from gateway.packet.frame import (
    CaptureError,
    Frame,
    Source,
    check_link,
    check_size,
    first_bytes,
    framed,
    take,
)

_FILE: Final = "IHHIIII"
_PACKET: Final = "IIII"
_FILE_LENGTH: Final = 24
_PACKET_LENGTH: Final = 16
_MAGIC_MICRO: Final = 0xA1B2C3D4
_MAGIC_NANO: Final = 0xA1B23C4D
_VERSION: Final = (2, 4)  # of 1998: the older ones had the two lengths in either order


class _Format(NamedTuple):
    order: str  # of bytes, as `struct` spells it
    unit: float  # of a stamp's fraction, in seconds
    link: int


def read(file: Source, others: Callable[[bytes], object]) -> Iterator[Frame]:
    """The frames; `others` is given the file's header. Raises as `capture.read` says."""
    with first_bytes():
        raw = take(file, _FILE_LENGTH, "its header")
    form = _format(raw)
    others(raw)
    header = struct.Struct(form.order + _PACKET)
    while raw := file.read(_PACKET_LENGTH):
        raw += take(file, _PACKET_LENGTH - len(raw), "a packet's header")
        seconds, fraction, size, length = header.unpack(raw)
        check_size(size)
        content = take(file, size, "a packet")
        yield framed(seconds + fraction * form.unit, length, form.link, content, raw)


def _format(raw: bytes) -> _Format:
    magics = {
        struct.pack(order + "I", magic): (order, unit)
        for order in "<>"
        for magic, unit in ((_MAGIC_MICRO, 1e-6), (_MAGIC_NANO, 1e-9))
    }
    if raw[:4] not in magics:
        raise CaptureError("not a pcap or pcapng file")
    order, unit = magics[raw[:4]]
    _, major, minor, _, _, _, kind = struct.unpack(order + _FILE, raw)
    if (major, minor) != _VERSION:
        raise CaptureError(f"pcap version {major}.{minor}: only 2.4 can be read")
    kind &= link.TYPE_MASK
    check_link(kind)
    return _Format(order, unit, kind)
