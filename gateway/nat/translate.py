"""The translation of one packet: the same function for every engine.

Steps, in order; the first that finds a reason to drop ends it:

1. *check* the direction and the header, so that nothing after it can read past the end; a checksum
   that is left to the gateway must be the packet's own;
2. *look up* the outer address of each direction the packet takes; a blocked one ends it;
3. *check* the transport header, and the datagram that an ICMP error quotes;
4. *admit*: the security groups of the sender, then those of the receiver;
5. *police*: the address's bucket of the direction, then its package's;
6. *rewrite* the address and by its delta every checksum over it, in the quoted datagram, too;
7. *finish* the checksum that was left to the gateway.

A hairpin goes outbound and then inbound, in one step: the caller's address becomes its public one,
and the public address it called becomes the other's private one (RFC 4787, REQ-9).

An ICMP error is about a packet that went the other way: what is its destination outside is the
source inside (RFC 5508, REQ-3 to REQ-5). The gateway's own kernel sends errors, too, and from an
address that has no mapping; of such a one only the quoted datagram is rewritten.

What goes between private addresses is only admitted, or not: no address of it is rewritten, no
bucket is asked, and it is counted under no slot.

Nothing comes in from a private address but an ICMP error about a datagram of a mapping: a router on
the path may have such an address, and without its errors the path's MTU can't be found (RFC 4787,
REQ-12a). As their source says nothing, only so many of them pass in a time.
"""

import cython

if not cython.compiled:
    from gateway.nat.admission import Admission
    from gateway.nat.checks import (
        check_header,
        check_quote,
        check_transport,
        is_martian,
        is_private,
        quote_of,
    )
    from gateway.nat.flows import Flows
    from gateway.nat.policer import TICKS_PER_NS, Policer
    from gateway.nat.policy_view import EGRESS, INGRESS, PolicyView
    from gateway.nat.rewrite import rewrite_address, update_icmp
    from gateway.nat.view import NONE, TableView
    from gateway.packet.checksum import fold
    from gateway.packet.ipv4 import (
        DESTINATION,
        MIN_HEADER,
        SOURCE,
        option_addresses,
        option_end,
        total_length,
        u32,
    )
    from gateway.packet.memory import Packet, packet_of
    from gateway.packet.unfinished import finish, is_own

from gateway.nat.outcome import Checksum, Direction, Outcome
from gateway.nat.reasons import REASONS, Reason

INBOUND = cython.declare(cython.uint, Direction.INBOUND)
OUTBOUND = cython.declare(cython.uint, Direction.OUTBOUND)
HAIRPIN = cython.declare(cython.uint, Direction.HAIRPIN)

NS_PER_SECOND = cython.declare(cython.longlong, 1_000_000_000)

# Of ICMP errors from private addresses: one each 10 ms, and 50 at once.
PRIVATE_ERROR_NS = cython.declare(cython.longlong, 10_000_000)
PRIVATE_ERRORS_NS = cython.declare(cython.longlong, 500_000_000)

FINISHED = cython.declare(cython.int, Checksum.FINISHED)
UNFINISHED = cython.declare(cython.int, Checksum.UNFINISHED)
UNFINISHED_AGGREGATE = cython.declare(cython.int, Checksum.UNFINISHED_AGGREGATE)


