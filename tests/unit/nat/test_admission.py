"""The life of a flow, step by step. `test_admission_properties.py` has random ones."""

from typing import Any

from support.admission_oracle import ACK, FIN, RST, SYN, TCP, UDP, Probe

from gateway.nat.flows import Flows
from gateway.nat.flows_memory import flows_memory
from gateway.nat.outcome import Direction
from gateway.nat.policer import Policer
from gateway.nat.policy import ANY_PROTOCOL, Group, Member, Policies, Rule
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, build
from gateway.nat.translate import Translator
from gateway.nat.view import TableView

PUBLIC, PRIVATE, CLIENT = 0xCB007109, 0x0A000002, 0xC6336409
WEB, SSH = Rule(True, TCP, 80, 80, 0, 0), Rule(True, TCP, 22, 22, 0, 1)
ALL = Rule(True, ANY_PROTOCOL, 0, 65535, 0, 0)
ADMITTED, DROPPED = Reason.TRANSLATED, Reason.SECURITY_GROUP


class Gateway:
    """One member, its rules, and a clock that stands still."""

    def __init__(self, flows: Flows | None = None) -> None:
        self.flows = flows or Flows(memoryview(flows_memory(2)))
        self.generation = 0
        self.at = 10_000

    def rule(self, ingress: tuple[Rule, ...] = (), egress: tuple[Rule, ...] = ()) -> None:
        self.generation += 1
        policies = Policies((Group(3, ingress, egress),), (), (Member(PRIVATE, (3,)),))
        table = build(self.generation, 1, [Mapping(PUBLIC, PRIVATE, 0)], policies=policies)
        policer = Policer(memoryview(bytearray(16)), memoryview(b""))
        self.translator = Translator(TableView(table.memory), policer, self.flows)

    def comes(self, port: int, flags: int = ACK, protocol: int = TCP, **more: Any) -> Reason:
        probe = Probe(CLIENT, PUBLIC, protocol, 4000, port, flags, **more)
        return self.feed(probe, Direction.INBOUND)

    def goes(self, port: int, flags: int = ACK, protocol: int = TCP, **more: Any) -> Reason:
        probe = Probe(PRIVATE, CLIENT, protocol, port, 4000, flags, **more)
        return self.feed(probe, Direction.OUTBOUND)

    def feed(self, probe: Probe, direction: Direction) -> Reason:
        packet = memoryview(bytearray(bytes(probe)))
        return self.translator.feed(packet, direction, self.at * 10**9).reason


def opened(gateway: Gateway, port: int = 80) -> None:
    assert gateway.comes(port, SYN) is ADMITTED
    assert gateway.goes(port, SYN | ACK) is ADMITTED
    assert gateway.comes(port, ACK) is ADMITTED


def test_an_answer_passes_whatever_the_other_direction_says() -> None:
    gateway = Gateway()
    gateway.rule((WEB,))
    assert gateway.goes(80, SYN | ACK) is DROPPED
    assert gateway.translator.deciding_rule() == (0, 0)
    opened(gateway)
    assert gateway.goes(80) is ADMITTED
    assert gateway.translator.deciding_rule() == (3, 0)
    assert gateway.goes(22) is DROPPED
    assert gateway.comes(22, SYN) is DROPPED


def test_a_rule_that_goes_ends_its_flow_and_leaves_the_others() -> None:
    gateway = Gateway()
    gateway.rule((WEB, SSH), (ALL,))
    opened(gateway, 80)
    opened(gateway, 22)
    gateway.rule((SSH,), (ALL,))
    assert gateway.goes(80) is DROPPED  # although the rules would admit such a packet by itself
    assert gateway.comes(80) is DROPPED
    assert gateway.goes(80) is DROPPED
    assert gateway.comes(22) is ADMITTED
    assert gateway.goes(22) is ADMITTED
    gateway.rule((SSH, WEB), (ALL,))
    assert gateway.goes(80) is ADMITTED


def test_a_new_connection_is_judged_by_itself_even_where_a_flow_has_ended() -> None:
    gateway = Gateway()
    gateway.rule((WEB,), (ALL,))
    opened(gateway)
    gateway.rule((), (ALL,))
    assert gateway.goes(80) is DROPPED
    assert gateway.comes(80, SYN) is DROPPED
    assert gateway.goes(80, SYN) is ADMITTED
    assert gateway.comes(80, SYN | ACK) is ADMITTED


def test_a_connection_the_other_way_is_judged_and_the_flow_stays() -> None:
    gateway = Gateway()
    gateway.rule((WEB,))
    opened(gateway)
    assert gateway.goes(80, SYN) is DROPPED
    assert gateway.goes(80) is ADMITTED
    gateway.rule((WEB,), (ALL,))
    assert gateway.goes(80, SYN) is ADMITTED
    gateway.rule((WEB,))
    assert gateway.goes(80) is DROPPED  # it has begun with that


def test_two_that_open_one_connection_at_once_both_may() -> None:
    gateway = Gateway()
    gateway.rule((), (ALL,))
    assert gateway.goes(80, SYN) is ADMITTED
    assert gateway.comes(80, SYN) is ADMITTED
    assert gateway.comes(80) is ADMITTED


