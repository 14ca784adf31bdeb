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
    Rewrite,
    Table,
    build,
    decode,
    empty,
    encode,
)

FIRST, SECOND = Mapping(0xCB007109, 0x0A000002, 3), Mapping(0xCB00710A, 0x0A000003, 0)
TABLE = build(7, 8, [FIRST, SECOND])
LITERAL = (
    b"TGWTABLE"
    b"\x07\0\0\0\0\0\0\0"  # generation
    b"\x08\0\0\0"  # slots
    b"\x02\0\0\0"  # count
    b"CRC!"
    b"\x09\x71\x00\xcb\x02\x00\x00\x0a\x03\0\0\0"
    b"\x0a\x71\x00\xcb\x03\x00\x00\x0a\x00\0\0\0"
)
HEADER = 28

ADDRESSES = st.lists(
    st.tuples(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF)),
    max_size=20,
    unique_by=(lambda pair: pair[0], lambda pair: pair[1]),
)
TABLES = st.builds(
    lambda generation, slots, pairs: build(
        generation,
        slots + len(pairs),
        [Mapping(public, private, slot) for slot, (public, private) in enumerate(pairs)],
    ),
    st.integers(0, 2**64 - 1),
    st.integers(0, 1000),
    ADDRESSES,
)


def sealed(header: bytes, records: bytes) -> bytes:
    return header[:24] + struct.pack("<I", crc32(header[:24] + records)) + records


def test_the_layout_is_the_documented_one() -> None:
    literal = LITERAL.replace(b"CRC!", struct.pack("<I", crc32(LITERAL[:24] + LITERAL[HEADER:])))
    assert encode(TABLE) == literal
    assert decode(literal) == TABLE


@given(TABLES)
def test_what_is_encoded_is_decoded(table: Table) -> None:
    again = decode(encode(table))
    assert again == table
    assert again.inbound == table.inbound
    assert again.outbound == table.outbound


@given(table=TABLES, order=st.randoms(use_true_random=False))
def test_equal_content_gives_equal_bytes(table: Table, order: Random) -> None:
    shuffled = list(table.mappings)
    order.shuffle(shuffled)
    assert encode(build(table.generation, table.slots, shuffled)) == encode(table)


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
    assert TABLE.inbound[FIRST.public] == Rewrite(FIRST.private, delta, 3)


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
    + [pytest.param(n, id=f"count-{n - 20}") for n in range(20, 24)]
    + [pytest.param(n, id=f"checksum-{n - 24}") for n in range(24, HEADER)],
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


def test_a_table_with_more_behind_it_is_refused() -> None:
    with pytest.raises(BadTableError, match="damaged"):
        decode(encode(TABLE) + b"\0")


@pytest.mark.parametrize(
    ("records", "message"),
    [
        pytest.param([(1, 2, 0), (1, 3, 1)], "two mappings", id="address-twice"),
        pytest.param([(1, 2, 0), (2, 3, 8)], "outside", id="slot-outside"),
        pytest.param([(1, 2, 0), (2, 3, 0)], "under one slot", id="slot-twice"),
    ],
)
def test_whole_bytes_that_say_nonsense_are_refused(
    records: list[tuple[int, int, int]], message: str
) -> None:
    raw = b"".join(struct.pack("<III", *record) for record in records)
    with pytest.raises(BadTableError, match=message):
        decode(sealed(encode(TABLE)[:HEADER], raw))


@given(raw=st.binary(max_size=100), magic=st.booleans())
def test_no_bytes_raise_anything_else(raw: bytes, magic: bool) -> None:
    raw = b"TGWTABLE" * magic + raw
    try:
        table = decode(raw)
    except BadTableError:
        return
    assert encode(table) == raw
