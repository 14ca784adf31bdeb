"""What tables say. `test_layout.py` has their bytes, `test_decode.py` which bytes are none."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tables import HEADER_BYTES, Found, inbound, outbound

from gateway.nat.decode import decode
from gateway.nat.table import (
    PACKAGES_MAX,
    SLOTS_MAX,
    BadTableError,
    Draft,
    Mapping,
    Package,
    Table,
    build,
    empty,
)

FIRST = Mapping(0xCB007109, 0x0A000002, 3, out_kbps=5_000, in_kbps=10_000, package=2)
SECOND = Mapping(0xCB00710A, 0x0A000003, 0)
TABLE = build(7, 8, [FIRST, SECOND], [Package(2, 20_000)])

ADDRESSES = st.lists(
    st.tuples(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF)),
    max_size=20,
    unique_by=(lambda pair: pair[0], lambda pair: pair[1]),
)
KBPS = st.integers(0, 0xFFFFFFFF)
NUMBERS = st.one_of(st.integers(1, 8), st.integers(1, PACKAGES_MAX))
PACKAGES = st.dictionaries(NUMBERS, KBPS, max_size=4)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    packages = draw(PACKAGES)
    of_mapping = st.sampled_from([0, *packages])
    mappings = [
        Mapping(public, private, slot, draw(KBPS), draw(KBPS), draw(of_mapping))
        for slot, (public, private) in enumerate(draw(ADDRESSES))
    ]
    slots = len(mappings) + draw(st.integers(0, 1000))
    return build(
        draw(st.integers(0, 2**64 - 1)),
        slots,
        mappings,
        [Package(*pair) for pair in packages.items()],
    )


TABLES = tables()


@given(TABLES)
def test_what_is_written_is_read(table: Table) -> None:
    again = decode(bytes(table.memory))
    assert again == table
    assert hash(again) == hash(table)
    assert (again.generation, again.slots) == (table.generation, table.slots)
    assert again.mappings == table.mappings
    assert again.packages == table.packages
    for mapping in table.mappings:
        assert inbound(again, mapping.public) == inbound(table, mapping.public)
        assert outbound(again, mapping.private) == outbound(table, mapping.private)


@given(TABLES)
def test_a_mapping_is_found_under_each_of_its_addresses(table: Table) -> None:
    for public, private, slot, out_kbps, in_kbps, package, _ in table.mappings:
        there, back = inbound(table, public), outbound(table, private)
        assert there is not None
        assert back is not None
        assert (there.address, there.slot) == (private, slot)
        assert (there.kbps, there.package) == (in_kbps, package)
        assert (back.address, back.slot) == (public, slot)
        assert (back.kbps, back.package) == (out_kbps, package)


@given(table=TABLES, address=st.integers(0, 0xFFFFFFFF))
def test_no_other_address_is_found(table: Table, address: int) -> None:
    if address not in {mapping.public for mapping in table.mappings}:
        assert inbound(table, address) is None
    if address not in {mapping.private for mapping in table.mappings}:
        assert outbound(table, address) is None


@given(table=TABLES, order=st.randoms(use_true_random=False))
def test_equal_content_gives_equal_bytes(table: Table, order: Random) -> None:
    mappings, packages = list(table.mappings), list(table.packages)
    order.shuffle(mappings)
    order.shuffle(packages)
    again = build(table.generation, table.slots, mappings, packages)
    assert again.memory == table.memory
    assert again == table


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(build(8, 8, [FIRST, SECOND], [Package(2, 20_000)]), id="generation"),
        pytest.param(build(7, 9, [FIRST, SECOND], [Package(2, 20_000)]), id="slots"),
        pytest.param(build(7, 8, [FIRST], [Package(2, 20_000)]), id="mappings"),
        pytest.param(
            build(7, 8, [FIRST, SECOND._replace(slot=1)], [Package(2, 20_000)]), id="slot"
        ),
        pytest.param(build(7, 8, [FIRST, SECOND], [Package(2, 20_001)]), id="package"),
        pytest.param("no table", id="no-table"),
    ],
)
def test_another_content_is_another_table(other: object) -> None:
    assert other != TABLE


def test_a_table_says_what_is_in_it() -> None:
    assert (TABLE.generation, TABLE.slots, TABLE.package_numbers) == (7, 8, 2)
    assert TABLE.mappings == (FIRST, SECOND)
    assert TABLE.packages == (Package(2, 20_000),)
    assert repr(TABLE) == (
        f"Table(generation=7, slots=8, mappings={TABLE.mappings}, packages={TABLE.packages}, "
        "pools=())"
    )


def test_nobody_can_write_to_a_table() -> None:
    for table in (TABLE, decode(bytearray(TABLE.memory)), empty()):
        assert table.memory.readonly


def test_both_directions_are_indexed() -> None:
    there, back = inbound(TABLE, FIRST.public), outbound(TABLE, FIRST.private)
    assert there is not None
    assert back is not None
    assert (there.address, there.slot) == (FIRST.private, FIRST.slot)
    assert (back.address, back.slot) == (FIRST.public, FIRST.slot)
    for mapping in (FIRST, SECOND):
        assert inbound(TABLE, mapping.private) is None
        assert outbound(TABLE, mapping.public) is None


def test_the_deltas_of_both_directions_cancel() -> None:
    there, back = inbound(TABLE, FIRST.public), outbound(TABLE, FIRST.private)
    assert there is not None
    assert back is not None
    assert there.delta % 0xFFFF != 0
    assert (there.delta + back.delta) % 0xFFFF == 0


@given(TABLES)
def test_a_record_of_a_mapping_is_never_all_zeros(table: Table) -> None:
    """Even of 0.0.0.0 ↔ 0.0.0.0 without a cap: what is all zeros is no mapping."""
    for mapping in table.mappings:
        start = HEADER_BYTES + mapping.slot * 24
        assert any(table.memory[start + 20 : start + 24])


def test_the_mapping_of_zeros_is_one() -> None:
    nothing = Mapping(0, 0, 0)
    table = build(1, 1, [nothing])
    assert table.mappings == (nothing,)
    assert inbound(table, 0) == outbound(table, 0) == Found(0, 0xFFFF, 0, 0, 0)


def test_a_delta_is_the_new_words_minus_the_old_ones() -> None:
    delta = (0x0A00 + 0x0002 - 0xCB00 - 0x7109) % 0xFFFF
    assert inbound(TABLE, FIRST.public) == Found(FIRST.private, delta, 3, 10_000, 2)


def test_each_direction_has_its_own_cap_and_both_have_the_package() -> None:
    there, back = inbound(TABLE, FIRST.public), outbound(TABLE, FIRST.private)
    assert there is not None
    assert back is not None
    assert (there.kbps, there.package) == (FIRST.in_kbps, FIRST.package)
    assert (back.kbps, back.package) == (FIRST.out_kbps, FIRST.package)
    assert dict(TABLE.packages) == {2: 20_000}


def test_without_a_word_on_it_an_address_has_no_cap_and_no_package() -> None:
    there, back = inbound(TABLE, SECOND.public), outbound(TABLE, SECOND.private)
    assert there is not None
    assert back is not None
    assert (there.kbps, there.package) == (back.kbps, back.package) == (0, 0)


def test_a_public_address_may_be_a_private_one_of_another_mapping() -> None:
    table = build(1, 2, [Mapping(1, 2, 0), Mapping(2, 3, 1)])
    there, back = inbound(table, 2), outbound(table, 2)
    assert there is not None
    assert back is not None
    assert (there.address, back.address) == (3, 1)


@pytest.mark.parametrize(
    "mappings",
    [
        pytest.param([Mapping(1, 2, 0), Mapping(1, 3, 1)], id="public-twice"),
        pytest.param([Mapping(1, 3, 0), Mapping(2, 3, 1)], id="private-twice"),
        pytest.param([Mapping(1, 2, 0), Mapping(1, 2, 1)], id="same-addresses-twice"),
    ],
)
def test_an_address_has_one_partner(mappings: list[Mapping]) -> None:
    with pytest.raises(BadTableError, match="an address stands in two mappings"):
        build(1, 8, mappings)


@pytest.mark.parametrize("other", [Mapping(2, 3, 0), Mapping(1, 2, 0)], ids=["another", "itself"])
def test_a_slot_has_one_mapping(other: Mapping) -> None:
    with pytest.raises(BadTableError, match="two mappings would be counted under one slot"):
        build(1, 8, [Mapping(1, 2, 0), other])


@pytest.mark.parametrize(
    "packages",
    [
        pytest.param([Package(1, 10), Package(1, 20)], id="number-twice"),
        pytest.param([Package(1, 10), Package(1, 10)], id="same-package-twice"),
        pytest.param([Package(1, 0), Package(1, 0)], id="of-no-rate"),
    ],
)
def test_a_package_has_a_number_of_its_own(packages: list[Package]) -> None:
    with pytest.raises(BadTableError, match="two packages have one number"):
        build(1, 4, [Mapping(1, 2, 0)], packages)


@pytest.mark.parametrize("number", [-1, 0, PACKAGES_MAX + 1, 0xFFFFFFFF])
def test_a_package_has_a_number_that_it_may_have(number: int) -> None:
    with pytest.raises(BadTableError, match="number isn't of 1 to 65536"):
        build(1, 4, [Mapping(1, 2, 0)], [Package(1, 10), Package(number, 20)])


def test_the_last_number_is_one() -> None:
    table = build(1, 1, [Mapping(1, 2, 0, package=PACKAGES_MAX)], [Package(PACKAGES_MAX, 9)])
    assert table.packages == (Package(PACKAGES_MAX, 9),)
    assert table.package_numbers == PACKAGES_MAX


@pytest.mark.parametrize(
    "packages",
    [[], [Package(1, 10)], [Package(8, 10)], [Package(1, 10), Package(8, 10)]],
    ids=["none", "lower", "higher", "both-sides"],
)
def test_a_mappings_package_must_be_there(packages: list[Package]) -> None:
    with pytest.raises(BadTableError, match="package isn't in the table"):
        build(1, 4, [Mapping(1, 2, 0, package=7)], packages)


@pytest.mark.parametrize("slot", [-1, 4, 5, 0xFFFFFFFF])
def test_a_slot_outside_is_refused(slot: int) -> None:
    with pytest.raises(BadTableError, match="outside the table's 4"):
        build(1, 4, [Mapping(1, 2, slot)])


def test_the_last_slot_is_inside() -> None:
    there = inbound(build(1, 4, [Mapping(1, 2, 3)]), 1)
    assert there is not None
    assert there.slot == 3


def test_there_are_only_so_many_slots() -> None:
    with pytest.raises(BadTableError, match="more than 16777216 slots"):
        Draft(SLOTS_MAX + 1)


POOLS = (range(0xC0000200, 0xC0000300), range(0xCB007100, 0xCB007180))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_table_knows_the_networks_of_the_pool(count: int) -> None:
    pools = POOLS[:count]
    table = build(1, 4, [Mapping(1, 2, 0)], pools=reversed(pools))
    assert table.pools == decode(bytes(table.memory)).pools == pools
    assert (table == build(1, 4, [Mapping(1, 2, 0)])) is (not pools)


def test_a_table_that_grows_keeps_the_networks_of_the_pool() -> None:
    draft = Draft(1, POOLS)
    draft.hold(1000)
    for slot in range(1000):
        draft.put(Mapping(slot + 1, slot + 5000, slot))
    assert draft.finish(3).pools == POOLS


def test_of_many_networks_the_largest_are_kept() -> None:
    small = [range(number << 8, (number << 8) + 2) for number in range(1, 9)]
    assert Draft(1, [*small, *POOLS]).finish(1).pools == POOLS


def test_the_empty_table_knows_nobody() -> None:
    table = empty(5)
    assert (table.generation, table.slots, table.mappings) == (0, 5, ())
    assert (table.packages, table.package_numbers) == ((), 0)
    for address in (0, 1, FIRST.public, 0xFFFFFFFF):
        assert inbound(table, address) is outbound(table, address) is None
    assert decode(table.memory) == table


def test_a_mapping_is_shown_with_dots() -> None:
    assert str(FIRST) == "203.0.113.9 ↔ 10.0.0.2"
