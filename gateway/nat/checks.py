"""What a packet must be before anything is done with it.

Each check returns 0 or the reason to drop. After `check_header` nothing reads past the end of a
header; after `check_transport` nothing of a transport header is missing.
RFC 1122, 3.2.1: a malformed datagram is silently discarded. No error goes to its sender, but the
drop is counted.
"""

import cython

if not cython.compiled:
    from gateway.packet.ipv4 import (
        MIN_HEADER,
        PROTOCOL,
        header_length,
        is_later_fragment,
        total_length,
        version,
    )
    from gateway.packet.memory import Packet
    from gateway.packet.transport import (
        AUTHENTICATION_HEADER,
        ICMP,
        ICMP_QUOTE,
        is_for_neighbours,
        is_icmp_error,
        min_transport_header,
    )

from gateway.nat.reasons import Reason


@cython.cfunc
def check_header(packet: Packet, length: cython.int) -> cython.int:
    """The IPv4 header (RFC 791, 3.1) of a packet of which `length` bytes are there."""
    if length < MIN_HEADER:
        return Reason.HEADER_TRUNCATED
    if version(packet, 0) != 4:
        return Reason.BAD_VERSION
    header: cython.int = header_length(packet, 0)
    total: cython.int = total_length(packet)
    if header < MIN_HEADER:
        return Reason.BAD_HEADER_LENGTH
    if total < header:
        return Reason.BAD_TOTAL_LENGTH
    if total > length:
        return Reason.TRUNCATED
    return 0


@cython.cfunc
def check_transport(packet: Packet) -> cython.int:
    """The transport header, where the packet has one: a later fragment hasn't.

    A first fragment that is too short for it is dropped, too: RFC 1858 says what such ones are for.
    """
    protocol: cython.int = packet[PROTOCOL]
    if protocol == AUTHENTICATION_HEADER:
        return Reason.AUTHENTICATION_HEADER
    if is_later_fragment(packet, 0):
        return 0
    start: cython.int = header_length(packet, 0)
    if total_length(packet) - start < min_transport_header(protocol):
        return Reason.TRANSPORT_TRUNCATED
    if protocol == ICMP and is_for_neighbours(packet[start]):
        return Reason.UNSUPPORTED_ICMP
    return 0


@cython.cfunc
def is_martian(address: cython.uint) -> cython.bint:
    """Whether no host on the internet can have this address (RFC 6890, RFC 1112).

    This network, private, loopback, link local; multicast, reserved and broadcast.
    """
    return (
        address >> 24 in (0, 10, 127)
        or address >> 29 == 7
        or address >> 20 == 0xAC1
        or address >> 16 in (0xC0A8, 0xA9FE)
    )


@cython.cfunc
def is_private(address: cython.uint) -> cython.bint:
    """Whether the address is of a private network (RFC 1918), as routers on a path may have."""
    return address >> 24 == 10 or address >> 20 == 0xAC1 or address >> 16 == 0xC0A8


@cython.cfunc
def quote_of(packet: Packet) -> cython.int:
    """Where the datagram starts that an ICMP error quotes; 0 if the packet is no such error.

    A later fragment of an error has none of it.
    """
    if packet[PROTOCOL] != ICMP or is_later_fragment(packet, 0):
        return 0
    start: cython.int = header_length(packet, 0)
    return start + ICMP_QUOTE if is_icmp_error(packet[start]) else 0


@cython.cfunc
def check_quote(packet: Packet, quote: cython.int) -> cython.int:
    """The quoted header: whole, with its options; what is behind it may be cut anywhere."""
    left: cython.int = total_length(packet) - quote
    if left < MIN_HEADER or version(packet, quote) != 4:
        return Reason.QUOTE_TRUNCATED
    if not MIN_HEADER <= header_length(packet, quote) <= left:
        return Reason.QUOTE_TRUNCATED
    return 0
