"""The policies in a table's bytes while they are made: `layout` describes them.

Rules and ranges lie in pieces of 2 ** n units. A piece that is given back is taken for the next
one of its size, and only a table of another shape begins without gaps.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

from gateway.nat.index import Added, Index
from gateway.nat.layout import GROUP_WORDS, MEMBER_WORDS, REMOTES_WORDS, UNIT_WORDS
from gateway.nat.policy import Group, Member, RemoteSet
from gateway.nat.policy_words import (
    GROUP,
    HEAD,
    MEMBER,
    REMOTES,
    packed_member,
    packed_ranges,
    packed_rules,
)
from gateway.nat.shape import WORD, Rooms, Shape, block_of, places
from gateway.packet.memory import Words

EXPONENT_MIN: Final = 4
UNITS_MIN: Final = 4  # of a piece
UNIT_BYTES: Final = UNIT_WORDS * WORD


class PolicyImage:
    """Members, groups and sets of remotes, as values and as the bytes of one image.

    What is put must have been checked: `gateway.nat.policy_checks`. What is put and finds no room
    isn't there then: the rooms that it wants are the answer, and None if there was room.
    """

    def __init__(
        self, words: Words, shape: Shape, changed: set[int], old: "PolicyImage | None"
    ) -> None:
        """Begin with words that are zero, and with the content of `old`, which has no more room."""
        self._words = words
        self._shape = shape
        self._changed = changed
        self._index = Index(words, shape.member_index, shape.rooms.bits, changed)
        self._pieces: defaultdict[int, list[int]] = defaultdict(list)  # free ones, by size
        self._end = 0  # of the units that were ever used
        self._free_places: list[int] = []  # of members
        self._generation = 0
        self._touched = False
        self.groups: dict[int, Group] = {}
        self.remotes: dict[int, RemoteSet] = {}
        self.members: dict[int, Member] = {}
        self.groups_used: Counter[int] = Counter()  # by members
        self.remotes_used: Counter[int] = Counter()  # by rules
        if old:
            self._take_over(old)

    def seal(self, generation: int) -> None:
        """Note the generation of the last change, if there is room for anything."""
        if self._touched:
            self._touched = False
            self._generation = generation
            self._write_head()

    def put_group(self, group: Group) -> Rooms | None:
        """Add a group, or give it other rules."""
        rooms = self._shape.rooms
        if group.number > places(rooms.groups):
            return rooms._replace(groups=_exponent(group.number))
        directory = self._shape.groups + (group.number - 1) * GROUP_WORDS
        rules = packed_rules(group)
        before = self.groups.get(group.number, Group(group.number))
        at = self._place(rules, directory, len(packed_rules(before)))
        if at is None:
            return self._wider(rules)
        self._write(directory, GROUP.pack(at, len(group.ingress), len(group.egress), 1))
        self.remotes_used.subtract(_named(before))
        self.remotes_used.update(_named(group))
        self.groups[group.number] = group
        self._touched = True
        return None

    def remove_group(self, number: int) -> None:
        """Take away a group that is there, and that no member is in."""
        group = self.groups.pop(number)
        directory = self._shape.groups + (number - 1) * GROUP_WORDS
        self._give_back(self._words[directory], len(packed_rules(group)))
        self._write(directory, bytes(GROUP.size))
        self._touched = True
        self.remotes_used.subtract(_named(group))

    def put_remotes(self, remotes: RemoteSet) -> Rooms | None:
        """Add a set of remotes, or give it other ranges."""
        rooms = self._shape.rooms
        if remotes.number > places(rooms.remotes):
            return rooms._replace(remotes=_exponent(remotes.number))
        directory = self._shape.remotes + (remotes.number - 1) * REMOTES_WORDS
        ranges = packed_ranges(remotes)
        before = self.remotes.get(remotes.number, RemoteSet(remotes.number, ()))
        at = self._place(ranges, directory, len(packed_ranges(before)))
        if at is None:
            return self._wider(ranges)
        self._write(directory, REMOTES.pack(at, len(remotes.ranges) + 1))
        self.remotes[remotes.number] = remotes
        self._touched = True
        return None

    def remove_remotes(self, number: int) -> None:
        """Take away a set of remotes that is there, and that no rule names."""
        directory = self._shape.remotes + (number - 1) * REMOTES_WORDS
        self._give_back(self._words[directory], len(packed_ranges(self.remotes.pop(number))))
        self._write(directory, bytes(REMOTES.size))
        self._touched = True

    def put_member(self, member: Member) -> Rooms | None:
        """Add a member, or give it other groups."""
        rooms, before = self._shape.rooms, self.members.get(member.private)
        if not before:
            if len(self.members) >= places(rooms.members):
                exponent = max(EXPONENT_MIN, rooms.members + 1)
                return rooms._replace(members=exponent, bits=max(rooms.bits, exponent + 1))
            place = self._free_places[-1] if self._free_places else len(self.members)
            if self._index.add(member.private, place) is Added.CROWDED:
                return rooms._replace(bits=rooms.bits + 1)
            del self._free_places[-1:]
        self._write(self._place_of(self._index.place(member.private)), packed_member(member))
        self.groups_used.subtract(before.groups if before else ())
        self.groups_used.update(member.groups)
        self.members[member.private] = member
        self._touched = True
        return None

    def remove_member(self, private: int) -> None:
        """Take away a member that is there, out of its groups."""
        place = self._index.place(private)
        self._index.remove(private)
        self._free_places.append(place)
        self._write(self._place_of(place), bytes(MEMBER.size))
        self.groups_used.subtract(self.members.pop(private).groups)
        self._touched = True

    def _take_over(self, old: "PolicyImage") -> None:
        """Put in all that another image has, which has no more room."""
        self._generation = old._generation
        every: Iterable[Rooms | None] = (
            *(self.put_remotes(old.remotes[number]) for number in sorted(old.remotes)),
            *(self.put_group(old.groups[number]) for number in sorted(old.groups)),
            *(self.put_member(old.members[private]) for private in sorted(old.members)),
        )
        assert not any(every), "there is no less room than before, and no gap"
        self._touched = old._touched
        if any(old._shape.rooms):
            self._write_head()

    def _write_head(self) -> None:
        self._write(self._shape.policies, HEAD.pack(self._generation, len(self.members), 0))

    def _place_of(self, place: int) -> int:
        return self._shape.members + place * MEMBER_WORDS

    def _place(self, raw: bytes, directory: int, bytes_before: int) -> int | None:
        """Write rules or ranges into a piece of their size; where, or None if there is none."""
        at, size = self._words[directory], _piece(len(raw))
        if size != _piece(bytes_before):
            found = self._take(size)
            if found is None:
                return None
            self._give_back(at, bytes_before)
            at = found
        self._write(self._shape.units + at * UNIT_WORDS, raw)
        return int(at)

    def _take(self, size: int) -> int | None:
        """Where a piece of `size` units begins, which may be of none."""
        if not size:
            return 0
        if self._pieces[size]:
            return self._pieces[size].pop()
        if self._end + size > places(self._shape.rooms.units):
            return None
        at, self._end = self._end, self._end + size
        return at

    def _give_back(self, at: int, length: int) -> None:
        if length:
            self._pieces[_piece(length)].append(at)

    def _wider(self, raw: bytes) -> Rooms:
        """The rooms that hold all that is there, and these rules or ranges."""
        rooms = self._shape.rooms
        return rooms._replace(units=_exponent(self._end + _piece(len(raw))))

    def _write(self, word: int, raw: bytes) -> None:
        count = len(raw) // WORD
        if count:
            self._words[word : word + count] = memoryview(raw).cast("I")
            self._changed.update(range(block_of(word), block_of(word + count - 1) + 1))


def _piece(length: int) -> int:
    """How many units the piece has that so many bytes lie in."""
    units = -(-length // UNIT_BYTES)
    return max(UNITS_MIN, 1 << (units - 1).bit_length()) if units else 0


def _exponent(count: int) -> int:
    """The exponent of a room with so many places."""
    return max(EXPONENT_MIN, (count - 1).bit_length())


def _named(group: Group) -> list[int]:
    """The sets of remotes that the group's rules name, one for each rule."""
    return [rule.remotes for rule in group.ingress + group.egress if rule.remotes]
