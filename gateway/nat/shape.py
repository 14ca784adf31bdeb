"""Where the parts of a mapping table lie, which follows from four numbers of its header."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from gateway.nat.layout import (
    ENTRY_WORDS,
    GROUP_WORDS,
    MEMBER_WORDS,
    PACKAGE_WORDS,
    POLICY_WORDS,
    PROBES,
    RECORD_WORDS,
    RECORDS,
    REMOTES_WORDS,
    ROOM_BITS,
    UNIT_WORDS,
)

WORD: Final = 4
BLOCK_BYTES: Final = 4096
BLOCK_SHIFT: Final = 10  # a block is 2 ** 10 words
BITS_MIN: Final = 2
BITS_MAX: Final = 31


class Rooms(NamedTuple):
    """How much room there is for policies, as exponents of 2; of 0 there is none."""

    bits: int = 0  # the index of members has 2 ** bits places to be looked for first
    members: int = 0
    groups: int = 0
    remotes: int = 0
    units: int = 0  # of rules and ranges

    @property
    def word(self) -> int:
        """The exponents in one word, as it stands in a table's header."""
        return sum(exponent << at * ROOM_BITS for at, exponent in enumerate(self))


ROOMS_MAX: Final = Rooms(bits=21, members=20, groups=16, remotes=16, units=24)


def rooms_of(word: int) -> Rooms:
    """The rooms that a header's word says; the word may be of any value."""
    mask = (1 << ROOM_BITS) - 1
    return Rooms(*(word >> at * ROOM_BITS & mask for at in range(len(Rooms._fields))))


def places(exponent: int) -> int:
    """How many places a room of this exponent has."""
    return 1 << exponent if exponent else 0


class Shape(NamedTuple):
    """Tables of one shape have the same parts in the same places."""

    slots: int
    bits: int  # an index has places for 2 ** bits addresses to be looked for first
    room: int  # for so many packages
    rooms: Rooms = Rooms()

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
    def policies(self) -> int:
        """The first word of the policies, behind the packages."""
        return int(self.packages + self.room * PACKAGE_WORDS)

    @property
    def member_index(self) -> int:
        """The first word of the index of members."""
        return int(self.policies + (POLICY_WORDS if any(self.rooms) else 0))

    @property
    def member_entries(self) -> int:
        """How many entries the index of members has."""
        return int((1 << self.rooms.bits) + PROBES) if self.rooms.bits else 0

    @property
    def members(self) -> int:
        """The first word of the places that members have."""
        return int(self.member_index + self.member_entries * ENTRY_WORDS)

    @property
    def groups(self) -> int:
        """The first word of the groups, by number."""
        return int(self.members + places(self.rooms.members) * MEMBER_WORDS)

    @property
    def remotes(self) -> int:
        """The first word of the sets of remotes, by number."""
        return int(self.groups + places(self.rooms.groups) * GROUP_WORDS)

    @property
    def units(self) -> int:
        """The first word of the units that rules and ranges lie in."""
        return int(self.remotes + places(self.rooms.remotes) * REMOTES_WORDS)

    @property
    def checks(self) -> int:
        """The first word of the checks, which end the table."""
        return int(self.units + places(self.rooms.units) * UNIT_WORDS)

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
