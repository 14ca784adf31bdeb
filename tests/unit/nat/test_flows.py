"""The table of flows: what it keeps, for how long, and whose place is taken when it is full."""

import pytest
from support.rules import with_both_kinds

from gateway.engine.rules import Rules
from gateway.nat import flows
from gateway.nat.flows import Flows, flow_state, is_over, kind_of
from gateway.nat.flows_memory import flows_memory, flows_size

TCP, UDP, ICMP, GRE = 6, 17, 1, 47
ONE = (0x0A000002, 0xC6336409, TCP, 80, 4000)
BUCKET = int(flows.BUCKETS_AT)
KINDS = {
    "opening": flows.OPENING,
    "answered": flows.ANSWERED,
    "open": flows.OPEN,
    "closing": flows.CLOSING,
    "ended": flows.ENDED,
}


def key(number: int, protocol: int = TCP) -> tuple[int, int, int, int, int]:
    """One of many flows, whose keys differ in some word."""
    return (0x0A000000 + number % 7, 0xFFFFFF00 + number % 5, protocol, 65535 - number, number)


def opened(table: Flows, number: int, second: int, kind: int = flows.OPENING) -> None:
    assert table.find(*key(number), second) == 0
    table.open(flow_state(1, second, True, kind), second)


def one_bucket() -> tuple[Flows, memoryview]:
    """A table whose flows all lie in its first bucket: its random numbers are zero."""
    memory = memoryview(bytearray(flows_size(1)))
    return Flows(memory), memory.cast("q")


def test_a_flow_is_found_by_the_whole_key() -> None:
    table = Flows(memoryview(flows_memory(4)))
    state = flow_state(7, 100, True, flows.OPENING)
    assert table.find(*ONE, 100) == 0
    table.open(state, 100)
    assert table.find(*ONE, 100) == state
    assert table.again(100) == state
    private, remote, protocol, own, port = ONE
    others = [
        (private + 1, remote, protocol, own, port),
        (private, remote + 1, protocol, own, port),
        (private, remote, protocol + 1, own, port),
        (private, remote, protocol, own + 1, port),
        (private, remote, protocol, own, port + 1),
    ]
    assert [table.find(*other, 100) for other in others] == [0] * len(ONE)
    assert table.find(*ONE, 100) == state


def test_no_word_is_ever_negative() -> None:
    table, words = one_bucket()
    assert table.find(0xFFFFFFFF, 0xFFFFFFFF, 255, 65535, 65535, 0xFFFFFFF) == 0
    table.open(flow_state(0xFFFFFFFF, 0xFFFFFFF, True, 7), 0xFFFFFFF)
    table.note_fragment(0xFFFFFFFF, 0xFFFFFFFF, 0x1FFFFFF, 2, 0xFFFFFFF)
    assert min(words) == 0
    assert table.fragment(0xFFFFFFFF, 0xFFFFFFFF, 0x1FFFFFF, 0xFFFFFFF) == 2


def test_a_flow_changes_only_from_the_state_that_was_seen() -> None:
    table, _ = one_bucket()
    opened(table, 1, 10)
    before = table.find(*key(1), 10)
    after = flow_state(1, 11, True, flows.ANSWERED)
    assert not table.change(before + 16, after)
    assert table.change(before, after)
    assert not table.change(before, before)
    assert table.find(*key(1), 11) == after


@pytest.mark.parametrize(
    ("protocol", "kind", "seconds"),
    [
        (TCP, "opening", 240),
        (TCP, "answered", 240),
        (TCP, "open", 7440),
        (TCP, "closing", 240),
        (TCP, "ended", 7440),
        (UDP, "opening", 300),
        (UDP, "open", 300),
        (ICMP, "open", 60),
        (GRE, "answered", 300),
    ],
)
def test_a_flow_is_known_for_a_time_without_a_packet(
    protocol: int, kind: str, seconds: int
) -> None:
    table, _ = one_bucket()
    state = flow_state(1, 1000, True, KINDS[kind])
    assert table.find(*key(1, protocol), 1000) == 0
    table.open(state, 1000)
    assert table.find(*key(1, protocol), 1000 + seconds) == state
    assert table.find(*key(1, protocol), 1001 + seconds) == 0
    assert table.find(*key(1, protocol), 940) == state  # another worker's clock is behind
    assert table.find(*key(1, protocol), 939) == 0
    assert is_over(state, protocol, 1001 + seconds)


def test_a_flow_that_is_over_gives_its_place_to_its_successor() -> None:
    table, words = one_bucket()
    opened(table, 1, 0)
    opened(table, 1, 241)
    assert sum(map(bool, words[BUCKET : BUCKET + 8])) == 1
    assert table.find(*key(1), 241)


def test_in_a_full_bucket_who_is_over_goes_first() -> None:
    table, _ = one_bucket()
    opened(table, 0, 0)
    for number in range(1, 8):
        opened(table, number, 200)
    opened(table, 8, 241)
    assert [bool(table.find(*key(number), 241)) for number in range(9)] == [False, *[True] * 8]


def test_then_the_oldest_that_isnt_open_and_then_the_oldest() -> None:
    table, _ = one_bucket()
    for number, (second, kind) in enumerate(
        [
            *[(5, "open"), (9, "open"), (7, "answered"), (6, "closing")],
            *[(8, "ended"), (10, "open"), (11, "open"), (12, "open")],
        ]
    ):
        opened(table, number, second, KINDS[kind])
    gone = []
    for newcomer in range(8, 16):
        known = {number for number in range(newcomer) if table.find(*key(number), 20)}
        opened(table, newcomer, 20, flows.OPEN)
        gone += sorted(number for number in known if not table.find(*key(number), 20))
    assert gone == [3, 2, 4, 0, 1, 5, 6, 7]


