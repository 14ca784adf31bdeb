import pytest

from gateway.nat.mark import MarkBits
from gateway.nat.outcome import Direction


@pytest.mark.parametrize("shift", range(31))
def test_a_direction_is_told_whatever_the_other_bits_are(shift: int) -> None:
    bits = MarkBits(3 << shift)
    for direction in Direction:
        mark = bits.mark(direction)
        assert mark & ~bits.mask == 0
        assert bits.direction(mark) == direction
        assert bits.direction(mark | 0xFFFF_FFFF & ~bits.mask) == direction
    assert bits.direction(0xFFFF_FFFF & ~bits.mask) == 0


@pytest.mark.parametrize("mask", [0, -1, -4, 1, 2, 5, 7, 0x80000001, 3 << 31, 3 << 40])
def test_a_mask_that_is_not_two_neighbouring_bits_is_refused(mask: int) -> None:
    with pytest.raises(ValueError, match="is no mask of two neighbouring bits"):
        MarkBits(mask)
