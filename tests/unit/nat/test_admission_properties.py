"""Random rules and random packets in time: both forms of the rules say what the oracle says."""

from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from support.admission_oracle import (
    ACK,
    FIN,
    ICMP,
    IN,
    OUT,
    RST,
    SYN,
    TCP,
    UDP,
    Decision,
    Oracle,
    Probe,
)
from support.policies import groups, members, remote_sets
from support.rules import KINDS

from gateway.nat.flows_memory import flows_memory
from gateway.nat.outcome import Direction, Outcome
from gateway.nat.policy import Group, Member, Policies, Rule
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, build

POOL = range(0xCB007100, 0xCB007200)
PRIVATES = [0x0A000002, 0x0A000003, 0x0A000004]  # the last one has no mapping
PUBLIC = {0x0A000002: 0xCB007109, 0x0A000003: 0xCB00710A}
CLIENTS = [0xC6336409, 0xC633640A]
ROUTER, GATEWAY = 0xC0000201, 0xC63364FE
MAPPINGS = [Mapping(public, private, n) for n, (private, public) in enumerate(PUBLIC.items())]
S_NS = 1_000_000_000

PORT = st.sampled_from([22, 80])
FLAGS = st.sampled_from([SYN, SYN | ACK, ACK, ACK, FIN | ACK, RST, RST | ACK, SYN | RST, 0])
BODY = st.one_of(
    st.tuples(st.just(TCP), PORT, PORT, FLAGS),
    st.tuples(st.just(TCP), PORT, PORT, FLAGS),
    st.tuples(st.just(UDP), PORT, PORT, st.just(0)),
    st.tuples(
        st.just(ICMP), st.sampled_from([8, 0, 13, 14, 9]), st.sampled_from([1, 2]), st.just(0)
    ),
    st.tuples(st.just(47), st.just(0), st.just(0), st.just(0)),
)
PIECE = st.sampled_from([(False, 0)] * 6 + [(True, 0), (True, 3), (False, 6)])
WAYS = st.sampled_from(["in", "out", "hairpin", "private"])


@st.composite
def policies(draw: st.DrawFn) -> Policies:
    sets = draw(
        st.lists(remote_sets(st.integers(1, 3)), max_size=3, unique_by=lambda one: one.number)
    )
    named = st.sampled_from([0, *(one.number for one in sets)])
    made = draw(
        st.lists(
            groups(st.integers(1, 3), named), min_size=1, max_size=3, unique_by=lambda g: g.number
        )
    )
    numbers = st.sampled_from([one.number for one in made])
    who = st.sampled_from(PRIVATES)
    filtered = draw(st.lists(members(who, numbers), max_size=3, unique_by=lambda one: one.private))
    return Policies(tuple(made), tuple(sets), tuple(filtered))


ALL = Rule(True, 256, 0, 65535, 0, 7)
OPEN_TO_ALL = Group(1, (ALL,), (ALL,))


class Engine:
    """The rules of one kind, with flows that outlive tables."""

    def __init__(self, kind: str) -> None:
        self.rules = KINDS[kind]
        self.flows = self.rules.flows(memoryview(flows_memory(6)))

    def use(self, memory: memoryview) -> None:
        policer = self.rules.policer(memoryview(bytearray(64)), memoryview(b""))
        view = self.rules.table_view(memory)
        self.translator: Any = self.rules.translator(view, policer, self.flows)

    def feed(self, probe: Probe, direction: Direction, at: int) -> Outcome:
        packet = memoryview(bytearray(bytes(probe)))
        outcome: Outcome = self.translator.feed(packet, direction, at * S_NS)
        return outcome


