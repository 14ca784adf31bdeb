"""What differs between two tables, against a comparison of all that is in them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.nat.difference import MappingChange, PackageChange, changed_slots, difference
from gateway.nat.table import Draft, Mapping, Package, Table, build

SLOTS = 700  # five blocks of records; some of the records lie in two
FIRST, SECOND = Mapping(0xCB007109, 0x0A000002, 3, 5_000, 10_000, 2), Mapping(9, 8, 0)

PAIRS = st.dictionaries(st.integers(0, SLOTS - 1), st.integers(0, 3), max_size=30)
RATES = st.dictionaries(st.integers(1, 20), st.integers(0, 3), max_size=4)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Tables that have much in common, some of one shape and some of others."""
    found, slots = draw(PAIRS), draw(st.sampled_from([SLOTS, SLOTS, SLOTS + 1]))
    mappings = [
        Mapping(slot, slot, slot, out_kbps=rate, blocked=rate == 3) for slot, rate in found.items()
    ]
    return build(1, slots, mappings, [Package(*pair) for pair in draw(RATES).items()])


@settings(max_examples=150)
@given(tables(), tables())
def test_what_differs_is_what_is_not_the_same(before: Table, after: Table) -> None:
    then = {mapping.public: mapping for mapping in before.mappings}
    now = {mapping.public: mapping for mapping in after.mappings}
    found = difference(before, after)
    assert found.mappings == tuple(
        MappingChange(then.get(key), now.get(key))
        for key in sorted({*then, *now})
        if then.get(key) != now.get(key)
    )
    assert {change.after or change.before for change in found.packages} == {
        package
        for package in {*before.packages, *after.packages}
        if package in after.packages or package.number not in dict(after.packages)
        if not (package in before.packages and package in after.packages)
    }
    assert set(changed_slots(before, after)) == {
        mapping.slot for mapping in set(before.mappings) ^ set(after.mappings)
    }
    assert difference(after, after) == ((), ())


def test_a_mapping_that_moves_or_goes_or_comes() -> None:
    package = Package(2, 20_000)
    before = build(1, 8, [FIRST, SECOND], [package])
    moved = FIRST._replace(private=5, slot=7, package=0)
    after = build(2, 8, [moved, Mapping(1, 2, 1)], [Package(2, 7), Package(4, 7)])
    assert difference(before, after) == (
        (
            MappingChange(None, Mapping(1, 2, 1)),
            MappingChange(SECOND, None),
            MappingChange(FIRST, moved),
        ),
        (PackageChange(package, Package(2, 7)), PackageChange(None, Package(4, 7))),
    )


def test_tables_of_other_sizes_are_compared_whole() -> None:
    same, comes = Mapping(7, 6, 1), Mapping(1, 2, 299)
    before, after = build(1, 8, [same, SECOND]), build(2, 300, [same, comes])
    assert difference(before, after) == (
        (MappingChange(None, comes), MappingChange(SECOND, None)),
        (),
    )


def test_only_blocks_that_differ_are_looked_at() -> None:
    draft = Draft(100_000)
    for slot in range(1_000):
        draft.put(Mapping(slot, slot, slot))
    before = draft.finish(1)
    draft.put(Mapping(99_000, 99_000, 99_000))
    after = draft.finish(2)
    looked: list[int] = []

    class Watched(Table):
        """Notes which slots are asked for."""

        __slots__ = ()

        def mapping(self, slot: int) -> Mapping | None:
            looked.append(slot)
            return super().mapping(slot)

    assert list(changed_slots(before, Watched(after.memory))) == [99_000]
    assert len(looked) < 400


def test_a_slot_that_is_not_there_has_no_mapping() -> None:
    table = build(1, 4, [Mapping(1, 2, 3)])
    assert [table.mapping(slot) for slot in (-1, 0, 3, 4)] == [None, None, Mapping(1, 2, 3), None]
