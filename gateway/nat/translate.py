"""The translation of one packet: the same function for every engine.

Steps, in order; the first that finds a reason to drop ends it:

1. *check* the header, so that nothing after it can read past the end;
2. *look up* the address of the direction: the destination inbound, the source outbound;
3. *check the transport*: is all there that the rewrite touches;
4. *rewrite* the address, and by its delta the IPv4 and the TCP or UDP checksum (RFC 1624).

Policing stands between 3 and 4, quoted packets of ICMP errors and fragments in 3 and 4; until those
rules are there such packets are dropped with a reason of their own.
"""

from enum import IntEnum
from typing import Final, NamedTuple

from gateway.nat.reasons import Reason
from gateway.nat.table import Rewrite, Table
from gateway.packet import ipv4, transport
from gateway.packet.checksum import updated
from gateway.packet.ipv4 import Packet

NO_SLOT: Final = -1


class Direction(IntEnum):
    """Seen from the instance. The values are those of the counters' layout."""

    INBOUND = 0
    OUTBOUND = 1


class Outcome(NamedTuple):
    """What became of a packet, and the slot to count it under (`NO_SLOT` where none is known)."""

    reason: Reason
    slot: int


def translate(packet: Packet, direction: Direction, table: Table) -> Outcome:
    """Rewrite `packet` in place, or leave it as it is and say why it must be dropped.

    `packet` starts at the IPv4 header and may end in link-layer padding, which is left alone. No
    content of it raises.
    """
    reason = _check_header(packet)
    if reason:
        return Outcome(reason, NO_SLOT)
    inbound = direction is Direction.INBOUND
    if inbound:
        rewrite = table.inbound.get(ipv4.u32(packet, ipv4.DESTINATION))
    else:
        rewrite = table.outbound.get(ipv4.u32(packet, ipv4.SOURCE))
    if rewrite is None:
        return Outcome(Reason.UNKNOWN_PUBLIC if inbound else Reason.UNKNOWN_PRIVATE, NO_SLOT)
    reason = _check_transport(packet)
    if not reason:
        _rewrite(packet, ipv4.DESTINATION if inbound else ipv4.SOURCE, rewrite)
    return Outcome(reason, rewrite.slot)


def _check_header(packet: Packet) -> Reason:
    """RFC 1122, 3.2.1: a malformed datagram is silently discarded; silent to its sender only."""
    if len(packet) < ipv4.MIN_HEADER:
        return Reason.HEADER_TRUNCATED
    if ipv4.version(packet) != 4:
        return Reason.BAD_VERSION
    total = ipv4.total_length(packet)
    if not ipv4.MIN_HEADER <= ipv4.header_length(packet) <= total:
        return Reason.BAD_HEADER_LENGTH
    if total > len(packet):
        return Reason.TRUNCATED
    return Reason.TRANSLATED


def _check_transport(packet: Packet) -> Reason:
    if ipv4.is_fragment(packet):
        return Reason.UNSUPPORTED_FRAGMENT
    start = ipv4.header_length(packet)
    length = ipv4.total_length(packet) - start
    protocol = packet[ipv4.PROTOCOL]
    if protocol == ipv4.TCP:
        complete = length >= transport.TCP_MIN_HEADER
    elif protocol == ipv4.UDP:
        complete = length >= transport.UDP_HEADER
    elif protocol == ipv4.ICMP:
        complete = length >= transport.ICMP_MIN_HEADER
        if complete and packet[start] not in (transport.ICMP_ECHO, transport.ICMP_ECHO_REPLY):
            return Reason.UNSUPPORTED_ICMP
    else:
        return Reason.UNSUPPORTED_PROTOCOL
    return Reason.TRANSLATED if complete else Reason.TRANSPORT_TRUNCATED


def _rewrite(packet: Packet, address_field: int, rewrite: Rewrite) -> None:
    ipv4.set_u32(packet, address_field, rewrite.address)
    _update(packet, ipv4.CHECKSUM, rewrite.delta)
    protocol = packet[ipv4.PROTOCOL]
    if protocol == ipv4.TCP:
        _update(packet, ipv4.header_length(packet) + transport.TCP_CHECKSUM, rewrite.delta)
    elif protocol == ipv4.UDP:
        _update_udp(packet, ipv4.header_length(packet) + transport.UDP_CHECKSUM, rewrite.delta)


def _update(packet: Packet, field: int, delta: int) -> None:
    ipv4.set_u16(packet, field, updated(ipv4.u16(packet, field), delta))


def _update_udp(packet: Packet, field: int, delta: int) -> None:
    if ipv4.u16(packet, field) == transport.UDP_NO_CHECKSUM:
        return
    _update(packet, field, delta)
    if ipv4.u16(packet, field) == transport.UDP_NO_CHECKSUM:
        ipv4.set_u16(packet, field, transport.UDP_ZERO_SENT_AS)
