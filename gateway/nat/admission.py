"""Security groups at work: which packets of a member pass.

A packet belongs to a flow. If the flow is known, and was judged by the policies that are in force,
the packet passes, either way. If policies changed since, the flow is judged again, by its first
way: a flow that they admit goes on, and one that they don't ends with this packet. A packet of no
known flow begins one, if the rules admit it in its own way. That holds for TCP in the middle of a
connection, too: a flow whose entry was lost comes back with the first packet that rules admit.

What ends of TCP is kept as *ended*: else an answer to it could begin the flow anew, the other way
round. A TCP segment that opens a connection (SYN without ACK) against a flow's first way is judged
by itself, but for two that open one connection at once (RFC 9293, 3.5, figure 7).

An ICMP error passes with the flow of the datagram that it quotes, and leaves the flow as it is; one
that quotes no known flow is judged as a message by itself. Of a fragmented datagram the first one
is judged, and the rest goes its way. What comes before the first passes if rules could admit the
datagram, whatever its ports: nobody can use it without the first.
"""

import cython

if not cython.compiled:
    from gateway.nat.flows import (
        ANSWERED,
        CLOSING,
        EMPTY,
        ENDED,
        FRAGMENT_ADMITTED,
        FRAGMENT_DROPPED,
        FRAGMENT_UNKNOWN,
        OPEN,
        OPENING,
        SINCE_MASK,
        Flows,
        began_inbound,
        flow_state,
        kind_of,
        since_of,
    )
    from gateway.nat.policy_view import NO_PLACE, UNKNOWN_PORT, PolicyView
    from gateway.packet.ipv4 import (
        IDENTIFICATION,
        PROTOCOL,
        has_more_fragments,
        header_length,
        is_later_fragment,
        total_length,
        u16,
    )
    from gateway.packet.memory import Packet
    from gateway.packet.transport import (
        ICMP,
        ICMP_IDENTIFIER,
        ICMP_QUOTE,
        TCP,
        TCP_FLAGS,
        UDP,
        closes,
        has_identifier,
        is_request,
        opens,
    )

from gateway.nat.reasons import Reason

FOLLOW_TRIES = cython.declare(cython.int, 4)  # at a state that other workers change meanwhile


