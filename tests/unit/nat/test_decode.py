"""Which bytes are a table, and which blocks of it are read again."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tables import HEADER_BYTES, sealed

from gateway.nat.decode import decode, differing
from gateway.nat.policy import Group, Member, Policies, RemoteSet, Rule
from gateway.nat.table import BadTableError, Mapping, Package, build

FIRST = Mapping(0xCB007109, 0x0A000002, 3, out_kbps=5_000, in_kbps=10_000, package=2)
SECOND = Mapping(0xCB00710A, 0x0A000003, 0)
RAW = bytes(build(7, 4, [FIRST, SECOND], [Package(2, 20_000)]).memory)


def test_every_damaged_byte_is_refused() -> None:
    for at in range(len(RAW)):
        flips = range(1, 256) if at < HEADER_BYTES else (1, 2, 4, 8, 16, 32, 64, 128, 255)
        for flip in flips:
            damaged = bytearray(RAW)
            damaged[at] ^= flip
            with pytest.raises(BadTableError):
                decode(damaged)


LARGE = build(1, 1000, [Mapping(n, n, n) for n in range(1000)])


def test_each_block_that_changed_is_read() -> None:
    after = build(1, 1000, [Mapping(n, n + (n == 500), n) for n in range(1000) if n != 501])
    changed = list(differing(after.checks, LARGE.checks))
    assert 3 <= len(changed) <= 8
    assert decode(after.memory, checked=LARGE.checks) == after
    for number in range(after.shape.blocks):
        damaged = bytearray(after.memory)
        damaged[64 + 4096 * number + 7] ^= 0x20
        if number in changed:
            with pytest.raises(BadTableError, match="damaged"):
                decode(damaged, checked=LARGE.checks)
        else:
            decode(damaged, checked=LARGE.checks)
        with pytest.raises(BadTableError, match="damaged"):
            decode(damaged, checked=LARGE.checks[:-4])


def test_what_differs_is_said_by_number() -> None:
    before = bytes(4 * 1000)
    after = bytearray(before)
    for number in (0, 63, 64, 999):
        after[4 * number + 2] = 1
    assert list(differing(bytes(after), before)) == [0, 63, 64, 999]
    assert list(differing(before, before)) == []
    assert list(differing(bytes(12), before)) == [0, 1, 2]


def test_a_table_cut_anywhere_is_refused() -> None:
    for length in range(len(RAW)):
        with pytest.raises(BadTableError):
            decode(RAW[:length])


@pytest.mark.parametrize("magic", [b"TGWTABL3", b"TGWTABLE", b"TGWTABL4", bytes(8)])
def test_a_table_of_another_layout_is_refused(magic: bytes) -> None:
    with pytest.raises(BadTableError, match="not a mapping table"):
        decode(sealed(magic + RAW[8:]))


@pytest.mark.parametrize("more", [1, 8, 24, 1000])
def test_a_table_with_more_behind_it_is_refused(more: int) -> None:
    for raw in (RAW + bytes(more), sealed(RAW + bytes(more))):
        with pytest.raises(BadTableError, match="damaged"):
            decode(raw)


@pytest.mark.parametrize("bits", [0, 1, 3, 30, 31, 32, 63, 64, 255, 0x7FFFFFFF, 0xFFFFFFFF])
def test_indexes_of_a_size_that_isnt_there_are_refused(bits: int) -> None:
    raw = RAW[:28] + struct.pack("<I", bits) + RAW[32:]
    with pytest.raises(BadTableError, match="damaged"):
        decode(sealed(raw))


def test_indexes_of_one_entry_are_refused() -> None:
    """To look for a bucket in them, a word would be shifted by all of its bits."""
    raw = RAW[:16] + bytes(48) + bytes(2 * 8 * (1 + 32) + 4)
    with pytest.raises(BadTableError, match="damaged"):
        decode(sealed(raw))


@pytest.mark.parametrize("probes", [33, 64, 0xFFFFFFFF])
def test_a_table_in_which_one_must_look_more_often_is_refused(probes: int) -> None:
    raw = RAW[:40] + struct.pack("<I", probes) + RAW[44:]
    with pytest.raises(BadTableError, match=f"{probes} looks away, more than 32"):
        decode(sealed(raw))


@pytest.mark.parametrize("count", [17, 1 << 20, 0xFFFFFFFF])
def test_more_packages_than_there_is_room_for_are_refused(count: int) -> None:
    raw = RAW[:24] + struct.pack("<I", count) + RAW[28:]
    with pytest.raises(BadTableError, match="damaged"):
        decode(sealed(raw))


@pytest.mark.parametrize("field", [16, 36], ids=["slots", "room"])
@pytest.mark.parametrize("count", [0, 1, 3, 5, 1 << 20, 0xFFFFFFFF])
def test_counts_of_what_isnt_there_are_refused(field: int, count: int) -> None:
    raw = RAW[:field] + struct.pack("<I", count) + RAW[field + 4 :]
    with pytest.raises(BadTableError, match="damaged"):
        decode(sealed(raw))


GROUP = Group(1, (Rule(True, 6, 0, 65535, 1, 0),))
FILTERED = build(
    7,
    4,
    [FIRST, SECOND],
    [Package(2, 20_000)],
    policies=Policies((GROUP,), (RemoteSet(1, ((1, 2),)),), (Member(0x0A000002, (1,)),)),
)


@pytest.mark.parametrize("exponent", range(5))
@pytest.mark.parametrize("value", [0, 1, 3, 5, 31])
def test_rooms_of_another_size_are_refused(exponent: int, value: int) -> None:
    word = FILTERED.shape.rooms.word & ~(31 << 5 * exponent) | value << 5 * exponent
    if word == FILTERED.shape.rooms.word:
        return
    raw = bytes(FILTERED.memory[:60]) + struct.pack("<I", word) + bytes(FILTERED.memory[64:])
    with pytest.raises(BadTableError, match="damaged"):
        decode(sealed(raw))


@pytest.mark.parametrize("word", [1 << 25, 1 << 31, 1, 3 << 5])
def test_rooms_that_no_draft_makes_are_refused(word: int) -> None:
    """They have more bits than there are rooms, an index without members, members without one."""
    raw = RAW[:60] + struct.pack("<I", word) + RAW[64:]
    room = bytes(4 * (4 + 2 * (2 + 32)) + 8 * 32)
    for more in (b"", bytes(4), bytes(16), room):
        with pytest.raises(BadTableError, match="damaged"):
            decode(sealed(raw[:-4] + more + bytes(4)))


def test_damaged_policies_are_refused() -> None:
    for at in range(FILTERED.shape.policies * 4, len(FILTERED.memory)):
        damaged = bytearray(FILTERED.memory)
        damaged[at] ^= 0x10
        with pytest.raises(BadTableError):
            decode(damaged)


COUNT = st.one_of(st.integers(0, 3), st.integers(0, 0xFFFFFFFF))


@given(
    raw=st.binary(max_size=300),
    head=st.one_of(
        st.just(b""),
        st.just(b"TGWTABL5"),
        st.builds(struct.Struct("<8sQIIII").pack, st.just(b"TGWTABL5"), *[COUNT] * 5),
    ),
    seal=st.booleans(),
)
def test_no_bytes_raise_anything_else(raw: bytes, head: bytes, seal: bool) -> None:
    raw = head + raw
    if seal and len(raw) >= HEADER_BYTES:
        raw = sealed(raw)
    try:
        table = decode(raw)
    except BadTableError:
        return
    assert table.memory == raw
    assert decode(table.memory).mappings == table.mappings
