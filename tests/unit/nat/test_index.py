"""An index against a dict. The addresses are such that many are first looked for in one place."""

import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.tables import home, indexed

from gateway.nat.index import MIN_BITS, Index

# Of 64 entries the last two and the first: so clusters of them wrap around the end, in smaller
# indexes, too.
CROWD = [n for n in range(4000) if home(n, 6) in (0, 62, 63)][:48]
ADDRESS = st.one_of(st.sampled_from(CROWD), st.integers(0, 0xFFFFFFFF))
SLOT = st.integers(0, (1 << 24) - 1)


def content(index: Index) -> dict[int, int]:
    return {address: kept - 1 for address, kept in struct.iter_unpack("<II", index.memory) if kept}


class Indexing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.index = Index()
        self.model: dict[int, int] = {}

    @rule(address=ADDRESS, slot=SLOT)
    def add(self, address: int, slot: int) -> None:
        before = bytes(self.index.memory)
        assert self.index.add(address, slot) is (address not in self.model)
        if address in self.model:
            assert self.index.memory == before
        self.model.setdefault(address, slot)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        address = data.draw(st.sampled_from(sorted(self.model)))
        self.index.remove(address)
        del self.model[address]

    @precondition(lambda self: self.index.bits < 10)
    @rule()
    def grow(self) -> None:
        self.index.grow(self.index.bits + 1)

    @invariant()
    def it_has_what_was_put_in(self) -> None:
        assert content(self.index) == self.model
        assert len(self.index) == len(self.model)

    @invariant()
    def each_address_is_found_where_it_is_looked_for(self) -> None:
        for address, slot in self.model.items():
            assert indexed(self.index.memory, address) == slot
        for address in CROWD:
            assert indexed(self.index.memory, address) == self.model.get(address)

    @invariant()
    def it_is_at_most_half_full(self) -> None:
        assert len(self.index.memory) == 8 << self.index.bits
        assert 2 * len(self.model) <= 1 << self.index.bits


TestIndexing = Indexing.TestCase
TestIndexing.settings = settings(max_examples=60, stateful_step_count=60)


def crowd(bits: int, place: int, count: int) -> list[int]:
    """Addresses that an index of `2 ** bits` entries has in one place."""
    return [n for n in range(1 << bits + 8) if home(n, bits) == place][:count]


def test_a_cluster_wraps_and_closes_its_gaps() -> None:
    """Eight entries, the last one wanted by three: they lie at 7, 0 and 1."""
    first, second, third = crowd(3, 7, 3)
    (own,) = crowd(3, 1, 1)
    index = Index()
    index.grow(3)
    for slot, address in enumerate((first, second, third, own)):
        assert index.add(address, slot)

    def lies() -> dict[int, int]:
        entries = struct.iter_unpack("<II", index.memory)
        return {at: address for at, (address, kept) in enumerate(entries) if kept}

    assert lies() == {7: first, 0: second, 1: third, 2: own}
    index.remove(first)
    assert lies() == {7: second, 0: third, 1: own}
    index.remove(third)
    assert lies() == {7: second, 1: own}, "what lies where it is looked for first stays"
    index.remove(second)
    assert lies() == {1: own}


@given(st.permutations(range(8)))
def test_a_crowd_comes_out_in_any_order(order: list[int]) -> None:
    addresses = crowd(4, 14, 4) + crowd(4, 15, 2) + crowd(4, 0, 2)
    index = Index()
    for slot, address in enumerate(addresses):
        assert index.add(address, slot)
    assert index.bits == 4
    left = dict(enumerate(addresses))
    for slot in order:
        index.remove(left.pop(slot))
        assert content(index) == {address: kept for kept, address in left.items()}
        assert all(indexed(index.memory, address) == kept for kept, address in left.items())
    assert not any(index.memory)


def test_it_grows_when_it_would_be_more_than_half_full() -> None:
    index = Index()
    bits = []
    for address in range(33):
        assert index.add(address, address)
        bits.append(index.bits)
    assert bits == [MIN_BITS] * 2 + [3] * 2 + [4] * 4 + [5] * 8 + [6] * 16 + [7]


def test_what_is_there_already_makes_nothing_grow() -> None:
    index = Index()
    assert index.add(1, 0)
    assert index.add(2, 1)
    assert not index.add(2, 5)
    assert (index.bits, len(index), content(index)) == (MIN_BITS, 2, {1: 0, 2: 1})