@cython.final
@cython.cclass
class Admission:
    """The policies of one table, with the flows that they have admitted."""

    policies: PolicyView
    _flows: Flows
    _since: cython.longlong
    # Of the packet at hand: whose it is, what of it tells its flow, and whether rules were asked.
    _place: cython.longlong
    _private: cython.uint
    _remote: cython.uint
    _inbound: cython.bint
    _protocol: cython.int
    _own_port: cython.uint
    _port: cython.uint
    _opens: cython.bint
    _closes: cython.bint
    _asked: cython.bint
    _second: cython.longlong

    def __init__(self, policies: PolicyView, flows: Flows) -> None:
        """Judge by these policies, and keep flows there."""
        self.policies = policies
        self._flows = flows
        self._since = policies.since & SINCE_MASK
        self._private = self._remote = self._own_port = self._port = 0
        self._protocol = 0
        self._second = 0
        self._inbound = self._opens = self._closes = False
        self.begin(0)

    @cython.cfunc
    @cython.exceptval(check=False)
    def begin(self, second: cython.longlong) -> cython.void:
        """Begin a packet, which may be of two members, at this second."""
        self._second = second
        self._place = NO_PLACE
        self._asked = False
        self.policies.group = self.policies.policy_index = 0

    @cython.cfunc
    def judge(
        self,
        packet: Packet,
        quote: cython.int,
        private: cython.uint,
        remote: cython.uint,
        quoted: cython.uint,
        inbound: cython.bint,
    ) -> cython.int:
        """0 if the groups of an instance let the packet pass, or the reason to drop it.

        `remote` is the address that it comes from or goes to, as the instance knows that. `quote`
        is where the datagram begins that an ICMP error quotes, or 0, and `quoted` the remote
        address of that. For whoever is no member all passes. The packet must have been checked.
        """
        place: cython.longlong = self.policies.place_of(private)
        if place == NO_PLACE:
            return 0
        self._place = place
        self._asked = False
        self._private, self._remote, self._inbound = private, remote, inbound
        self._protocol = packet[PROTOCOL]
        admitted: cython.bint
        if is_later_fragment(packet, 0):
            admitted = self._admits_rest(packet)
        else:
            admitted = self._admits_quoted(packet, quote, quoted) if quote else self._admits(packet)
            if has_more_fragments(packet):
                decision: cython.int = FRAGMENT_ADMITTED if admitted else FRAGMENT_DROPPED
                datagram: cython.uint = self._datagram(packet)
                self._flows.note_fragment(private, remote, datagram, decision, self._second)
        return 0 if admitted else Reason.SECURITY_GROUP

    @cython.cfunc
    @cython.exceptval(check=False)
    def name_rule(self) -> cython.void:
        """Have the policies name the rule by which the packet at hand was admitted, or dropped."""
        if self._place != NO_PLACE and not self._asked:
            state: cython.longlong = self._flows.again(self._second)
            self._asks_rules(began_inbound(state) if state else self._inbound)

    @cython.cfunc
    def _admits(self, packet: Packet) -> cython.bint:
        """A packet that has a transport header, if its protocol has one."""
        start: cython.int = header_length(packet, 0)
        self._read_ports(packet, start, not self._inbound)
        if self._protocol == TCP:
            self._opens = opens(packet[start + TCP_FLAGS])
            self._closes = closes(packet[start + TCP_FLAGS])
        state: cython.longlong = self._find()
        admitted: cython.bint = False
        tries: cython.int = FOLLOW_TRIES
        while state and tries > 0:
            tries -= 1
            if self._begins_anew(state):
                return self._begin_anew(state)
            after: cython.longlong = self._after(state)
            admitted = kind_of(after) != EMPTY and kind_of(after) != ENDED
            if after == state or self._flows.change(state, after):
                return admitted
            state = self._flows.again(self._second)
        return admitted if state else self._begin()

    @cython.cfunc
    def _begin(self) -> cython.bint:
        """Begin a flow with this packet, if the rules admit it in its own way."""
        if not self._asks_rules(self._inbound):
            return False
        kind: cython.longlong = CLOSING if self._closes else OPENING
        state: cython.longlong = flow_state(self._since, self._second, self._inbound, kind)
        self._flows.open(state, self._second)
        return True

    @cython.cfunc
    def _begins_anew(self, state: cython.longlong) -> cython.bint:
        """Whether this opens a connection that the flow, which is known, says nothing about."""
        kind: cython.int = kind_of(state)
        if not self._opens or kind == OPENING:
            return False
        return kind == ENDED or began_inbound(state) != self._inbound

    @cython.cfunc
    def _begin_anew(self, state: cython.longlong) -> cython.bint:
        """Begin a flow in place of one that is known; that stays as it is if rules don't admit."""
        if not self._asks_rules(self._inbound):
            return False
        self._flows.change(state, flow_state(self._since, self._second, self._inbound, OPENING))
        return True

    @cython.cfunc
    def _after(self, state: cython.longlong) -> cython.longlong:
        """The state of the flow after this packet; if none or ended, the packet is dropped."""
        kind: cython.longlong = kind_of(state)
        way: cython.bint = began_inbound(state)
        if since_of(state) != self._since:
            if not self._asks_rules(way):
                if self._protocol != TCP:
                    return EMPTY
                kind = ENDED
            elif kind == ENDED:
                kind = OPENING
        if kind != ENDED:
            kind = self._kind_after(kind, way == self._inbound)
        return flow_state(self._since, self._second, way, kind)

    @cython.cfunc
    def _kind_after(self, kind: cython.longlong, is_first_way: cython.bint) -> cython.longlong:
        if self._closes:
            return CLOSING
        if kind == CLOSING and self._opens:
            return OPENING
        if kind == OPENING and not is_first_way:
            return ANSWERED
        if kind == ANSWERED and is_first_way and not self._opens:
            return OPEN
        return kind

    @cython.cfunc
    def _admits_quoted(self, packet: Packet, quote: cython.int, quoted: cython.uint) -> cython.bint:
        """An ICMP error: by the flow of the datagram that it quotes, which went the other way."""
        start: cython.int = quote + header_length(packet, quote)
        if not is_later_fragment(packet, quote) and start + ICMP_QUOTE <= total_length(packet):
            remote: cython.uint = self._remote
            self._remote = quoted
            self._protocol = packet[quote + PROTOCOL]
            self._read_ports(packet, start, self._inbound)
            state: cython.longlong = self._find()
            if state and since_of(state) == self._since:
                return kind_of(state) != ENDED
            if state:
                return self._asks_rules(began_inbound(state))
            self._remote = remote
            self._protocol = ICMP
        self._own_port = self._port = 0
        return self._asks_rules(self._inbound)

    @cython.cfunc
    def _admits_rest(self, packet: Packet) -> cython.bint:
        """A later fragment: as the first was decided, or if rules could admit the datagram."""
        decision: cython.int = self._flows.fragment(
            self._private, self._remote, self._datagram(packet), self._second
        )
        self._asked = True
        self.policies.group = self.policies.policy_index = 0
        if decision != FRAGMENT_UNKNOWN:
            return decision == FRAGMENT_ADMITTED
        return self.policies.admits(
            self._place, self._inbound, self._remote, self._protocol, UNKNOWN_PORT
        )

    @cython.cfunc
    @cython.exceptval(check=False)
    def _read_ports(
        self, packet: Packet, start: cython.int, is_members: cython.bint
    ) -> cython.void:
        """Read what tells the flow of a datagram that the member has sent, or that it receives."""
        source: cython.uint = 0
        destination: cython.uint = 0
        self._opens = self._closes = False
        if self._protocol == TCP or self._protocol == UDP:
            source = u16(packet, start)
            destination = u16(packet, start + 2)
        elif self._protocol == ICMP and has_identifier(packet[start]):
            # Who asks has the identifier as a port, and 1 is the port of who answers.
            source = destination = 1
            if is_request(packet[start]):
                source = u16(packet, start + ICMP_IDENTIFIER)
            else:
                destination = u16(packet, start + ICMP_IDENTIFIER)
        self._own_port = source if is_members else destination
        self._port = destination if is_members else source

    @cython.cfunc
    def _find(self) -> cython.longlong:
        """The state of the packet's flow; 0 if that isn't known."""
        return self._flows.find(
            self._private,
            self._remote,
            self._protocol,
            self._own_port,
            self._port,
            self._second,
        )

    @cython.cfunc
    def _asks_rules(self, inbound: cython.bint) -> cython.bint:
        """Whether the rules admit the flow, if its first packet goes this way."""
        port: cython.int = self._own_port if inbound else self._port
        self._asked = True
        return self.policies.admits(self._place, inbound, self._remote, self._protocol, port)

    @cython.cfunc
    def _datagram(self, packet: Packet) -> cython.uint:
        """What all fragments of a datagram have in common, beside its addresses."""
        way: cython.uint = 1 if self._inbound else 0
        protocol: cython.uint = packet[PROTOCOL]
        return way << 24 | protocol << 16 | u16(packet, IDENTIFICATION)
