"""The rewrite of one address, and of every checksum that covers it (RFC 1624, eq. 3).

It serves the packet itself and the datagram that an ICMP error quotes, of which the end may be
missing: a checksum that isn't there isn't touched.
"""

import cython

if not cython.compiled:
    from gateway.packet.checksum import fold, updated
    from gateway.packet.ipv4 import (
        HEADER_CHECKSUM,
        PROTOCOL,
        header_length,
        is_later_fragment,
        set_u16,
        set_u32,
        total_length,
        u16,
    )
    from gateway.packet.memory import Packet
    from gateway.packet.transport import (
        ICMP_CHECKSUM,
        NO_CHECKSUM,
        UDP,
        UDP_LITE,
        ZERO_SENT_AS,
        checksum_place,
    )


@cython.cfunc
def rewrite_address(
    packet: Packet,
    start: cython.int,
    field: cython.int,
    address: cython.uint,
    delta: cython.uint,
) -> cython.uint:
    """Replace the address at `field` of the header at `start`, in this or in a quoted datagram.

    Returns the delta of all words that changed: what a checksum over them has to take in.
    """
    set_u32(packet, start + field, address)
    changed: cython.uint = delta + _update(packet, start + HEADER_CHECKSUM, delta)
    protocol: cython.int = packet[start + PROTOCOL]
    offset: cython.int = checksum_place(protocol)
    if offset == NO_CHECKSUM or is_later_fragment(packet, start):
        return fold(changed)
    place: cython.int = start + header_length(packet, start) + offset
    if place + 2 <= total_length(packet):
        changed += _update_transport(packet, place, protocol, delta, start > 0)
    return fold(changed)


@cython.cfunc
@cython.exceptval(check=False)
def update_icmp(packet: Packet, delta: cython.uint) -> cython.void:
    """Take a change of the quoted datagram into the ICMP checksum."""
    _update(packet, header_length(packet, 0) + ICMP_CHECKSUM, delta)


@cython.cfunc
def _update_transport(
    packet: Packet,
    place: cython.int,
    protocol: cython.int,
    delta: cython.uint,
    quoted: cython.bint,
) -> cython.uint:
    """Zero stands for "none" in UDP (RFC 768), and for padding where a short quote has it."""
    old: cython.uint = u16(packet, place)
    if old == 0 and (quoted or protocol == UDP):
        return 0
    new: cython.uint = updated(old, delta)
    if new == 0 and protocol in (UDP, UDP_LITE):
        new = ZERO_SENT_AS
    return _set(packet, place, old, new)


@cython.cfunc
def _update(packet: Packet, place: cython.int, delta: cython.uint) -> cython.uint:
    old: cython.uint = u16(packet, place)
    return _set(packet, place, old, updated(old, delta))


@cython.cfunc
def _set(packet: Packet, place: cython.int, old: cython.uint, new: cython.uint) -> cython.uint:
    set_u16(packet, place, new)
    return (~old & 0xFFFF) + new
