"""The interpreted counterparts of C's pointers."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.utils import checksum as full_checksum

from gateway.packet import memory
from gateway.packet.checksum import fold


@given(before=st.binary(max_size=9), covered=st.binary(max_size=80), behind=st.binary(max_size=9))
def test_a_sum_is_what_the_full_checksum_is_made_of(
    before: bytes, covered: bytes, behind: bytes
) -> None:
    packet = bytearray(before + covered + behind)
    total = memory.sum_bytes(packet, len(before), len(before) + len(covered))
    assert ~fold(total) & 0xFFFF == full_checksum(covered)
    assert packet == before + covered + behind


@pytest.mark.parametrize(
    ("covered", "total"),
    [(b"", 0), (b"\x01", 0x100), (b"\x01\x02", 0x102), (b"\x01\x02\x03", 0x402)],
    ids=["nothing", "odd", "even", "odd-again"],
)
def test_an_odd_byte_is_the_first_of_its_word(covered: bytes, total: int) -> None:
    assert memory.sum_bytes(bytearray(covered), 0, len(covered)) == total


def test_content_takes_the_place_of_a_packets_first_bytes() -> None:
    packet = bytearray(b"0123456789")
    memory.put_bytes(packet, b"abcd", 3)
    assert packet == b"abc3456789"


def test_a_packet_inside_a_buffer_is_that_memory() -> None:
    buffer = bytearray(b"0123456789")
    packet = memory.packet_at(buffer, 4)
    assert bytes(packet) == b"456789"
    packet[0] = 0x2E
    assert buffer == b"0123.56789"
    whole = memory.packet_of(memoryview(buffer))
    whole[9] = 0x2E
    assert buffer == b"0123.5678."


def test_a_copy_is_none_of_that_memory() -> None:
    buffer = bytearray(b"0123456789")
    copy = memory.bytes_of(buffer, 2, 3)
    buffer[2] = 0
    assert copy == b"234"


@given(st.lists(st.integers(0, 2**32 - 1), max_size=8))
def test_words_are_of_32_bits_and_unsigned(numbers: list[int]) -> None:
    raw = bytearray(struct.pack(f"={len(numbers)}I", *numbers))
    words = memory.words_of(memoryview(raw))
    assert list(words) == numbers


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=8))
def test_long_words_are_of_64_bits_and_signed(numbers: list[int]) -> None:
    raw = bytearray(struct.pack(f"={len(numbers)}q", *numbers))
    words = memory.long_words_of(memoryview(raw))
    assert list(words) == numbers


def test_words_of_a_view_of_other_words_are_the_same_memory() -> None:
    raw = bytearray(16)
    memory.long_words_of(memoryview(raw).cast("Q"))[1] = -1
    assert list(memory.words_of(memoryview(raw).cast("q"))) == [0, 0, 0xFFFFFFFF, 0xFFFFFFFF]


def test_a_word_is_swapped_if_it_is_the_old_one() -> None:
    words = memory.long_words_of(memoryview(bytearray(24)))
    assert memory.compare_and_swap(words, 1, 0, -5)
    assert not memory.compare_and_swap(words, 1, 0, 7)
    assert list(words) == [0, -5, 0]
