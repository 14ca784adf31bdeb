"""The newer format of captures, pcapng (draft-ietf-opsawg-pcapng): blocks in sections.

::

    block      type u32 | length u32 | body | length u32        a multiple of 4 bytes
    section    magic u32 | version 2 x u16 | length i64 | options
    interface  link type u16 | 0 u16 | snap length u32 | options
    packet     interface u32 | stamp u32, u32 | captured u32 | length u32 | bytes | options
    option     code u16 | length u16 | value, filled up to a multiple of 4

A section's magic tells the byte order of its blocks. Interfaces are numbered as they come, from 0
in each section. Only what is needed to find and date the packets is read.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.packet.frame import (
    CaptureError,
    Frame,
    Source,
    check_size,
    first_bytes,
    framed,
    take,
)

MAGIC: Final = b"\x0a\x0d\x0d\x0a"  # the type of a section's block, in either byte order
BLOCK_MAX: Final = 16 << 20  # bytes, as in Wireshark
INTERFACES_MAX: Final = 65_536

SECTION: Final = 0x0A0D0D0A
INTERFACE: Final = 1
OLD_PACKET: Final = 2
SIMPLE_PACKET: Final = 3
PACKET: Final = 6

COMMENT: Final = 1
STAMP_UNIT: Final = 9
STAMP_OFFSET: Final = 14

STAMPS_PER_S: Final = 1_000_000  # where an interface says nothing else

_HEAD: Final = 8
_END: Final = 4
_BYTE_ORDER_MAGIC: Final = 0x1A2B3C4D
_ORDERS: Final = {struct.pack(order + "I", _BYTE_ORDER_MAGIC): order for order in "<>"}
_SECTION_LENGTH_AT: Final = 16
_SECTION_MIN: Final = 28
_UNKNOWN_LENGTH: Final = b"\xff" * 8
_PACKET_AT: Final = 28
_SIMPLE_PACKET_AT: Final = 12


class _Interface(NamedTuple):
    link: int
    snap_length: int
    unit: float  # of its stamps, in seconds
    offset: int  # of its stamps, in seconds


@dataclass(slots=True)
class _Section:
    """What was read of the section at hand."""

    order: str
    interfaces: list[_Interface] = field(default_factory=list)
    at: float = 0.0  # of the last packet that has a stamp

    def add(self, interface: _Interface) -> None:
        if len(self.interfaces) == INTERFACES_MAX:
            raise CaptureError(f"more than {INTERFACES_MAX} interfaces in one section")
        self.interfaces.append(interface)

    def interface(self, number: int) -> _Interface:
        if number >= len(self.interfaces):
            raise CaptureError(f"damaged: a packet of interface {number}, which isn't described")
        return self.interfaces[number]


def read(file: Source, others: Callable[[bytes], object]) -> Iterator[Frame]:
    """The frames; `others` is given all other blocks. Raises as `capture.read` says."""
    with first_bytes():
        section, raw = _section(file, take(file, _HEAD, "its first block"))
    others(raw)
    while head := file.read(_HEAD):
        head += take(file, _HEAD - len(head), "a block")
        if head.startswith(MAGIC):
            section, raw = _section(file, head)
            others(raw)
            continue
        kind, length = struct.unpack(section.order + "II", head)
        raw = _block(file, head, length)
        frame = _packet(section, kind, raw)
        if frame:
            yield frame
            continue
        if kind == INTERFACE:
            section.add(_interface(section.order, raw))
        others(raw)


def _section(file: Source, head: bytes) -> tuple[_Section, bytes]:
    """The section that begins, and its block, without a length: what is dropped will lack."""
    head += take(file, 4, "a block")
    order = _ORDERS.get(head[_HEAD:])
    if order is None:
        raise CaptureError("damaged: a section in no byte order")
    raw = bytearray(_block(file, head, struct.unpack_from(order + "I", head, 4)[0]))
    if len(raw) < _SECTION_MIN:
        raise CaptureError(f"damaged: a section's block of {len(raw)} bytes")
    major, minor = struct.unpack_from(order + "HH", raw, 12)
    if major != 1:
        raise CaptureError(f"pcapng version {major}.{minor}: only 1 can be read")
    raw[_SECTION_LENGTH_AT : _SECTION_LENGTH_AT + 8] = _UNKNOWN_LENGTH
    return _Section(order), bytes(raw)


def _block(file: Source, head: bytes, length: int) -> bytes:
    """The whole block that `head` is the begin of."""
    if length % 4 or not len(head) + _END <= length <= BLOCK_MAX:
        raise CaptureError(f"damaged: a block of {length} bytes; {BLOCK_MAX} can be")
    raw = head + take(file, length - len(head), "a block")
    if raw[-_END:] != raw[4:8]:
        raise CaptureError("damaged: a block with one length before it and another behind it")
    return raw


def _interface(order: str, raw: bytes) -> _Interface:
    kind, snap_length = _fields(order + "HxxI", raw, _HEAD)
    unit, offset = 1 / STAMPS_PER_S, 0
    for code, value in _options(order, raw, 16):
        if code == STAMP_UNIT and len(value) == 1:
            unit = float(2 if value[0] & 0x80 else 10) ** -(value[0] & 0x7F)
        elif code == STAMP_OFFSET and len(value) == 8:
            (offset,) = struct.unpack(order + "q", value)
    return _Interface(kind, snap_length, unit, offset)


def _options(order: str, raw: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The options from `at` to the end of the block."""
    while at + 4 <= len(raw) - _END:
        code, length = struct.unpack_from(order + "HH", raw, at)
        if code == 0 or at + 4 + length > len(raw) - _END:
            return
        yield code, raw[at + 4 : at + 4 + length]
        at += 4 + length + -length % 4


