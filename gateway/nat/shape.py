"""Where the parts of a mapping table lie, which follows from three numbers of its header."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from gateway.nat.layout import ENTRY_WORDS, PACKAGE_WORDS, PROBES, RECORD_WORDS, RECORDS

WORD: Final = 4
BLOCK_BYTES: Final = 4096
BLOCK_SHIFT: Final = 10  # a block is 2 ** 10 words
BITS_MIN: Final = 2
BITS_MAX: Final = 31


class Shape(NamedTuple):
    """Tables of one shape have the same parts in the same places."""

    slots: int
    bits: int  # an index has places for 2 ** bits addresses to be looked for first
    room: int  # for so many packages

    @property
    def entries(self) -> int:
        """How many entries each of the two indexes has."""
        return int((1 << self.bits) + PROBES)

    @property
    def inbound(self) -> int:
        """The first word of the index of public addresses."""
        return int(RECORDS + self.slots * RECORD_WORDS)

    @property
    def outbound(self) -> int:
        """The first word of the index of private addresses."""
        return int(self.inbound + self.entries * ENTRY_WORDS)

    @property
    def packages(self) -> int:
        """The first word of the packages, behind the two indexes."""
        return int(self.outbound + self.entries * ENTRY_WORDS)

    @property
    def checks(self) -> int:
        """The first word of the checks, which end the table."""
        return int(self.packages + self.room * PACKAGE_WORDS)

    @property
    def blocks(self) -> int:
        """How many blocks there are, the last of them perhaps a short one."""
        return block_of(self.checks - 1) + 1

    @property
    def size(self) -> int:
        """How many bytes a table of this shape is."""
        return (self.checks + self.blocks) * WORD


def block_of(word: int) -> int:
    """The number of the block that the word with this number is in."""
    return int(word - RECORDS) >> BLOCK_SHIFT


def block_at(number: int, end: int) -> slice:
    """The bytes of a block; `end` is the byte that the last one ends before."""
    begin = RECORDS * WORD + number * BLOCK_BYTES
    return slice(begin, min(begin + BLOCK_BYTES, end))


def words_of_block(number: int) -> range:
    """The words of a block, also those behind the table's end."""
    first = int(RECORDS) + (number << BLOCK_SHIFT)
    return range(first, first + (1 << BLOCK_SHIFT))


def runs(blocks: set[int], end: int) -> Iterator[slice]:
    """The bytes of these blocks, neighbours together; the last block ends at `end`."""
    first = last = -1
    for number in sorted(blocks):
        if number != last + 1 or first < 0:
            if first >= 0:
                yield slice(block_at(first, end).start, block_at(last, end).stop)
            first = number
        last = number
    if first >= 0:
        yield slice(block_at(first, end).start, block_at(last, end).stop)
