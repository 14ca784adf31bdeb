"""What a draft says has changed is all that has: a copy that is patched with it is the table."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.nat.decode import decode
from gateway.nat.shape import WORD, block_at
from gateway.nat.table import BadTableError, Draft, Mapping, Package, Revision, build

SLOTS = 600  # some blocks of records
NUMBERS = st.integers(0, SLOTS - 1)
CHANGE = st.one_of(
    st.tuples(st.just("put"), NUMBERS),
    st.tuples(st.just("remove"), NUMBERS),
    st.tuples(st.just("package"), st.integers(1, 40)),
    st.tuples(st.just("no package"), st.integers(1, 40)),
)


def change(draft: Draft, what: str, number: int) -> None:
    if what == "put":
        draft.put(Mapping(number, 7 * number, number))
    elif what == "remove":
        draft.remove(number)
    elif what == "package":
        draft.set_package(Package(number, number))
    else:
        draft.remove_package(number)


def patch(copy: bytearray, revision: Revision) -> None:
    """As a file is patched: header, checks, and the blocks that changed."""
    memory, end = revision.table.memory, revision.table.shape.checks * WORD
    if len(copy) != len(memory):
        copy[:] = bytes(len(memory))
    copy[:64], copy[end:] = memory[:64], memory[end:]
    for number in revision.changed:
        copy[block_at(number, end)] = memory[block_at(number, end)]


@settings(max_examples=60)
@given(st.lists(st.lists(CHANGE, max_size=60), max_size=8))
def test_a_copy_that_is_patched_is_the_table(rounds: list[list[tuple[str, int]]]) -> None:
    draft, copy = Draft(SLOTS), bytearray()
    for generation, changes in enumerate(rounds):
        for what, number in changes:
            try:
                change(draft, what, number)
            except BadTableError:
                assert what == "put"  # it is there already
        revision = draft.seal(generation)
        patch(copy, revision)
        assert copy == revision.table.memory
        assert decode(copy).generation == generation


def test_a_change_among_many_is_a_few_blocks() -> None:
    draft = Draft(20_000)
    for number in range(20_000):
        draft.put(Mapping(number, number, number))
    blocks = draft.seal(1).table.shape.blocks
    assert blocks > 200
    draft.remove(7_000)
    draft.put(Mapping(7_000, 50_000, 7_000))
    assert 1 <= len(draft.seal(2).changed) <= 4
    assert draft.seal(3).changed == frozenset()


def test_a_finished_table_takes_no_change_from_the_next_revision() -> None:
    draft = Draft(4)
    draft.seal(1)
    draft.put(Mapping(1, 2, 0))
    assert draft.finish(2) == build(2, 4, [Mapping(1, 2, 0)])
    assert draft.seal(2).changed == {0}