def test_a_flood_of_flows_that_are_not_answered_leaves_open_ones() -> None:
    table = Flows(memoryview(flows_memory(3)))  # 64 flows
    for number in range(20):
        opened(table, number, 0, flows.OPEN)
    kept = [number for number in range(20) if table.find(*key(number), 1)]
    for number in range(100, 1100):
        opened(table, number, 1)
    # A bucket may be full of flows that are open; only there one of them gives way.
    assert [number for number in range(20) if table.find(*key(number), 1)] == kept


def test_a_place_that_is_claimed_is_nobodys_to_read_or_take() -> None:
    table, words = one_bucket()
    for way in range(8):
        words[BUCKET + way] = flow_state(0, 100, False, flows.CLAIMED)
        words[BUCKET + 8 + way] = key(1)[0] << 16 | key(1)[3]
        words[BUCKET + 16 + way] = key(1)[1] << 24 | TCP << 16 | key(1)[4]
    before = bytes(words)
    assert table.find(*key(1), 100) == 0
    table.open(flow_state(1, 100, True, flows.OPENING), 100)
    assert bytes(words) == before
    assert table.find(*key(1), 161) == 0
    table.open(flow_state(1, 161, True, flows.OPENING), 161)
    assert kind_of(table.find(*key(1), 161)) == flows.OPENING


class Outrun(Flows):
    """Flows whose place another claims, or takes, between the look at it and the claim."""

    left: int

    def _place(self, second: int) -> int:
        at = super()._place(second)
        self._words[at] = self.left if kind_of(self.left) == flows.CLAIMED else 0
        return at

    def _rank(self, at: int, state: int, second: int) -> int:
        rank = super()._rank(at, state, second)
        self._words[at] = self.left
        return 0 if kind_of(self.left) == flows.OPENING else rank


@pytest.mark.parametrize("kind", [flows.CLAIMED, flows.OPENING])
def test_who_is_outrun_leaves_the_place_to_the_other(kind: int) -> None:
    memory = memoryview(bytearray(flows_size(1)))
    table, words = Outrun(memory), memory.cast("q")
    assert table.find(*key(1), 100) == 0
    table.left = flow_state(9, 100, True, kind)
    table.open(flow_state(1, 100, True, flows.OPENING), 100)
    assert {*words[BUCKET : BUCKET + 8]} == {table.left}
    assert not any(words[BUCKET + 8 : BUCKET + 24])


class Retaken(Flows):
    """Flows whose place another member's flow with the same remote takes between two looks."""

    def _has_key(self, at: int) -> bool:
        was_there = super()._has_key(at)
        self._words[at + flows.WAYS] += 1 << 16
        return was_there


def test_a_place_that_is_taken_between_two_looks_tells_nothing() -> None:
    memory = memoryview(flows_memory(1))
    opened(Flows(memory), 1, 100)
    assert Flows(memory).find(*key(1), 100)
    assert Retaken(memory).find(*key(1), 100) == 0


@with_both_kinds
def test_what_is_too_small_keeps_nothing(rules: Rules) -> None:
    for size in (0, 8, 64, flows_size(1) - 8):
        table = rules.flows(memoryview(bytearray(size)))
        assert isinstance(table, rules.flows)
    table = Flows(memoryview(b""))
    assert table.find(*ONE, 1) == 0
    assert table.again(1) == 0
    table.open(flow_state(1, 1, True, flows.OPENING), 1)
    table.note_fragment(1, 2, 3, 1, 1)
    assert table.fragment(1, 2, 3, 1) == flows.FRAGMENT_UNKNOWN
    assert table.find(*ONE, 1) == 0


def test_the_rest_of_a_datagram_is_known_for_half_a_minute() -> None:
    table = Flows(memoryview(flows_memory(1)))
    table.note_fragment(1, 2, 3, flows.FRAGMENT_ADMITTED, 100)
    assert table.fragment(1, 2, 3, 130) == flows.FRAGMENT_ADMITTED
    assert [table.fragment(*other, 100) for other in ((0, 2, 3), (1, 0, 3), (1, 2, 0))] == [0] * 3
    assert table.fragment(1, 2, 3, 131) == flows.FRAGMENT_UNKNOWN
    assert table.fragment(1, 2, 3, 39) == flows.FRAGMENT_UNKNOWN
    table.note_fragment(1, 2, 3, flows.FRAGMENT_DROPPED, 131)
    assert table.fragment(1, 2, 3, 131) == flows.FRAGMENT_DROPPED


def test_flows_are_spread_by_numbers_that_differ_from_file_to_file() -> None:
    """So nobody outside can choose ports that all meet in one bucket."""

    def buckets() -> list[int]:
        memory = memoryview(flows_memory(6))
        table = Flows(memory)
        for number in range(64):
            opened(table, number, 1)
        words = memory.cast("q")[BUCKET:]
        return [
            sum(map(bool, words[24 * bucket : 24 * bucket + 8].tolist())) for bucket in range(64)
        ]

    first, second = buckets(), buckets()
    assert first != second
    assert max(first) < 8
    assert sum(first) == sum(second) == 64


def test_a_million_flows_have_room() -> None:
    assert int(flows.WAYS) << int(flows.FLOW_BITS) >= 1_000_000
    assert flows_size() == 98_432 + 24 * (8 << 17)
