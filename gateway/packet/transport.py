"""Where the transport headers keep what an address rewrite must touch.

TCP, UDP, UDP-Lite and DCCP checksums cover a pseudo-header with both IP addresses (RFC 9293, 3.1;
RFC 768; RFC 3828, 3.1; RFC 4340, 9.1), so they change with the address. ICMP's, SCTP's, GRE's and
ESP's don't. Offsets count from the transport header.
"""

import cython

ICMP = cython.declare(cython.int, 1)
TCP = cython.declare(cython.int, 6)
UDP = cython.declare(cython.int, 17)
DCCP = cython.declare(cython.int, 33)
AUTHENTICATION_HEADER = cython.declare(cython.int, 51)
SCTP = cython.declare(cython.int, 132)
UDP_LITE = cython.declare(cython.int, 136)

NO_CHECKSUM = cython.declare(cython.int, -1)
ZERO_SENT_AS = cython.declare(cython.int, 0xFFFF)  # as computed 0 would mean "none" (RFC 768, 3828)

SCTP_HEADER = cython.declare(cython.int, 12)  # with its checksum, that of its first chunk not
SCTP_CHECKSUM = cython.declare(cython.int, 8)

TCP_FLAGS = cython.declare(cython.int, 13)
TCP_FIN = cython.declare(cython.int, 1)
TCP_SYN = cython.declare(cython.int, 2)
TCP_RST = cython.declare(cython.int, 4)
TCP_ACK = cython.declare(cython.int, 16)

ICMP_CHECKSUM = cython.declare(cython.int, 2)
ICMP_IDENTIFIER = cython.declare(cython.int, 4)  # of a request and its reply
ICMP_QUOTE = cython.declare(cython.int, 8)  # an error's: the datagram that caused it (RFC 792)
DESTINATION_UNREACHABLE = cython.declare(cython.int, 3)
SOURCE_QUENCH = cython.declare(cython.int, 4)
REDIRECT = cython.declare(cython.int, 5)
TIME_EXCEEDED = cython.declare(cython.int, 11)
PARAMETER_PROBLEM = cython.declare(cython.int, 12)


@cython.cfunc
def checksum_place(protocol: cython.int) -> cython.int:
    """Where the checksum is that covers the addresses; `NO_CHECKSUM` if the protocol has none."""
    if protocol == TCP:
        return 16
    if protocol in (UDP, DCCP, UDP_LITE):
        return 6
    return NO_CHECKSUM


@cython.cfunc
def min_transport_header(protocol: cython.int) -> cython.int:
    """The length of the shortest transport header, in bytes; 0 of a protocol we don't know."""
    if protocol == TCP:
        return 20
    if protocol == DCCP:
        return 12
    return 8 if protocol in (UDP, UDP_LITE, ICMP) else 0


@cython.cfunc
def is_icmp_error(kind: cython.int) -> cython.bint:
    """Whether an ICMP message of this type quotes the datagram that it is about."""
    return kind in (DESTINATION_UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM)


@cython.cfunc
def is_for_neighbours(kind: cython.int) -> cython.bint:
    """Whether an ICMP message of this type is meant for a neighbour, and not for far away."""
    return kind in (REDIRECT, SOURCE_QUENCH)


@cython.cfunc
def has_identifier(kind: cython.int) -> cython.bint:
    """Whether an ICMP message of this type is a request, or a reply with the same identifier.

    Echo, timestamp and information (RFC 792), address mask (RFC 950).
    """
    return kind in (0, 8, 13, 14, 15, 16, 17, 18)


@cython.cfunc
def is_request(kind: cython.int) -> cython.bint:
    """Whether an ICMP message that has an identifier is the request."""
    return kind in (8, 13, 15, 17)


@cython.cfunc
def opens(flags: cython.int) -> cython.bint:
    """Whether TCP's flags are those of a connection's first segment."""
    return (flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN


@cython.cfunc
def closes(flags: cython.int) -> cython.bint:
    """Whether TCP's flags say that this side sends no more."""
    return (flags & (TCP_FIN | TCP_RST)) != 0
