"""An index against a dict, and against the layout that a dict's content must have.

Many of the addresses have one of few first places, so that they crowd there.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.tables import PROBES, hashed, home, indexed, laid_out

from gateway.nat.index import Added, Index
from gateway.nat.shape import block_of

BITS = 6
# Of 64 first places the last two and the first: some lie behind the last.
CROWD = [n for n in range(8000) if home(n, BITS) in (0, 1, 62, 63)][:120]
ADDRESS = st.one_of(st.sampled_from(CROWD), st.integers(0, 0xFFFFFFFF))
SLOT = st.integers(0, (1 << 24) - 1)


def made(bits: int, start: int = 0) -> tuple[Index, memoryview, set[int]]:
    """An index, its bytes alone, and the blocks that it says have changed."""
    words = memoryview(bytearray(4 * start + 8 * (2**bits + PROBES))).cast("I")
    changed: set[int] = set()
    return Index(words, start, bits, changed), words[start:].cast("B"), changed


def test_what_is_not_in_a_crowd_is_looked_for_so_often_and_not_more() -> None:
    index, _, _ = made(BITS)
    crowd = [n for n in range(8000) if home(n, BITS) == 0][: PROBES + 1]
    found = [index.add(address, 1) for address in sorted(crowd[:-1], key=hashed)]
    assert found == [Added.DONE] * PROBES
    assert index.find(crowd[0]) == 1
    assert index.find(crowd[-1]) is None


class Indexing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.index, self.memory, _ = made(BITS, start=70)
        self.model: dict[int, int] = {}

    @rule(address=ADDRESS, slot=SLOT)
    def add(self, address: int, slot: int) -> None:
        before = bytes(self.memory)
        added = self.index.add(address, slot)
        if address in self.model:
            assert added is Added.THERE_ALREADY
        elif laid_out({**self.model, address: slot}, BITS) is None:
            assert added is Added.CROWDED
        else:
            assert added is Added.DONE
            self.model[address] = slot
        if added is not Added.DONE:
            assert self.memory == before

    @rule(begin=st.integers(0, len(CROWD)))
    def add_many(self, begin: int) -> None:
        for address in CROWD[begin : begin + 40]:
            self.add(address, 1)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        address = data.draw(st.sampled_from(sorted(self.model)))
        self.index.remove(address)
        del self.model[address]

    @invariant()
    def its_bytes_follow_from_what_is_in_it(self) -> None:
        assert bytes(self.memory) == laid_out(self.model, BITS)

    @invariant()
    def each_address_is_found_where_it_is_looked_for(self) -> None:
        for address in {*self.model, *CROWD[:20]}:
            assert indexed(self.memory, address) == self.model.get(address)


TestIndexing = Indexing.TestCase
TestIndexing.settings = settings(max_examples=60, stateful_step_count=30)


def crowd(bits: int, place: int, count: int) -> list[int]:
    """Addresses with one first place, in the order of their hashes."""
    found = [n for n in range(count + 2 << bits) if home(n, bits) == place]
    return sorted(found, key=hashed)[:count]


def test_an_address_lies_at_most_31_places_behind_its_first() -> None:
    addresses = crowd(8, 255, PROBES + 1)
    index, memory, _ = made(8)
    for slot, address in enumerate(addresses[:-1]):
        assert index.add(address, slot) is Added.DONE
    assert indexed(memory, addresses[PROBES - 1]) == PROBES - 1
    before = bytes(memory)
    assert index.add(addresses[-1], 99) is Added.CROWDED
    assert memory == before
    index.remove(addresses[7])
    assert index.add(addresses[-1], 99) is Added.DONE


def test_nothing_is_moved_further_than_that() -> None:
    """The new address has its own place, and would push another one out of its last."""
    first, *others = crowd(8, 9, PROBES + 1)
    index, memory, _ = made(8)
    for slot, address in enumerate(others):
        assert index.add(address, slot) is Added.DONE
    before = bytes(memory)
    assert index.add(first, 99) is Added.CROWDED
    assert memory == before
    index.remove(others[-1])
    assert index.add(first, 99) is Added.DONE


@given(st.sets(ADDRESS, max_size=30))
def test_a_larger_index_is_filled_with_the_entries_of_a_smaller_one(addresses: set[int]) -> None:
    small, _, _ = made(BITS)
    large, memory, _ = made(BITS + 1)
    for address in addresses:
        assert small.add(address, 5) is Added.DONE
    large.fill(small.entries(2**BITS + PROBES))
    assert bytes(memory) == laid_out(dict.fromkeys(addresses, 5), BITS + 1)


@given(st.lists(ADDRESS, max_size=30, unique=True), st.integers(0, 29), st.integers(0, 1100))
def test_it_says_which_blocks_it_has_changed(addresses: list[int], at: int, start: int) -> None:
    start += 16 + start % 2
    index, memory, changed = made(BITS, start)
    for address in addresses:
        index.add(address, 7)
    changed.clear()
    before = bytes(memory)
    if at < len(addresses):
        index.remove(addresses[at])
    else:
        index.add(0xFFFFFFFF, 7)
    differ = [n for n, (old, new) in enumerate(zip(before, memory, strict=True)) if old != new]
    assert {block_of(start + n // 4) for n in differ} <= changed
    assert len(changed) <= 2
