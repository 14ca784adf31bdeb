"""Security groups as slow, obvious Python: lists and dictionaries, and no bytes.

It says of a described packet whether it passes, and which rule decided. The rules of
`gateway/nat/admission.py` must say the same of its bytes.
"""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.nat.policy import NO_POLICIES, Policies

ICMP, TCP, UDP = 1, 6, 17
FIN, SYN, RST, ACK = 1, 2, 4, 16
REQUESTS, REPLIES = (8, 13, 15, 17), (0, 14, 16, 18)
IN, OUT = "in", "out"
TCP_OPEN_S, TCP_HALF_S, ICMP_S, OTHER_S, FRAGMENT_S = 7440, 240, 60, 300, 30


class Probe(NamedTuple):
    """A packet. `first` and `second` are ports, or ICMP's type and identifier."""

    source: int
    destination: int
    protocol: int
    first: int = 0
    second: int = 0
    flags: int = 0
    datagram: int = 0
    more: bool = False
    offset: int = 0
    quote: "Probe | None" = None

    def __bytes__(self) -> bytes:
        """The packet on the wire, with checksums of zero."""
        body = bytes(8) if self.offset else self._transport()
        return self._header(20 + len(body)) + body

    def _header(self, length: int) -> bytes:
        field = self.offset | (0x2000 if self.more else 0)
        start = struct.pack(
            ">BBHHHBBH", 0x45, 0, length, self.datagram, field, 64, self.protocol, 0
        )
        return start + struct.pack(">II", self.source, self.destination)

    def _transport(self) -> bytes:
        if self.protocol == TCP:
            return struct.pack(">HHIIBBHHH", *self[3:5], 0, 0, 0x50, self.flags, 0, 0, 0)
        if self.protocol == ICMP:
            quoted = bytes(self.quote)[:28] if self.quote else b""
            return struct.pack(">BBHHH", self.first, 0, 0, self.second, 0) + quoted
        return struct.pack(">HHHH", *self[3:5], 8, 0)


class Decision(NamedTuple):
    admitted: bool
    group: int = 0
    policy_index: int = 0


@dataclass(slots=True)
class Flow:
    way: str
    kind: str
    at: int
    since: int


