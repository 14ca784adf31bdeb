"""The IPv4 header (RFC 791, 3.1): where its fields are.

::

     0                   1                   2                   3
    |Version|  IHL  |Type of Service|          Total Length         |   0
    |         Identification        |Flags|     Fragment Offset     |   4
    |  Time to Live |    Protocol   |        Header Checksum        |   8
    |                        Source Address                         |  12
    |                      Destination Address                      |  16

Readers take the packet as it came from the wire, and where in it the header starts: 0, or the place
of a datagram that an ICMP error quotes. They don't check anything: a caller makes sure once that
`MIN_HEADER` bytes are there, and after that no reader can fail.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Final

VERSION_IHL: Final = 0
TOTAL_LENGTH: Final = 2
FLAGS_FRAGMENT: Final = 6
TTL: Final = 8
PROTOCOL: Final = 9
CHECKSUM: Final = 10
SOURCE: Final = 12
DESTINATION: Final = 16

MIN_HEADER: Final = 20
FRAGMENT_OFFSET_MASK: Final = 0x1FFF

# Options (RFC 791, 3.1): two of one byte, and those in which addresses stand → where they begin.
OPTION_END: Final = 0
OPTION_NOP: Final = 1
OPTIONS_WITH_ADDRESSES: Final[Mapping[int, int]] = {
    7: 3,  # record route
    68: 4,  # timestamp; the times between the addresses are looked at as if they were some
    131: 3,  # loose source route
    137: 3,  # strict source route
}

Packet = bytearray

_U16 = struct.Struct("!H")
_U32 = struct.Struct("!I")


def u16(packet: Packet, offset: int) -> int:
    """The 16-bit field at `offset`, network byte order."""
    value: int = _U16.unpack_from(packet, offset)[0]
    return value


def set_u16(packet: Packet, offset: int, value: int) -> None:
    """Write the 16-bit field at `offset`, network byte order."""
    _U16.pack_into(packet, offset, value)


def u32(packet: Packet, offset: int) -> int:
    """The 32-bit field at `offset`, network byte order."""
    value: int = _U32.unpack_from(packet, offset)[0]
    return value


def set_u32(packet: Packet, offset: int, value: int) -> None:
    """Write the 32-bit field at `offset`, network byte order."""
    _U32.pack_into(packet, offset, value)


def version(packet: Packet, start: int = 0) -> int:
    """The Version field; 4 in every packet we translate."""
    return packet[start + VERSION_IHL] >> 4


def header_length(packet: Packet, start: int = 0) -> int:
    """The length of the header with its options, in bytes (IHL counts 32-bit words)."""
    return (packet[start + VERSION_IHL] & 0x0F) * 4


def total_length(packet: Packet) -> int:
    """The length of header and data, in bytes; what follows is link-layer padding."""
    return u16(packet, TOTAL_LENGTH)


def is_later_fragment(packet: Packet, start: int = 0) -> bool:
    """Whether the transport header isn't in this one, but in the first fragment."""
    return bool(u16(packet, start + FLAGS_FRAGMENT) & FRAGMENT_OFFSET_MASK)


def option_addresses(packet: Packet) -> Iterator[int]:
    """The words of the options in which addresses stand; 0 where none is yet.

    An option whose length is impossible ends the options.
    """
    at, end = MIN_HEADER, header_length(packet)
    while at < end and packet[at] != OPTION_END:
        if packet[at] == OPTION_NOP:
            at += 1
            continue
        length = packet[at + 1] if at + 1 < end else 0
        if length < 2 or at + length > end:
            return
        first = OPTIONS_WITH_ADDRESSES.get(packet[at])
        if first is not None:
            for place in range(at + first, at + length - 3, 4):
                yield u32(packet, place)
        at += length
