"""The reference here is Scapy's checksum over whole messages, never our own arithmetic."""

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scapy.utils import checksum as full_checksum

from gateway.packet.checksum import address_delta, fold, updated

ADDRESS = st.integers(0, 0xFFFFFFFF)
WORD = st.integers(0, 0xFFFF)
# As in every header we rewrite, something beside the address isn't zero: version, protocol, ports.
REST = st.binary(min_size=2, max_size=40).filter(lambda b: len(b) % 2 == 0 and any(b))


def negated_sum(checksum: int) -> int:
    """The sum a checksum stands for, in the numbers modulo 0xffff, where 0 and 0xffff are one."""
    return -checksum % 0xFFFF


@pytest.mark.parametrize(
    ("total", "folded"),
    [
        pytest.param(0, 0, id="zero"),
        pytest.param(0xFFFF, 0xFFFF, id="no-carry"),
        pytest.param(0x10000, 1, id="carry"),
        pytest.param(0x1FFFE, 0xFFFF, id="two-times-minus-zero"),
        pytest.param(0x1FFFF, 1, id="carry-makes-a-carry"),
        pytest.param(0x3FFFC, 0xFFFF, id="four-words-of-ones"),
        pytest.param(0xFFFFFFFF, 0xFFFF, id="a-full-32-bit-sum"),
    ],
)
def test_fold_adds_the_carries_back(total: int, folded: int) -> None:
    assert fold(total) == folded


@given(st.integers(0, 1 << 64))
def test_fold_keeps_the_value_modulo_ffff_and_fits_a_word(total: int) -> None:
    folded = fold(total)
    assert 0 <= folded <= 0xFFFF
    assert folded % 0xFFFF == total % 0xFFFF
    assert (folded == 0) == (total == 0)


def test_the_example_of_rfc_1624_yields_zero_and_not_ffff() -> None:
    # RFC 1624, 4: HC 0xdd2f, m 0x5555 becomes 0x3285; RFC 1141 would give 0xffff.
    assert updated(0xDD2F, address_delta(0x5555, 0x3285)) == 0x0000


@given(rest=REST, old=ADDRESS, new=ADDRESS)
@example(rest=b"\x45\x00", old=0, new=0)
@example(rest=b"\x45\x00", old=0, new=0xFFFFFFFF)
@example(rest=b"\x45\x00", old=0xFFFFFFFF, new=0)
@example(rest=b"\x45\x00", old=0x12345678, new=0x12345678)
@example(rest=b"\xff\xff", old=0, new=0xFFFF0000)
@example(rest=b"\x00\x01", old=0, new=0x0000FFFE)  # the sum becomes 0xffff, the checksum 0
def test_the_incremental_update_is_the_full_computation(rest: bytes, old: int, new: int) -> None:
    before = full_checksum(rest + struct.pack("!I", old))
    after = full_checksum(rest + struct.pack("!I", new))
    assert updated(before, address_delta(old, new)) == after


@pytest.mark.parametrize("delta", [0, 1, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF])
def test_every_checksum_moves_by_the_delta_and_by_nothing_else(delta: int) -> None:
    for checksum in range(0x10000):
        result = updated(checksum, delta)
        assert 0 <= result <= 0xFFFF
        assert negated_sum(result) == (negated_sum(checksum) + delta) % 0xFFFF


@pytest.mark.parametrize("checksum", [0, 1, 0x7FFF, 0x8000, 0xFFFE])
def test_no_delta_makes_a_checksum_ffff_which_no_computation_gives(checksum: int) -> None:
    assert all(updated(checksum, delta) != 0xFFFF for delta in range(0x10000))


@given(old=ADDRESS, new=ADDRESS, checksum=st.integers(0, 0xFFFE))
def test_there_and_back_is_the_same_checksum(old: int, new: int, checksum: int) -> None:
    there = updated(checksum, address_delta(old, new))
    assert updated(there, address_delta(new, old)) == checksum


@given(first=ADDRESS, second=ADDRESS, third=ADDRESS, checksum=WORD)
def test_two_steps_are_one_step(first: int, second: int, third: int, checksum: int) -> None:
    twice = updated(updated(checksum, address_delta(first, second)), address_delta(second, third))
    once = updated(checksum, address_delta(first, third))
    assert negated_sum(twice) == negated_sum(once)