def _packet(section: _Section, kind: int, raw: bytes) -> Frame | None:
    """The packet in a block; none if it is a block of something else."""
    order = section.order
    if kind == SIMPLE_PACKET:
        interface = section.interface(0)
        (length,) = _fields(order + "I", raw, _HEAD)
        size = min(length, interface.snap_length or length)
        return _frame(section.at, length, interface, raw, _SIMPLE_PACKET_AT, size)
    if kind == PACKET:
        number, high, low, size, length = _fields(order + "IIIII", raw, _HEAD)
    elif kind == OLD_PACKET:
        number, high, low, size, length = _fields(order + "HxxIIII", raw, _HEAD)
    else:
        return None
    interface = section.interface(number)
    section.at = interface.offset + (high << 32 | low) * interface.unit
    return _frame(section.at, length, interface, raw, _PACKET_AT, size)


def _frame(
    at: float, length: int, interface: _Interface, raw: bytes, start: int, size: int
) -> Frame:
    check_size(size)
    end = start + size
    if end > len(raw) - _END:
        raise CaptureError(f"damaged: {size} bytes of a packet in a block of {len(raw)}")
    return framed(at, length, interface.link, raw[start:end], raw[:start], raw[end:])


def _fields(layout: str, raw: bytes, at: int) -> tuple[int, ...]:
    """The numbers in a block's body, if it has so many bytes."""
    if at + struct.calcsize(layout) > len(raw) - _END:
        raise CaptureError(f"damaged: a block of {len(raw)} bytes is too short for its kind")
    return struct.unpack_from(layout, raw, at)


class Writer:
    """Writes a capture whose packets have comments; Wireshark shows them with the packet."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        """Begin the file with its section; `write` appends to it."""
        self._write = write
        self._interfaces: dict[int, int] = {}
        write(_written(SECTION, struct.pack("<IHH", _BYTE_ORDER_MAGIC, 1, 0) + _UNKNOWN_LENGTH))

    def write(self, frame: Frame, comment: str) -> None:
        """Append a frame; each type of link is an interface."""
        number = self._interfaces.get(frame.link)
        if number is None:
            number = self._interfaces[frame.link] = len(self._interfaces)
            self._write(_written(INTERFACE, struct.pack("<HHI", frame.link, 0, 0)))
        stamp = round(frame.at * STAMPS_PER_S) & (1 << 64) - 1
        content, text = frame.content, comment.encode()
        head = struct.pack(
            "<IIIII", number, stamp >> 32, stamp & 0xFFFFFFFF, len(content), frame.length
        )
        option = struct.pack("<HH", COMMENT, len(text)) + _filled(text) + bytes(4)
        self._write(_written(PACKET, head + _filled(content) + option))


def _written(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + _HEAD + _END)
    return struct.pack("<I", kind) + length + body + length


def _filled(value: bytes) -> bytes:
    return value + bytes(-len(value) % 4)
