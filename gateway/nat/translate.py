"""The translation of one packet: the same function for every engine.

Steps, in order; the first that finds a reason to drop ends it:

1. *check* the header, so that nothing after it can read past the end;
2. *look up* the outer address of each direction the packet takes;
3. *check* the transport header, and the datagram that an ICMP error quotes;
4. *police*: the address's bucket of the direction, then its package's;
5. *rewrite* the address and by its delta every checksum over it, in the quoted datagram, too.

A hairpin goes outbound and then inbound, in one step: the caller's address becomes its public one,
and the public address it called becomes the other's private one (RFC 4787, REQ-9).

An ICMP error is about a packet that went the other way: what is its destination outside is the
source inside (RFC 5508, REQ-3 to REQ-5). The gateway's own kernel sends errors, too, and from an
address that has no mapping; of such a one only the quoted datagram is rewritten.
"""

from enum import IntEnum
from typing import Final, NamedTuple

from gateway.nat.checks import (
    check_header,
    check_quote,
    check_transport,
    is_martian,
    quote_of,
)
from gateway.nat.policer import Policer
from gateway.nat.reasons import Reason
from gateway.nat.rewrite import rewrite_address, update_icmp
from gateway.nat.table import Rewrite, Table
from gateway.packet import ipv4
from gateway.packet.checksum import fold
from gateway.packet.ipv4 import Packet

NO_SLOT: Final = -1


class Direction(IntEnum):
    """Seen from the instance; the values are the marks that steering gives to packets."""

    INBOUND = 1
    OUTBOUND = 2
    HAIRPIN = 3


class Outcome(NamedTuple):
    """What became of a packet, and the slots to count it under: who sent it, who receives it.

    `NO_SLOT` stands for whoever has none: the internet, or an address without a mapping.
    """

    reason: Reason
    sender: int = NO_SLOT
    receiver: int = NO_SLOT


class Plan(NamedTuple):
    """What is to be rewritten: the source, the destination, and in a quoted datagram."""

    reason: Reason
    source: Rewrite | None = None
    destination: Rewrite | None = None
    quote: int = 0
    quoted_destination: Rewrite | None = None


def translate(
    packet: Packet, direction: Direction, table: Table, policer: Policer, now: float
) -> Outcome:
    """Rewrite `packet` in place, or leave it as it is and say why it must be dropped.

    `packet` starts at the IPv4 header and may end in link-layer padding, which is left alone.
    `now` is in seconds, of any clock that doesn't go back. No content of the packet raises.
    """
    plan = _plan(packet, direction, table)
    sender = plan.source.slot if plan.source else NO_SLOT
    receiver = plan.destination.slot if plan.destination else NO_SLOT
    reason = plan.reason or _police(packet, plan, table, policer, now)
    if not reason:
        _carry_out(packet, plan)
    return Outcome(reason, sender, receiver)


def _plan(packet: Packet, direction: Direction, table: Table) -> Plan:
    reason = check_header(packet)
    if reason:
        return Plan(reason)
    source, destination = ipv4.u32(packet, ipv4.SOURCE), ipv4.u32(packet, ipv4.DESTINATION)
    if source == destination:
        return Plan(Reason.LAND)
    if direction is Direction.INBOUND and _is_no_stranger(source, table):
        return Plan(Reason.MARTIAN)
    if direction is Direction.OUTBOUND and _is_no_stranger(destination, table):
        return Plan(Reason.MISDIRECTED)
    outward = table.outbound.get(source) if direction is not Direction.INBOUND else None
    inward = table.inbound.get(destination) if direction is not Direction.OUTBOUND else None
    if inward is None and direction is not Direction.OUTBOUND:
        return Plan(Reason.UNKNOWN_PUBLIC, outward)
    reason = check_transport(packet)
    if reason:
        return Plan(reason, outward, inward)
    if direction is Direction.OUTBOUND and _tells_private(packet, table):
        return Plan(Reason.PRIVATE_OPTION, outward)
    quote = quote_of(packet)
    if quote:
        return _plan_error(packet, direction, table, Plan(reason, outward, inward, quote))
    if outward is None and direction is not Direction.INBOUND:
        return Plan(Reason.UNKNOWN_PRIVATE, None, inward)
    return Plan(reason, outward, inward)


def _plan_error(packet: Packet, direction: Direction, table: Table, plan: Plan) -> Plan:
    """An ICMP error: it goes to who sent the quoted datagram, and comes from where that went to."""
    reason = check_quote(packet, plan.quote)
    if reason:
        return plan._replace(reason=reason)
    if ipv4.u32(packet, plan.quote + ipv4.SOURCE) != ipv4.u32(packet, ipv4.DESTINATION):
        return plan._replace(reason=Reason.QUOTE_MISMATCH)
    if direction is Direction.INBOUND:
        return plan
    source = ipv4.u32(packet, ipv4.SOURCE)
    went_to = ipv4.u32(packet, plan.quote + ipv4.DESTINATION)
    quoted = table.outbound.get(went_to)
    if quoted is None:
        return plan._replace(reason=Reason.QUOTE_UNKNOWN)
    if plan.source is None and _is_no_stranger(source, table):
        return plan._replace(reason=Reason.UNKNOWN_PRIVATE)
    if plan.source is not None and went_to != source:
        return plan._replace(reason=Reason.QUOTE_MISMATCH)
    return plan._replace(quoted_destination=quoted)


def _tells_private(packet: Packet, table: Table) -> bool:
    """Whether an option carries a private address out. Options are never rewritten."""
    if ipv4.header_length(packet) == ipv4.MIN_HEADER:
        return False
    return any(
        address in table.outbound or (address and is_martian(address))
        for address in ipv4.option_addresses(packet)
    )


def _is_no_stranger(address: int, table: Table) -> bool:
    """Whether nobody on the internet has the address: it is one of ours, or nobody's there."""
    return address in table.inbound or is_martian(address)


def _police(packet: Packet, plan: Plan, table: Table, policer: Policer, now: float) -> Reason:
    return policer.admits(
        plan.source, plan.destination, table.package_kbps, ipv4.total_length(packet), now
    )


def _carry_out(packet: Packet, plan: Plan) -> None:
    end = ipv4.total_length(packet)
    quoted = 0
    if plan.source:
        rewrite_address(packet, 0, ipv4.SOURCE, plan.source, end)
    if plan.quoted_destination:
        quoted += rewrite_address(
            packet, plan.quote, ipv4.DESTINATION, plan.quoted_destination, end
        )
    if plan.destination:
        rewrite_address(packet, 0, ipv4.DESTINATION, plan.destination, end)
        if plan.quote:
            quoted += rewrite_address(packet, plan.quote, ipv4.SOURCE, plan.destination, end)
    if plan.quote:
        update_icmp(packet, fold(quoted))
