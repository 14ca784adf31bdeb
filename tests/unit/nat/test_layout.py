"""The layout is checked against literal bytes, so that a change of it can't go unseen."""

import struct
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tables import PROBES, home, indexed, laid_out

from gateway.nat.decode import decode
from gateway.nat.layout import bucket_of
from gateway.nat.policy import ANY_PROTOCOL, Group, Member, Policies, RemoteSet, Rule
from gateway.nat.table import Mapping, Package, build, empty

FIRST = Mapping(0xCB007109, 0x0A000002, 3, out_kbps=5_000, in_kbps=10_000, package=2)
SECOND = Mapping(0xCB00710A, 0x0A000003, 0)
TABLE = build(7, 4, [FIRST, SECOND], [Package(2, 20_000)])

ADDRESS_9, ADDRESS_10 = b"\x09\x71\x00\xcb", b"\x0a\x71\x00\xcb"
PRIVATE_2, PRIVATE_3 = b"\x02\x00\x00\x0a", b"\x03\x00\x00\x0a"
# 0xcb00 + 0x7109 - 0x0a00 - 0x0002 in the numbers modulo 0xffff, and what is left to 0 of that
DELTAS = b"\x08\x32" + b"\xf7\xcd"
EMPTY_RECORD, EMPTY_ENTRY = bytes(24), bytes(8)
BEHIND = bytes(8 * 32)  # the places that only those reach whose first ones are taken
BEFORE_CRC = (
    b"TGWTABL5"
    b"\x07\0\0\0\0\0\0\0"  # generation
    b"\x04\0\0\0"  # slots
    b"\x02\0\0\0"  # mappings
    b"\x02\0\0\0"  # packages
    b"\x02\0\0\0"  # bits
)
AFTER_CRC = b"\x10\0\0\0" + b"\x20\0\0\0" + bytes(20)  # room for packages, probes
BLOCK = (
    (ADDRESS_10 + PRIVATE_3 + bytes(12) + DELTAS)  # slot 0
    + EMPTY_RECORD * 2
    + (ADDRESS_9 + PRIVATE_2 + b"\x88\x13\0\0\x10\x27\0\0\x02\0\0\0" + DELTAS)  # slot 3
    # By hand: 0xcb00710a * 0x9e3779b9 begins with 01, 0xcb007109's with 10,
    + (EMPTY_ENTRY + ADDRESS_10 + b"\x01\0\0\0" + ADDRESS_9 + b"\x04\0\0\0" + EMPTY_ENTRY)
    + BEHIND
    # 0x0a000003's with 00, 0x0a000002's with 01.
    + (PRIVATE_3 + b"\x01\0\0\0" + PRIVATE_2 + b"\x04\0\0\0" + EMPTY_ENTRY * 2)
    + BEHIND
    + bytes(8)  # package 1
    + b"\x01\0\0\0\x20\x4e\0\0"  # package 2
    + bytes(14 * 8)
)
CHECKS = struct.pack("<I", crc32(BLOCK))
CRC = struct.pack("<I", crc32(BEFORE_CRC + bytes(4) + AFTER_CRC + CHECKS))
LITERAL = BEFORE_CRC + CRC + AFTER_CRC + BLOCK + CHECKS

ADDRESS = st.integers(0, 0xFFFFFFFF)


def test_the_layout_is_the_documented_one() -> None:
    assert bytes(TABLE.memory) == LITERAL
    assert decode(LITERAL) == TABLE


def test_a_blocked_address_has_the_highest_bit_beside_its_package() -> None:
    blocked = build(7, 4, [FIRST._replace(blocked=True), SECOND], [Package(2, 20_000)])
    at = 64 + 3 * 24 + 16
    assert bytes(blocked.memory[at : at + 4]) == b"\x02\0\0\x80"
    assert blocked != TABLE
    assert blocked.mappings == (FIRST._replace(blocked=True), SECOND)