class Flowing(RuleBasedStateMachine):
    """One gateway, whose packets and rules come in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.oracle = Oracle()
        self.engines = [Engine(kind) for kind in KINDS]
        self.generation = 0
        self.at = 1000

    @initialize(found=policies())
    def begin(self, found: Policies) -> None:
        self.change(found)

    @rule(found=policies())
    def change(self, found: Policies) -> None:
        self.generation += 1
        table = build(self.generation, 2, MAPPINGS, pools=[POOL], policies=found)
        self.oracle.policies, self.oracle.since = found, self.generation
        for engine in self.engines:
            engine.use(table.memory)

    @rule(who=st.sampled_from(PRIVATES[:2]))
    def open_one(self, who: int) -> None:
        """One is in a group that admits all, so that flows are many."""
        before = self.oracle.policies
        others = tuple(one for one in before.members if one.private != who)
        self.change(
            Policies(
                (OPEN_TO_ALL,), (), (Member(who, (1,)), *(m._replace(groups=(1,)) for m in others))
            )
        )

    @rule(seconds=st.sampled_from([1, 29, 2, 61, 200, 301, 7441]))
    def wait(self, seconds: int) -> None:
        self.at += seconds

    @rule(
        way=WAYS,
        who=st.sampled_from(PRIVATES[:2]),
        other=st.sampled_from(PRIVATES),
        client=st.sampled_from(CLIENTS),
        body=BODY,
        piece=PIECE,
        datagram=st.sampled_from([1, 2]),
        answered=st.booleans(),
    )
    def send(
        self,
        way: str,
        who: int,
        other: int,
        client: int,
        body: tuple[int, int, int, int],
        piece: tuple[bool, int],
        datagram: int,
        answered: bool,
    ) -> None:
        """A packet, and perhaps what comes back for it."""
        protocol, first, second, flags = body
        probe = Probe(0, 0, protocol, first, second, flags, datagram, piece[0], piece[1])
        self._send(way, who, other, client, probe)
        if answered:
            if protocol == ICMP:
                back = probe._replace(first={8: 0, 13: 14}.get(first, first))
            else:
                flags = flags | ACK if flags == SYN else flags
                back = probe._replace(first=second, second=first, flags=flags)
            ways = {"in": ("out", who, other), "out": ("in", who, other)}
            self._send(*ways.get(way, (way, other, who)), client, back)

    @rule(
        way=WAYS,
        who=st.sampled_from(PRIVATES[:2]),
        other=st.sampled_from(PRIVATES),
        client=st.sampled_from(CLIENTS),
        body=BODY,
        offset=st.sampled_from([0, 0, 0, 4]),
        outer=st.booleans(),
    )
    def send_error(
        self,
        way: str,
        who: int,
        other: int,
        client: int,
        body: tuple[int, int, int, int],
        offset: int,
        outer: bool,
    ) -> None:
        """An error about a packet that went the other way, perhaps of a router on the way."""
        protocol, first, second, flags = body
        about = Probe(0, 0, protocol, first, second, flags, offset=offset)
        self._send(way, who, other, client, Probe(0, 0, ICMP, 3, 0, quote=about), is_routers=outer)

    def _send(
        self, way: str, who: int, other: int, client: int, probe: Probe, *, is_routers: bool = False
    ) -> None:
        if way == "in":
            source, destination, direction = client, PUBLIC[who], Direction.INBOUND
            asked = [(who, ROUTER if is_routers and probe.quote else client, client, IN)]
            if is_routers and probe.quote:
                source = ROUTER
        elif way == "out":
            source, destination, direction = who, client, Direction.OUTBOUND
            asked = [(who, client, client, OUT)]
        else:
            if who == other or (way == "hairpin" and not {who, other} <= PUBLIC.keys()):
                return
            as_sees = PUBLIC if way == "hairpin" else {one: one for one in PRIVATES}
            source, destination, direction = who, as_sees[other], Direction.HAIRPIN
            asked = [
                (who, as_sees[other], as_sees[other], OUT),
                (other, as_sees[who], as_sees[who], IN),
            ]
        probe = probe._replace(source=source, destination=destination)
        if probe.quote:
            to = client if way == "in" else source
            probe = probe._replace(quote=probe.quote._replace(source=destination, destination=to))
        if way == "private" and not self.oracle.policies.members:
            return  # such a packet isn't queued then
        expected: Decision | None = None
        for private, remote, quoted, seen in asked:
            decision = self.oracle.judge(probe, private, remote, quoted, seen, self.at)
            expected = decision or expected
            if decision and not decision.admitted:
                break
        reason = Reason.TRANSLATED
        if expected and not expected.admitted:
            reason = Reason.SECURITY_GROUP
        for engine in self.engines:
            outcome = engine.feed(probe, direction, self.at)
            assert outcome.reason is reason, probe
            named = (expected.group, expected.policy_index) if expected else (0, 0)
            assert engine.translator.deciding_rule() == named, probe


TestFlowing = Flowing.TestCase
TestFlowing.settings = settings(max_examples=60, stateful_step_count=40, phases=[Phase.generate])
