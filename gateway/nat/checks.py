"""What a packet must be before anything is done with it.

Each check returns `TRANSLATED` or the reason to drop. After `check_header` nothing reads past the
end of a header; after `check_transport` nothing of a transport header is missing.
RFC 1122, 3.2.1: a malformed datagram is silently discarded; silent to its sender, not to us.
"""

from typing import Final

from gateway.nat.reasons import Reason
from gateway.packet import ipv4, transport
from gateway.packet.ipv4 import Packet

# The first 16 bits of addresses that can't be on the internet (RFC 6890, RFC 1112).
MARTIANS: Final = frozenset(
    (
        *range(0x0100),  # 0.0.0.0/8: this network
        *range(0x0A00, 0x0B00),  # 10.0.0.0/8: private
        *range(0x7F00, 0x8000),  # 127.0.0.0/8: loopback
        0xA9FE,  # 169.254.0.0/16: link local
        *range(0xAC10, 0xAC20),  # 172.16.0.0/12: private
        0xC0A8,  # 192.168.0.0/16: private
        *range(0xE000, 0x10000),  # 224.0.0.0/3: multicast, reserved, broadcast
    )
)


def check_header(packet: Packet) -> Reason:
    """The IPv4 header (RFC 791, 3.1)."""
    if len(packet) < ipv4.MIN_HEADER:
        return Reason.HEADER_TRUNCATED
    if ipv4.version(packet) != 4:
        return Reason.BAD_VERSION
    header, total = ipv4.header_length(packet), ipv4.total_length(packet)
    if header < ipv4.MIN_HEADER:
        return Reason.BAD_HEADER_LENGTH
    if total < header:
        return Reason.BAD_TOTAL_LENGTH
    if total > len(packet):
        return Reason.TRUNCATED
    return Reason.TRANSLATED


def check_transport(packet: Packet) -> Reason:
    """The transport header, where the packet has one: a later fragment hasn't.

    A first fragment too short for it is dropped, too: RFC 1858 tells what those are for.
    """
    protocol = packet[ipv4.PROTOCOL]
    if protocol == transport.AUTHENTICATION_HEADER:
        return Reason.AUTHENTICATION_HEADER
    if ipv4.is_later_fragment(packet):
        return Reason.TRANSLATED
    start = ipv4.header_length(packet)
    if ipv4.total_length(packet) - start < transport.MIN_HEADER.get(protocol, 0):
        return Reason.TRANSPORT_TRUNCATED
    if protocol == transport.ICMP and packet[start] in transport.ICMP_FOR_NEIGHBOURS:
        return Reason.UNSUPPORTED_ICMP
    return Reason.TRANSLATED


def is_martian(address: int) -> bool:
    """Whether nobody on the internet has this address."""
    return address >> 16 in MARTIANS


def quote_of(packet: Packet) -> int:
    """Where the datagram starts that an ICMP error quotes; 0 if the packet is no such error.

    A later fragment of an error has none of it.
    """
    if packet[ipv4.PROTOCOL] != transport.ICMP or ipv4.is_later_fragment(packet):
        return 0
    start = ipv4.header_length(packet)
    return start + transport.ICMP_QUOTE if packet[start] in transport.ICMP_ERRORS else 0


def check_quote(packet: Packet, quote: int) -> Reason:
    """The quoted header: whole, with its options; what is behind it may be cut anywhere."""
    left = ipv4.total_length(packet) - quote
    if left < ipv4.MIN_HEADER or ipv4.version(packet, quote) != 4:
        return Reason.QUOTE_TRUNCATED
    if not ipv4.MIN_HEADER <= ipv4.header_length(packet, quote) <= left:
        return Reason.QUOTE_TRUNCATED
    return Reason.TRANSLATED