@dataclass(slots=True)
class Oracle:
    """What one gateway's groups have admitted so far."""

    policies: Policies = NO_POLICIES
    since: int = 0
    flows: dict[tuple[int, ...], Flow] = field(default_factory=dict)
    fragments: dict[tuple[object, ...], tuple[bool, int]] = field(default_factory=dict)

    def judge(
        self, probe: Probe, private: int, remote: int, quoted: int, way: str, at: int
    ) -> Decision | None:
        """What the groups of this instance decide; none if it is no member."""
        members = {member.private: member for member in self.policies.members}
        if private not in members:
            return None
        whole = (private, remote, way, probe.datagram, probe.protocol)
        if probe.offset:
            return self._rest(whole, at)
        decision = (
            self._error(probe, private, remote, quoted, way, at)
            if probe.quote
            else self._packet(probe, private, remote, way, at)
        )
        if probe.more:
            self.fragments[whole] = decision.admitted, at
        return decision

    def rules(
        self, private: int, remote: int, protocol: int, port: int | None, way: str
    ) -> Decision:
        """The first rule that matches, or nothing: then the packet is dropped."""
        sets = {remotes.number: remotes.ranges for remotes in self.policies.remotes}
        groups = {group.number: group for group in self.policies.groups}
        (member,) = (one for one in self.policies.members if one.private == private)
        for number in member.groups:
            for rule in groups[number].ingress if way == IN else groups[number].egress:
                if rule.protocol not in (protocol, 256):
                    continue
                if rule.remotes and not any(
                    first <= remote <= last for first, last in sets[rule.remotes]
                ):
                    continue
                if protocol in (TCP, UDP):
                    every = (rule.first_port, rule.last_port) == (0, 65535)
                    if port is None and not rule.admits and not every:
                        continue
                    if port is not None and not rule.first_port <= port <= rule.last_port:
                        continue
                return Decision(rule.admits, number, rule.policy_index)
        return Decision(admitted=False)

    def _rest(self, whole: tuple[int, int, str, int, int], at: int) -> Decision:
        admitted, when = self.fragments.get(whole, (False, None))
        if when is not None and at - when <= FRAGMENT_S:
            return Decision(admitted)
        private, remote, way, _, protocol = whole
        return self.rules(private, remote, protocol, None, way)

    def _error(
        self, probe: Probe, private: int, remote: int, quoted: int, way: str, at: int
    ) -> Decision:
        about = probe.quote
        assert about
        if not about.offset:
            key = self._key(about, private, quoted, OUT if way == IN else IN)
            flow = self._flow(key, at)
            if flow:
                decision = self._first_way(key, flow)
                if flow.since != self.since:
                    return decision
                return decision._replace(admitted=flow.kind != "ended")
        return self.rules(private, remote, ICMP, 0, way)

    def _packet(self, probe: Probe, private: int, remote: int, way: str, at: int) -> Decision:
        key = self._key(probe, private, remote, way)
        flow = self._flow(key, at)
        tcp = probe.flags if probe.protocol == TCP else 0
        opens, closes = tcp & (SYN | ACK | RST) == SYN, bool(tcp & (FIN | RST))
        anew = flow and opens and flow.kind != "opening"
        if flow is None or (anew and (flow.kind == "ended" or flow.way != way)):
            decision = self.rules(private, remote, probe.protocol, self._port(key, way), way)
            if decision.admitted:
                kind = "closing" if closes else "opening"
                self.flows[key] = Flow(way, kind, at, self.since)
            return decision
        decision = self._first_way(key, flow)
        if flow.since != self.since:
            if not decision.admitted:
                flow.kind = "ended"
                if probe.protocol != TCP:
                    del self.flows[key]
            elif flow.kind == "ended":
                flow.kind = "opening"
        flow.since, flow.at = self.since, at
        if flow.kind == "ended":
            return decision._replace(admitted=False)
        if closes:
            flow.kind = "closing"
        elif flow.kind == "closing" and opens:
            flow.kind = "opening"
        elif flow.kind == "opening" and way != flow.way:
            flow.kind = "answered"
        elif flow.kind == "answered" and way == flow.way and not opens:
            flow.kind = "open"
        return decision

    def _first_way(self, key: tuple[int, ...], flow: Flow) -> Decision:
        private, remote, protocol, *_ = key
        return self.rules(private, remote, protocol, self._port(key, flow.way), flow.way)

    def _flow(self, key: tuple[int, ...], at: int) -> Flow | None:
        flow = self.flows.get(key)
        if flow is None:
            return None
        limit = {ICMP: ICMP_S, TCP: TCP_HALF_S}.get(key[2], OTHER_S)
        if key[2] == TCP and flow.kind in ("open", "ended"):
            limit = TCP_OPEN_S
        return flow if at - flow.at <= limit else None

    @staticmethod
    def _port(key: tuple[int, ...], way: str) -> int:
        """The destination's port of a packet that goes this way."""
        return key[3] if way == IN else key[4]

    @staticmethod
    def _key(probe: Probe, private: int, remote: int, way: str) -> tuple[int, ...]:
        """Instance, remote, protocol, and what stands for a port of each."""
        sender, receiver = 0, 0
        if probe.protocol in (TCP, UDP):
            sender, receiver = probe.first, probe.second
        elif probe.protocol == ICMP and probe.first in REQUESTS:
            sender, receiver = probe.second, 1
        elif probe.protocol == ICMP and probe.first in REPLIES:
            sender, receiver = 1, probe.second
        ports = (sender, receiver) if way == OUT else (receiver, sender)
        return (private, remote, probe.protocol, *ports)
