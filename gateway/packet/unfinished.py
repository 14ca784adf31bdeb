"""Checksums that a sender left to its network card, or to the kernel that cuts an aggregate.

Between hosts of one machine no checksum is computed: the kernel marks the packet instead, and
the checksum field holds the sum of the pseudo-header alone (RFC 9293, 3.1), not yet complemented.
A gateway that rewrites such a packet has to finish it; an aggregate keeps the sum of its new
pseudo-header, and the kernel finishes each packet that it cuts off. SCTP's checksum is a CRC
without a pseudo-header (RFC 9260, appendix A).
"""

import cython

if not cython.compiled:
    from gateway.packet.checksum import fold
    from gateway.packet.ipv4 import (
        PROTOCOL,
        SOURCE,
        header_length,
        is_later_fragment,
        set_u16,
        total_length,
        u16,
    )
    from gateway.packet.memory import Packet, sum_bytes
    from gateway.packet.transport import (
        SCTP,
        SCTP_CHECKSUM,
        SCTP_HEADER,
        TCP,
        UDP,
        ZERO_SENT_AS,
        checksum_place,
        min_transport_header,
    )

CRC32C = cython.declare(cython.uint, 0x82F63B78)  # Castagnoli's polynomial, bits reversed


@cython.cfunc
def is_own(packet: Packet) -> cython.bint:
    """Whether an unfinished checksum is this packet's, and not that of one inside a tunnel.

    The packet has a whole header, and its total length of bytes.
    """
    protocol: cython.int = packet[PROTOCOL]
    start: cython.int = header_length(packet, 0)
    if protocol not in (TCP, UDP, SCTP) or is_later_fragment(packet, 0):
        return False
    length: cython.int = total_length(packet) - start
    if protocol == SCTP:
        return length >= SCTP_HEADER
    if length < min_transport_header(protocol):
        return False
    return u16(packet, start + checksum_place(protocol)) == fold(_pseudo_header(packet))


@cython.cfunc
@cython.exceptval(check=False)
def finish(packet: Packet, aggregate: cython.bint) -> cython.void:
    """Finish the checksum of a packet that `is_own` was true of before its addresses changed."""
    protocol: cython.int = packet[PROTOCOL]
    start: cython.int = header_length(packet, 0)
    if protocol == SCTP:
        _finish_sctp(packet, start)
        return
    place: cython.int = start + checksum_place(protocol)
    total: cython.ulonglong = _pseudo_header(packet)
    checksum: cython.uint = fold(total)
    if not aggregate:
        set_u16(packet, place, 0)
        checksum = ~fold(total + sum_bytes(packet, start, total_length(packet))) & 0xFFFF
        if checksum == 0 and protocol == UDP:
            checksum = ZERO_SENT_AS
    set_u16(packet, place, checksum)


@cython.cfunc
def _pseudo_header(packet: Packet) -> cython.ulonglong:
    length: cython.int = total_length(packet) - header_length(packet, 0)
    return sum_bytes(packet, SOURCE, SOURCE + 8) + packet[PROTOCOL] + length


@cython.cfunc
@cython.exceptval(check=False)
def _finish_sctp(packet: Packet, start: cython.int) -> cython.void:
    place: cython.int = start + SCTP_CHECKSUM
    set_u16(packet, place, 0)
    set_u16(packet, place + 2, 0)
    crc: cython.uint = crc32c(packet, start, total_length(packet))
    at: cython.int
    for at in range(4):  # least significant byte first
        packet[place + at] = crc >> 8 * at & 0xFF


@cython.cfunc
def crc32c(packet: Packet, start: cython.int, end: cython.int) -> cython.uint:
    """The CRC-32C of the bytes from `start` to `end`, bit by bit: SCTP is rare."""
    crc: cython.uint = 0xFFFFFFFF
    at: cython.int
    for at in range(start, end):
        crc ^= packet[at]
        for _ in range(8):
            crc = crc >> 1 ^ (CRC32C if crc & 1 else 0)
    return ~crc & 0xFFFFFFFF
