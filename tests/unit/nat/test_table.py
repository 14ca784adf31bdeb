"""The layout on disk is checked against literal bytes, so that a change of it can't go unseen."""

import struct
from random import Random
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.nat.table import (
    BadTableError,
    Mapping,
    Package,
    Rewrite,
    Table,
    build,
    decode,
    empty,
    encode,
)

FIRST = Mapping(0xCB007109, 0x0A000002, 3, out_kbps=5_000, in_kbps=10_000, package=2)
SECOND = Mapping(0xCB00710A, 0x0A000003, 0)
TABLE = build(7, 8, [FIRST, SECOND], [Package(2, 20_000)])
LITERAL = (
    b"TGWTABL2"
    b"\x07\0\0\0\0\0\0\0"  # generation
    b"\x08\0\0\0"  # slots
    b"\x02\0\0\0"  # mappings
    b"\x01\0\0\0"  # packages
    b"CRC!"
    b"\x09\x71\x00\xcb\x02\x00\x00\x0a\x03\0\0\0"
    b"\x88\x13\0\0\x10\x27\0\0\x02\0\0\0"  # out, in, package
    b"\x0a\x71\x00\xcb\x03\x00\x00\x0a\x00\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\x02\0\0\0\x20\x4e\0\0"  # the package
)
CHECKSUM = 28
HEADER = 32

ADDRESSES = st.lists(
    st.tuples(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF)),
    max_size=20,
    unique_by=(lambda pair: pair[0], lambda pair: pair[1]),
)
KBPS = st.integers(0, 0xFFFFFFFF)
PACKAGES = st.dictionaries(st.integers(1, 0xFFFFFFFF), KBPS, max_size=4)


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


def sealed(header: bytes, records: bytes) -> bytes:
    return header[:CHECKSUM] + struct.pack("<I", crc32(header[:CHECKSUM] + records)) + records


def test_the_layout_is_the_documented_one() -> None:
    literal = LITERAL.replace(
        b"CRC!", struct.pack("<I", crc32(LITERAL[:CHECKSUM] + LITERAL[HEADER:]))
    )
    assert encode(TABLE) == literal
    assert decode(literal) == TABLE


@given(TABLES)
def test_what_is_encoded_is_decoded(table: Table) -> None:
    again = decode(encode(table))
    assert again == table
    assert again.inbound == table.inbound
    assert again.outbound == table.outbound
    assert again.package_kbps == table.package_kbps


@given(table=TABLES, order=st.randoms(use_true_random=False))
def test_equal_content_gives_equal_bytes(table: Table, order: Random) -> None:
    mappings, packages = list(table.mappings), list(table.packages)
    order.shuffle(mappings)
    order.shuffle(packages)
    assert encode(build(table.generation, table.slots, mappings, packages)) == encode(table)


def test_both_directions_are_indexed() -> None:
    there, back = TABLE.inbound[FIRST.public], TABLE.outbound[FIRST.private]
    assert (there.address, there.slot) == (FIRST.private, FIRST.slot)
    assert (back.address, back.slot) == (FIRST.public, FIRST.slot)
    assert set(TABLE.inbound) == {FIRST.public, SECOND.public}
    assert set(TABLE.outbound) == {FIRST.private, SECOND.private}


def test_the_deltas_of_both_directions_cancel() -> None:
    there, back = TABLE.inbound[FIRST.public], TABLE.outbound[FIRST.private]
    assert there.delta % 0xFFFF != 0
    assert (there.delta + back.delta) % 0xFFFF == 0


def test_a_delta_is_the_new_words_minus_the_old_ones() -> None:
    delta = (0x0A00 + 0x0002 - 0xCB00 - 0x7109) % 0xFFFF
    assert TABLE.inbound[FIRST.public] == Rewrite(FIRST.private, delta, 3, 10_000, 2)


def test_each_direction_has_its_own_cap_and_both_have_the_package() -> None:
    there, back = TABLE.inbound[FIRST.public], TABLE.outbound[FIRST.private]
    assert (there.kbps, there.package) == (FIRST.in_kbps, FIRST.package)
    assert (back.kbps, back.package) == (FIRST.out_kbps, FIRST.package)
    assert TABLE.package_kbps == {2: 20_000}


def test_without_a_word_on_it_an_address_has_no_cap_and_no_package() -> None:
    there, back = TABLE.inbound[SECOND.public], TABLE.outbound[SECOND.private]
    assert (there.kbps, there.package) == (back.kbps, back.package) == (0, 0)


def test_a_public_address_may_be_a_private_one_of_another_mapping() -> None:
    table = build(1, 2, [Mapping(1, 2, 0), Mapping(2, 3, 1)])
    assert table.inbound[2].address == 3
    assert table.outbound[2].address == 1


@pytest.mark.parametrize(
    "mappings",
    [
        pytest.param([Mapping(1, 2, 0), Mapping(1, 3, 1)], id="public-twice"),
        pytest.param([Mapping(1, 3, 0), Mapping(2, 3, 1)], id="private-twice"),
        pytest.param([Mapping(1, 2, 0), Mapping(1, 2, 0)], id="same-mapping-twice"),
    ],
)
def test_an_address_has_one_partner(mappings: list[Mapping]) -> None:
    with pytest.raises(BadTableError, match="two mappings"):
        build(1, 8, mappings)


