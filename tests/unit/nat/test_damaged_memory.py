"""A table whose memory changes after it was checked: rules read it within its bounds."""

from hypothesis import example, given
from hypothesis import strategies as st
from support.rules import KINDS

from gateway.engine.rules import Rules
from gateway.nat.flows_memory import flows_memory
from gateway.nat.layout import RECORDS
from gateway.nat.outcome import Direction, Outcome
from gateway.nat.policer import BUCKETS
from gateway.nat.table import Mapping, Package, build

SLOTS = 8
PACKAGE_NUMBERS = 1
PACKET = bytes.fromhex("450000140000000040fd0000") + b"\xc6\x33\x64\x0a" + b"\xcb\0\x71\x03"
TABLE = build(
    1,
    SLOTS,
    [Mapping(0xCB007100 + n, 0x0A000000 + n, n, 8_000, 8_000, package=1) for n in range(SLOTS)],
    [Package(1, 8_000)],
)
WORDS = len(TABLE.memory) // 4


def whole(value: int) -> list[tuple[int, int]]:
    """Every word of the records and the indexes is this one: far out of all bounds."""
    return [(word, value) for word in range(RECORDS, WORDS)]


def outcome(rules: Rules, memory: bytearray, buckets: bytearray) -> Outcome:
    policer = rules.policer(
        memoryview(buckets)[: SLOTS * BUCKETS * 8], memoryview(buckets)[SLOTS * BUCKETS * 8 :]
    )
    flows = rules.flows(memoryview(flows_memory(1)))
    translator = rules.translator(rules.table_view(memoryview(memory)), policer, flows)
    return translator.feed(memoryview(bytearray(PACKET)), Direction.INBOUND, 10**12)


@example(damaged=whole(0xFFFFFFFF), rules="compiled")
@example(damaged=whole(0xCB007103), rules="compiled")
@example(damaged=whole(0x7FFFFFF0), rules="compiled")
@given(
    damaged=st.lists(
        st.tuples(st.integers(RECORDS, WORDS - 1), st.integers(0, 2**32 - 1)), max_size=100
    ),
    rules=st.sampled_from(list(KINDS)),
)
def test_numbers_that_are_read_lie_within_bounds(
    damaged: list[tuple[int, int]], rules: str
) -> None:
    memory = bytearray(TABLE.memory)
    for word, value in damaged:
        memory[word * 4 : word * 4 + 4] = value.to_bytes(4, "little")
    buckets = bytearray((SLOTS + PACKAGE_NUMBERS) * BUCKETS * 8)
    found = outcome(KINDS[rules], memory, buckets)
    assert -1 <= found.sender < SLOTS
    assert -1 <= found.receiver < SLOTS
