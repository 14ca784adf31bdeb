"""The rewrite of one address, and of every checksum that covers it (RFC 1624, eq. 3).

It serves the packet itself and the datagram that an ICMP error quotes, of which the end may be
missing: a checksum that isn't there isn't touched.
"""

from gateway.nat.table import Rewrite
from gateway.packet import ipv4, transport
from gateway.packet.checksum import fold, updated
from gateway.packet.ipv4 import Packet


def rewrite_address(packet: Packet, start: int, field: int, rewrite: Rewrite, end: int) -> int:
    """Replace the address at `field` of the header at `start`; its bytes go to `end`.

    Returns the delta of all words that changed: what a checksum over them has to take in.
    """
    ipv4.set_u32(packet, start + field, rewrite.address)
    changed = rewrite.delta + _update(packet, start + ipv4.CHECKSUM, rewrite.delta)
    protocol = packet[start + ipv4.PROTOCOL]
    offset = transport.PSEUDO_HEADER_CHECKSUM.get(protocol)
    if offset is None or ipv4.is_later_fragment(packet, start):
        return fold(changed)
    place = start + ipv4.header_length(packet, start) + offset
    if place + 2 <= end:
        changed += _update_transport(packet, place, protocol, rewrite.delta, quoted=start > 0)
    return fold(changed)


def update_icmp(packet: Packet, delta: int) -> None:
    """Take a change of the quoted datagram into the ICMP checksum."""
    _update(packet, ipv4.header_length(packet) + transport.ICMP_CHECKSUM, delta)


def _update_transport(
    packet: Packet, place: int, protocol: int, delta: int, *, quoted: bool
) -> int:
    """Zero stands for "none" in UDP (RFC 768), and for padding where a short quote has it."""
    old = ipv4.u16(packet, place)
    if old == 0 and (quoted or protocol == transport.UDP):
        return 0
    new = updated(old, delta)
    if not new and protocol in (transport.UDP, transport.UDP_LITE):
        new = transport.ZERO_SENT_AS
    return _set(packet, place, old, new)


def _update(packet: Packet, place: int, delta: int) -> int:
    old = ipv4.u16(packet, place)
    return _set(packet, place, old, updated(old, delta))


def _set(packet: Packet, place: int, old: int, new: int) -> int:
    ipv4.set_u16(packet, place, new)
    return (~old & 0xFFFF) + new