@pytest.mark.parametrize(
    "packages",
    [
        pytest.param([Package(1, 10), Package(1, 20)], id="number-twice"),
        pytest.param([Package(1, 10), Package(1, 10)], id="same-package-twice"),
        pytest.param([Package(1, 10), Package(0, 20)], id="number-that-means-none"),
    ],
)
def test_a_package_has_a_number_of_its_own(packages: list[Package]) -> None:
    with pytest.raises(BadTableError, match="two packages have one number"):
        build(1, 4, [Mapping(1, 2, 0)], packages)


@pytest.mark.parametrize("packages", [[], [Package(1, 10)]], ids=["none", "another"])
def test_a_mappings_package_must_be_there(packages: list[Package]) -> None:
    with pytest.raises(BadTableError, match="package isn't in the table"):
        build(1, 4, [Mapping(1, 2, 0, package=7)], packages)


@pytest.mark.parametrize("slot", [4, 5, 0xFFFFFFFF])
def test_a_slot_outside_is_refused(slot: int) -> None:
    with pytest.raises(BadTableError, match="outside the table's 4"):
        build(1, 4, [Mapping(1, 2, slot)])


def test_the_last_slot_is_inside() -> None:
    assert build(1, 4, [Mapping(1, 2, 3)]).inbound[1].slot == 3


def test_the_empty_table_knows_nobody() -> None:
    table = empty(5)
    assert (table.generation, table.slots, table.mappings) == (0, 5, ())
    assert not table.inbound
    assert not table.outbound
    assert decode(encode(table)) == table


def test_a_mapping_is_shown_with_dots() -> None:
    assert str(FIRST) == "203.0.113.9 ↔ 10.0.0.2"


def test_every_damaged_byte_of_the_records_is_refused() -> None:
    raw = encode(TABLE)
    for at in range(HEADER, len(raw)):
        for flip in range(1, 256):
            damaged = bytearray(raw)
            damaged[at] ^= flip
            with pytest.raises(BadTableError):
                decode(bytes(damaged))


@pytest.mark.parametrize(
    "at",
    [pytest.param(n, id=f"magic-{n}") for n in range(8)]
    + [pytest.param(n, id=f"generation-{n - 8}") for n in range(8, 16)]
    + [pytest.param(n, id=f"slots-{n - 16}") for n in range(16, 20)]
    + [pytest.param(n, id=f"mappings-{n - 20}") for n in range(20, 24)]
    + [pytest.param(n, id=f"packages-{n - 24}") for n in range(24, CHECKSUM)]
    + [pytest.param(n, id=f"checksum-{n - CHECKSUM}") for n in range(CHECKSUM, HEADER)],
)
def test_a_damaged_byte_of_the_header_is_refused(at: int) -> None:
    raw = encode(TABLE)
    for flip in range(1, 256):
        damaged = bytearray(raw)
        damaged[at] ^= flip
        with pytest.raises(BadTableError):
            decode(bytes(damaged))


def test_a_table_cut_anywhere_is_refused() -> None:
    raw = encode(TABLE)
    for length in range(len(raw)):
        with pytest.raises(BadTableError):
            decode(raw[:length])


def test_a_table_of_the_layout_before_is_refused() -> None:
    with pytest.raises(BadTableError, match="not a mapping table"):
        decode(encode(TABLE).replace(b"TGWTABL2", b"TGWTABLE"))


def test_a_table_with_more_behind_it_is_refused() -> None:
    with pytest.raises(BadTableError, match="damaged"):
        decode(encode(TABLE) + b"\0")


@pytest.mark.parametrize(
    ("records", "message"),
    [
        pytest.param([(1, 2, 0, 0), (1, 3, 1, 0)], "two mappings", id="address-twice"),
        pytest.param([(1, 2, 0, 0), (2, 3, 8, 0)], "outside", id="slot-outside"),
        pytest.param([(1, 2, 0, 0), (2, 3, 0, 0)], "under one slot", id="slot-twice"),
        pytest.param([(1, 2, 0, 0), (2, 3, 1, 9)], "package isn't", id="package-missing"),
    ],
)
def test_whole_bytes_that_say_nonsense_are_refused(
    records: list[tuple[int, int, int, int]], message: str
) -> None:
    raw = b"".join(struct.pack("<IIIIII", *record, 0, 0, package) for *record, package in records)
    raw += struct.pack("<II", 2, 20_000)
    with pytest.raises(BadTableError, match=message):
        decode(sealed(encode(TABLE)[:HEADER], raw))


@given(raw=st.binary(max_size=100), magic=st.booleans())
def test_no_bytes_raise_anything_else(raw: bytes, magic: bool) -> None:
    raw = b"TGWTABL2" * magic + raw
    try:
        table = decode(raw)
    except BadTableError:
        return
    assert encode(table) == raw