@cython.final
@cython.cclass
class Translator:
    """The rules, with the table and the buckets that they go by."""

    table: TableView
    _policer: Policer
    _admission: Admission
    # Of the packet at hand: the slots of its source and its destination, where the datagram starts
    # that it quotes, and the slot of the destination of that.
    sender: cython.int
    receiver: cython.int
    _quote: cython.int
    _quoted: cython.int
    _is_from_private: cython.bint
    _is_private: cython.bint  # from one private address to another
    _is_judged: cython.bint  # by security groups
    _private_errors: cython.longlong  # until when, in ns, errors from private addresses have passed

    def __init__(self, table: TableView, policer: Policer, flows: Flows) -> None:
        """Begin with this table, these buckets and flows, and without a packet."""
        self.table = table
        self._policer = policer
        self._admission = Admission(table.policies, flows)
        self._private_errors = -(1 << 62)
        self._reset()

    def feed(
        self,
        memory: memoryview,
        direction: int,
        now_ns: int,
        checksum: int = Checksum.FINISHED,
    ) -> Outcome:
        """`translate`, for callers in Python: rewrites `memory` in place."""
        packet: Packet = packet_of(memory)
        return self.outcome(self.translate(packet, len(memory), direction, checksum, now_ns))

    def outcome(self, reason: int) -> Outcome:
        """The outcome of the packet translated last, which had this reason."""
        return Outcome(REASONS[reason], self.sender, self.receiver)

    def deciding_rule(self) -> tuple[int, int]:
        """The group that decided on the packet translated last, and its rule's index; 0, 0 if none.

        Of two members it is the one that was asked last: who drops it, or who receives it.
        """
        policies: PolicyView = self.table.policies
        if not self._is_judged:
            return 0, 0
        self._admission.name_rule()
        return policies.group, policies.policy_index

    @cython.cfunc
    def translate(
        self,
        packet: Packet,
        length: cython.int,
        direction: cython.uint,
        checksum: cython.int,
        now_ns: cython.longlong,
    ) -> cython.int:
        """Rewrite `packet` in place and return 0, or leave it as it is and return a reason to drop.

        This is the one entry: what each engine knows of a packet goes in here.

        `packet` starts at the IPv4 header; its `length` bytes may end in link-layer padding, which
        is left alone. `direction` and `checksum` are values of `Direction` and `Checksum`; any
        other direction is a reason to drop. `now_ns` is of any clock that doesn't go back. No
        content of the packet raises. `sender` and `receiver` then hold the slots to count the
        packet under, or `NONE`.
        """
        self._reset()
        reason: cython.int = self._plan(packet, length, direction, checksum)
        if reason == 0 and self._is_filtered():
            reason = self._admit(packet, now_ns)
        if reason == 0 and self._is_from_private and not self._takes_private_error(now_ns):
            reason = Reason.PRIVATE_ROUTERS_POLICED
        if reason == 0:
            reason = self._policer.admits(
                self.table,
                self.sender,
                self.receiver,
                total_length(packet),
                now_ns * TICKS_PER_NS,
            )
        if reason == 0:
            if not self._is_private:
                self._carry_out(packet)
            if checksum != FINISHED:
                finish(packet, checksum == UNFINISHED_AGGREGATE)
        return reason

    @cython.cfunc
    @cython.exceptval(check=False)
    def _reset(self) -> cython.void:
        """Begin a packet, of which no slot is known yet."""
        self.sender = self.receiver = self._quoted = NONE
        self._quote = 0
        self._is_from_private = self._is_private = self._is_judged = False

    @cython.cfunc
    def _plan(
        self,
        packet: Packet,
        length: cython.int,
        direction: cython.uint,
        checksum: cython.int,
    ) -> cython.int:
        if not INBOUND <= direction <= HAIRPIN:
            return Reason.UNKNOWN_DIRECTION
        reason: cython.int = check_header(packet, length)
        if reason != 0:
            return reason
        if checksum != FINISHED and not is_own(packet):
            return Reason.UNFINISHED
        if direction == HAIRPIN and self._is_between_privates(packet):
            return self._plan_private(packet)
        return self._plan_addresses(packet, direction)

    @cython.cfunc
    def _is_between_privates(self, packet: Packet) -> cython.bint:
        """Whether an instance sends to a private address; that is marked as a hairpin is."""
        table: TableView = self.table
        destination: cython.uint = u32(packet, DESTINATION)
        return (
            is_private(destination)
            and not table.in_pools(destination)
            and table.of_public(destination) == NONE
        )

    @cython.cfunc
    def _plan_private(self, packet: Packet) -> cython.int:
        """What goes between private addresses: to be admitted, and nothing else."""
        self._is_private = True
        if u32(packet, SOURCE) == u32(packet, DESTINATION):
            return Reason.LAND
        reason: cython.int = check_transport(packet)
        if reason != 0:
            return reason
        self._quote = quote_of(packet)
        if self._quote == 0:
            return 0
        reason = check_quote(packet, self._quote)
        if reason == 0 and u32(packet, self._quote + SOURCE) != u32(packet, DESTINATION):
            reason = Reason.QUOTE_MISMATCH
        return reason

    @cython.cfunc
    def _is_filtered(self) -> cython.bint:
        """Whether security groups have a say about the packet: who has none pays but this look."""
        table: TableView = self.table
        return (
            self._is_private
            or (self.sender != NONE and table.is_member(self.sender))
            or (self.receiver != NONE and table.is_member(self.receiver))
        )

    @cython.cfunc
    def _admit(self, packet: Packet, now_ns: cython.longlong) -> cython.int:
        """Ask the sender's groups and then the receiver's; each sees the other as it knows that."""
        table: TableView = self.table
        source: cython.uint = u32(packet, SOURCE)
        destination: cython.uint = u32(packet, DESTINATION)
        quoted: cython.uint = 0
        quote: cython.int = self._quote
        reason: cython.int = 0
        self._is_judged = True
        self._admission.begin(now_ns // NS_PER_SECOND)
        if self._is_private or self.sender != NONE:
            if quote:
                quoted = u32(packet, quote + SOURCE)
            reason = self._admission.judge(packet, quote, source, destination, quoted, EGRESS)
        if reason == 0 and (self._is_private or self.receiver != NONE):
            if quote:
                quoted = u32(packet, quote + DESTINATION)
            if self._quoted != NONE:
                quoted = table.public(self._quoted)
            if self.sender != NONE:
                source = table.public(self.sender)
            if self.receiver != NONE:
                destination = table.private(self.receiver)
            reason = self._admission.judge(packet, quote, destination, source, quoted, INGRESS)
        return reason

    @cython.cfunc
    def _plan_addresses(self, packet: Packet, direction: cython.uint) -> cython.int:
        source: cython.uint = u32(packet, SOURCE)
        destination: cython.uint = u32(packet, DESTINATION)
        if source == destination:
            return Reason.LAND
        if direction == INBOUND and self._is_no_stranger(source):
            self._is_from_private = self._is_private_router(packet, source, destination)
            if not self._is_from_private:
                return Reason.MARTIAN
        if direction == OUTBOUND and self._is_no_stranger(destination):
            return Reason.MISDIRECTED
        if direction != INBOUND:
            self.sender = self.table.of_private(source)
        if direction != OUTBOUND:
            self.receiver = self.table.of_public(destination)
            if self.receiver == NONE:
                return Reason.UNKNOWN_PUBLIC
        if self._is_blocked(self.sender) or self._is_blocked(self.receiver):
            return Reason.BLOCKED
        reason: cython.int = check_transport(packet)
        if reason != 0:
            return reason
        if direction == OUTBOUND and self._tells_private(packet):
            return Reason.PRIVATE_OPTION
        self._quote = quote_of(packet)
        if self._quote:
            return self._plan_error(packet, direction)
        if direction != INBOUND and self.sender == NONE:
            return Reason.UNKNOWN_PRIVATE
        return 0

    @cython.cfunc
    def _is_private_router(
        self, packet: Packet, source: cython.uint, destination: cython.uint
    ) -> cython.bint:
        """Whether this is an ICMP error from a private address, about a datagram of a mapping."""
        if not is_private(source) or self.table.of_private(source) != NONE:
            return False
        if check_transport(packet) != 0 or self.table.of_public(destination) == NONE:
            return False
        quote: cython.int = quote_of(packet)
        if quote == 0 or check_quote(packet, quote) != 0:
            return False
        return u32(packet, quote + SOURCE) == destination

    @cython.cfunc
    def _takes_private_error(self, now_ns: cython.longlong) -> cython.bint:
        """Whether one more error from a private address may pass now; if so, it has passed."""
        until: cython.longlong = max(self._private_errors, now_ns - PRIVATE_ERRORS_NS)
        if until + PRIVATE_ERROR_NS > now_ns:
            return False
        self._private_errors = until + PRIVATE_ERROR_NS
        return True

    @cython.cfunc
    def _is_blocked(self, slot: cython.int) -> cython.bint:
        """Whether the slot is that of a mapping, and its public address is blocked."""
        return slot != NONE and self.table.blocked(slot)

    @cython.cfunc
    def _plan_error(self, packet: Packet, direction: cython.uint) -> cython.int:
        """An ICMP error goes to the sender of the quoted datagram, from where that went to."""
        reason: cython.int = check_quote(packet, self._quote)
        if reason != 0:
            return reason
        if u32(packet, self._quote + SOURCE) != u32(packet, DESTINATION):
            return Reason.QUOTE_MISMATCH
        if direction == INBOUND:
            return 0
        source: cython.uint = u32(packet, SOURCE)
        went_to: cython.uint = u32(packet, self._quote + DESTINATION)
        self._quoted = self.table.of_private(went_to)
        if self._quoted == NONE:
            return Reason.QUOTE_UNKNOWN
        if self.sender == NONE and self._is_no_stranger(source):
            return Reason.UNKNOWN_PRIVATE
        if self.sender != NONE and went_to != source:
            return Reason.QUOTE_MISMATCH
        return 0

    @cython.cfunc
    def _tells_private(self, packet: Packet) -> cython.bint:
        """Whether an IP option carries a private address out. Options are never rewritten."""
        at: cython.int = MIN_HEADER
        end: cython.int = option_end(packet, at)
        while end:
            first: cython.int = option_addresses(packet[at])
            if first and self._has_private(packet, at + first, end):
                return True
            at = end
            end = option_end(packet, at)
        return False

    @cython.cfunc
    def _has_private(self, packet: Packet, at: cython.int, end: cython.int) -> cython.bint:
        """Whether an address in these bytes can't be on the internet; 0 stands for no address."""
        while at + 4 <= end:
            address: cython.uint = u32(packet, at)
            if self.table.of_private(address) != NONE or (address and is_martian(address)):
                return True
            at += 4
        return False

    @cython.cfunc
    def _is_no_stranger(self, address: cython.uint) -> cython.bint:
        """Whether no host on the internet has the address: it is of our pool, or martian."""
        table: TableView = self.table
        return is_martian(address) or table.in_pools(address) or table.of_public(address) != NONE

    @cython.cfunc
    @cython.exceptval(check=False)
    def _carry_out(self, packet: Packet) -> cython.void:
        quoted: cython.uint = 0
        if self.sender != NONE:
            self._to_public(packet, 0, SOURCE, self.sender)
        if self._quoted != NONE:
            quoted += self._to_public(packet, self._quote, DESTINATION, self._quoted)
        if self.receiver != NONE:
            self._to_private(packet, 0, DESTINATION, self.receiver)
            if self._quote:
                quoted += self._to_private(packet, self._quote, SOURCE, self.receiver)
        if self._quote:
            update_icmp(packet, fold(quoted))

    @cython.cfunc
    def _to_public(
        self, packet: Packet, start: cython.int, field: cython.int, slot: cython.int
    ) -> cython.uint:
        table: TableView = self.table
        return rewrite_address(packet, start, field, table.public(slot), table.outbound_delta(slot))

    @cython.cfunc
    def _to_private(
        self, packet: Packet, start: cython.int, field: cython.int, slot: cython.int
    ) -> cython.uint:
        table: TableView = self.table
        return rewrite_address(packet, start, field, table.private(slot), table.inbound_delta(slot))