RULE = Rule(True, 6, 80, 443, 2, 5)
OTHER = Rule(False, ANY_PROTOCOL, 0, 65535, 0, 6)
POLICIES = Policies(
    groups=(Group(1), Group(3, (RULE,), (OTHER, RULE))),
    remotes=(
        RemoteSet(2, ((0x0A000000, 0x0A0000FF), (1 << 31, 1 << 31), (0xC6336401, 0xC6336401))),
    ),
    members=(Member(0x0A000002, (3, 1)),),
)
ONE = b"\x06\0\0\x80" + b"\x50\0\xbb\x01" + b"\x02\0\0\0" + b"\x05\0\0\0"
TWO = b"\0\x01\0\0" + b"\0\0\xff\xff" + bytes(4) + b"\x06\0\0\0"
POLICY_BYTES = (
    (b"\x09\0\0\0\0\0\0\0" + b"\x01\0\0\0" + bytes(4))  # generation, members
    # By hand: 0x0a000002's hash begins with 01110: 14 of 32 places come before its own.
    + (EMPTY_ENTRY * 14 + PRIVATE_2 + b"\x01\0\0\0" + EMPTY_ENTRY * 17)
    + BEHIND
    + (PRIVATE_2 + b"\x03\0\0\0" + b"\x01\0\0\0" + bytes(20))
    + bytes(15 * 32)
    + (bytes(12) + b"\x01\0\0\0")  # group 1, without a rule
    + bytes(16)
    + (b"\x04\0\0\0" + b"\x01\0\0\0" + b"\x02\0\0\0" + b"\x01\0\0\0")  # group 3
    + bytes(13 * 16)
    + bytes(8)
    + (bytes(4) + b"\x04\0\0\0")  # remotes 2
    + bytes(14 * 8)
    + (b"\0\0\0\x0a\xff\0\0\x0a" + b"\0\0\0\x80" * 2 + b"\x01\x64\x33\xc6" * 2)
    + bytes(8 + 2 * 16)  # a piece has four units
    + (ONE + TWO + ONE)
    + bytes(16 + 8 * 16)
)


def test_policies_lie_as_it_is_documented() -> None:
    table = build(9, 4, [FIRST, SECOND], [Package(2, 20_000)], policies=POLICIES)
    shape = table.shape
    assert bytes(table.memory[60:64]) == (5 | 4 << 5 | 4 << 10 | 4 << 15 | 4 << 20).to_bytes(
        4, "little"
    )
    assert bytes(table.memory[4 * shape.policies : 4 * shape.checks]) == POLICY_BYTES
    at = 64 + 3 * 24 + 16
    assert bytes(table.memory[at : at + 4]) == b"\x02\0\0\x40"
    assert table.mappings == TABLE.mappings
    assert decode(table.memory).policies == POLICIES
    assert repr(POLICIES) in repr(table)


def test_the_empty_table_is_a_header_and_two_indexes_of_four_and_what_is_behind_them() -> None:
    before, after = b"TGWTABL5" + bytes(20) + b"\x02\0\0\0", bytes(4) + b"\x20" + bytes(23)
    block = bytes(2 * (4 + 32) * 8)
    checks = struct.pack("<I", crc32(block))
    crc = struct.pack("<I", crc32(before + bytes(4) + after + checks))
    assert bytes(empty().memory) == before + crc + after + block + checks


def test_each_4096_bytes_behind_the_header_have_a_check() -> None:
    memory = build(1, 1000, [Mapping(n, n, n) for n in range(1000)]).memory
    indexes = 2 * 8 * (2048 + 32)
    end = 64 + 1000 * 24 + indexes
    blocks = [memory[at : min(at + 4096, end)] for at in range(64, end, 4096)]
    checks = struct.pack(f"<{len(blocks)}I", *map(crc32, blocks))
    assert len(blocks) == 14
    assert memory[end:] == checks


@given(address=ADDRESS, bits=st.integers(1, 31))
def test_a_bucket_is_the_first_bits_of_the_product(address: int, bits: int) -> None:
    assert bucket_of(address, bits) == home(address, bits) < 1 << bits


def test_neighbouring_addresses_land_far_apart() -> None:
    for first in (0xCB007100, 0x0A000000, 0xFFFFFF00):
        assert len({bucket_of(first + n, 10) for n in range(256)}) == 256


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 8, 9, 100, 256])
def test_both_indexes_are_as_large_and_at_most_half_full(count: int) -> None:
    table = build(1, count, [Mapping(n, ~n & 0xFFFFFFFF, n) for n in range(count)])
    bits = struct.unpack_from("<I", table.memory, 28)[0]
    assert 1 << bits >= max(4, 2 * count)
    assert 1 << bits < max(5, 4 * count)
    start, length = 64 + count * 24, 8 * (2**bits + PROBES)
    public, private = (bytes(table.memory[start + n * length :][:length]) for n in range(2))
    assert public == laid_out({n: n for n in range(count)}, bits)
    assert private == laid_out({~n & 0xFFFFFFFF: n for n in range(count)}, bits)
    assert [indexed(public, n) for n in range(count)] == list(range(count))
    assert [indexed(private, ~n & 0xFFFFFFFF) for n in range(count)] == list(range(count))
    assert indexed(public, count) is None
    assert indexed(private, ~count & 0xFFFFFFFF) is None