def test_what_closes_is_known_for_four_minutes_and_a_port_may_be_used_again() -> None:
    gateway = Gateway()
    gateway.rule((WEB,))
    opened(gateway)
    gateway.at += 7440
    assert gateway.goes(80, FIN | ACK) is ADMITTED
    assert gateway.comes(80, SYN) is ADMITTED
    assert gateway.comes(80, RST) is ADMITTED
    gateway.at += 241
    assert gateway.goes(80) is DROPPED
    assert gateway.comes(80, RST) is ADMITTED  # it begins as what closes
    assert gateway.goes(80) is ADMITTED


def test_a_udp_flow_that_rules_admit_no_longer_is_none() -> None:
    gateway = Gateway()
    gateway.rule((ALL,))
    assert gateway.comes(53, 0, UDP) is ADMITTED
    assert gateway.goes(53, 0, UDP) is ADMITTED
    gateway.rule()
    assert gateway.comes(53, 0, UDP) is DROPPED
    gateway.rule((ALL,))
    assert gateway.goes(53, 0, UDP) is DROPPED


def test_fragments_go_the_way_of_the_first_and_before_it_as_rules_could() -> None:
    gateway = Gateway()
    gateway.rule((WEB,))
    assert gateway.comes(0, offset=3, datagram=1) is ADMITTED
    assert gateway.translator.deciding_rule() == (3, 0)
    assert gateway.comes(22, SYN, more=True, datagram=1) is DROPPED
    assert gateway.comes(0, offset=3, datagram=1) is DROPPED
    assert gateway.comes(80, SYN, more=True, datagram=2) is ADMITTED
    assert gateway.comes(0, offset=3, datagram=2) is ADMITTED
    gateway.rule()
    assert gateway.comes(0, offset=3, datagram=3) is DROPPED


class Contended(Flows):
    """Flows whose states another worker always changes first, or takes away."""

    def __init__(self, memory: memoryview) -> None:
        super().__init__(memory)
        self.lost = False
        self.tries = 0

    def change(self, before: int, after: int) -> bool:
        self.tries += 1
        super().change(before, 0 if self.lost else before)
        return False


def test_a_state_that_others_change_all_the_time_is_left_to_them() -> None:
    flows = Contended(memoryview(flows_memory(2)))
    gateway = Gateway(flows)
    gateway.rule((WEB,))
    assert gateway.comes(80, SYN) is ADMITTED
    assert gateway.goes(80, SYN | ACK) is ADMITTED
    assert flows.tries == 4
    flows.lost = True
    assert gateway.goes(80) is DROPPED  # no flow is there any more, and no rule is for it


def test_without_memory_each_packet_is_judged_by_itself() -> None:
    gateway = Gateway(Flows(memoryview(b"")))
    gateway.rule((WEB,))
    assert gateway.comes(80) is ADMITTED
    assert gateway.goes(80) is DROPPED


def test_an_error_passes_with_the_flow_that_it_quotes_and_while_rules_admit_that() -> None:
    gateway = Gateway()
    gateway.rule((WEB,))
    about = Probe(CLIENT, PRIVATE, TCP, 4000, 80)
    error = Probe(PRIVATE, CLIENT, 1, 3, quote=about)
    assert gateway.feed(error, Direction.OUTBOUND) is DROPPED
    opened(gateway)
    assert gateway.feed(error, Direction.OUTBOUND) is ADMITTED
    gateway.rule((SSH, WEB))
    assert gateway.feed(error, Direction.OUTBOUND) is ADMITTED
    gateway.rule((SSH,))
    assert gateway.feed(error, Direction.OUTBOUND) is DROPPED
    assert gateway.comes(80) is DROPPED
    assert gateway.feed(error, Direction.OUTBOUND) is DROPPED


def test_of_who_is_no_member_no_rule_decides() -> None:
    gateway = Gateway()
    gateway.rule((WEB,))
    assert gateway.translator.deciding_rule() == (0, 0)
    assert gateway.comes(80) is ADMITTED
    assert gateway.translator.deciding_rule() == (3, 0)


def test_a_reply_has_its_requests_identifier_and_a_quoted_fragment_no_port() -> None:
    gateway = Gateway()
    gateway.rule((Rule(True, 1, 0, 65535, 0, 0),))
    assert gateway.feed(Probe(PRIVATE, CLIENT, 1, 0, 7), Direction.OUTBOUND) is DROPPED
    assert gateway.feed(Probe(CLIENT, PUBLIC, 1, 8, 7), Direction.INBOUND) is ADMITTED
    assert gateway.feed(Probe(PRIVATE, CLIENT, 1, 0, 7), Direction.OUTBOUND) is ADMITTED
    assert gateway.feed(Probe(PRIVATE, CLIENT, 1, 0, 8), Direction.OUTBOUND) is DROPPED
    about = Probe(CLIENT, PRIVATE, 1, 8, 7, offset=3)
    assert gateway.feed(Probe(PRIVATE, CLIENT, 1, 3, quote=about), Direction.OUTBOUND) is DROPPED
