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
`MIN_HEADER` bytes are there. Compiled, a packet is a pointer: to read past its end is then no
exception but a fault, so all depends on the checks of the callers.
"""

import cython

if not cython.compiled:
    from gateway.packet.memory import Packet

VERSION_IHL = cython.declare(cython.int, 0)
TOTAL_LENGTH = cython.declare(cython.int, 2)
IDENTIFICATION = cython.declare(cython.int, 4)
FLAGS_FRAGMENT = cython.declare(cython.int, 6)
TTL = cython.declare(cython.int, 8)
PROTOCOL = cython.declare(cython.int, 9)
HEADER_CHECKSUM = cython.declare(cython.int, 10)
SOURCE = cython.declare(cython.int, 12)
DESTINATION = cython.declare(cython.int, 16)

MIN_HEADER = cython.declare(cython.int, 20)
FRAGMENT_OFFSET_MASK = cython.declare(cython.int, 0x1FFF)
MORE_FRAGMENTS = cython.declare(cython.int, 0x2000)

# Options (RFC 791, 3.1): two are of one byte, and four hold addresses.
OPTION_END = cython.declare(cython.int, 0)
OPTION_NOP = cython.declare(cython.int, 1)
RECORD_ROUTE = cython.declare(cython.int, 7)
TIMESTAMP = cython.declare(cython.int, 68)
LOOSE_SOURCE_ROUTE = cython.declare(cython.int, 131)
STRICT_SOURCE_ROUTE = cython.declare(cython.int, 137)


@cython.cfunc
def u16(packet: Packet, at: cython.int) -> cython.uint:
    """The 16-bit field at `at`, network byte order."""
    return packet[at] << 8 | packet[at + 1]


@cython.cfunc
@cython.exceptval(check=False)
def set_u16(packet: Packet, at: cython.int, value: cython.uint) -> cython.void:
    """Write the 16-bit field at `at`, network byte order."""
    packet[at] = value >> 8
    packet[at + 1] = value & 0xFF


@cython.cfunc
def u32(packet: Packet, at: cython.int) -> cython.uint:
    """The 32-bit field at `at`, network byte order."""
    return u16(packet, at) << 16 | u16(packet, at + 2)


@cython.cfunc
@cython.exceptval(check=False)
def set_u32(packet: Packet, at: cython.int, value: cython.uint) -> cython.void:
    """Write the 32-bit field at `at`, network byte order."""
    set_u16(packet, at, value >> 16)
    set_u16(packet, at + 2, value & 0xFFFF)


@cython.cfunc
def version(packet: Packet, start: cython.int) -> cython.int:
    """The Version field; 4 in every packet we translate."""
    return packet[start + VERSION_IHL] >> 4


@cython.cfunc
def header_length(packet: Packet, start: cython.int) -> cython.int:
    """The length of the header with its options, in bytes (IHL counts 32-bit words)."""
    return (packet[start + VERSION_IHL] & 0x0F) * 4


@cython.cfunc
def total_length(packet: Packet) -> cython.int:
    """The length of header and data, in bytes; what follows is link-layer padding."""
    return u16(packet, TOTAL_LENGTH)


@cython.cfunc
def is_later_fragment(packet: Packet, start: cython.int) -> cython.bint:
    """Whether the transport header isn't in this one, but in the first fragment."""
    return (u16(packet, start + FLAGS_FRAGMENT) & FRAGMENT_OFFSET_MASK) != 0


@cython.cfunc
def has_more_fragments(packet: Packet) -> cython.bint:
    """Whether other fragments of the datagram follow this one."""
    return (u16(packet, FLAGS_FRAGMENT) & MORE_FRAGMENTS) != 0


@cython.cfunc
def option_end(packet: Packet, at: cython.int) -> cython.int:
    """Where the option at `at` ends; 0 if there is none, or one of an impossible length."""
    end: cython.int = header_length(packet, 0)
    if at >= end or packet[at] == OPTION_END:
        return 0
    if packet[at] == OPTION_NOP:
        return at + 1
    length: cython.int = packet[at + 1] if at + 1 < end else 0
    return at + length if 2 <= length <= end - at else 0


@cython.cfunc
def option_addresses(kind: cython.int) -> cython.int:
    """How far into an option of this kind addresses begin; 0 if it has none.

    A timestamp's times stand between its addresses, and are looked at as if they were some.
    """
    if kind in (RECORD_ROUTE, LOOSE_SOURCE_ROUTE, STRICT_SOURCE_ROUTE):
        return 3
    return 4 if kind == TIMESTAMP else 0
