"""Where a packet's mark tells the direction: in two of its bits. The others are other programs'."""

from dataclasses import dataclass
from typing import Final

from gateway.nat.outcome import Direction

BITS: Final = 2
MARK_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class MarkBits:
    """The two neighbouring bits of a mark that hold a direction.

    Raises `ValueError` if `mask` is anything else.
    """

    mask: int

    def __post_init__(self) -> None:
        if self.mask not in {0b11 << shift for shift in range(MARK_BITS - BITS + 1)}:
            raise ValueError(f"{self.mask:#x} is no mask of two neighbouring bits, as 0x3000 is")

    @property
    def shift(self) -> int:
        """How many bits of a mark are below the direction."""
        return (self.mask & -self.mask).bit_length() - 1

    def mark(self, direction: Direction) -> int:
        """The mark that tells this direction, and nothing else."""
        return direction << self.shift

    def direction(self, mark: int) -> int:
        """The number of the direction in a mark; 0 if there is none in it."""
        return (mark & self.mask) >> self.shift


# People write the low byte by hand; programs that connect containers or tunnels take the upper half
# and the two bits above these.
DEFAULT_BITS: Final = MarkBits(0x3000)
# The bits of the version that used no mask.
LOWEST_BITS: Final = MarkBits(0b11)
