"""Policies as words of a table, to and fro: `layout` describes them."""

import struct
from collections.abc import Iterator
from typing import Final

from gateway.nat.layout import ADMITS_BIT, UNIT_WORDS
from gateway.nat.policy import (
    GROUPS_PER_MEMBER,
    PORT_MAX,
    Group,
    Member,
    Policies,
    RemoteSet,
    Rule,
)
from gateway.nat.shape import WORD, Shape, places

HEAD: Final = struct.Struct("<QII")
MEMBER: Final = struct.Struct("<8I")
GROUP: Final = struct.Struct("<4I")
REMOTES: Final = struct.Struct("<2I")
RULE: Final = struct.Struct("<4I")
RANGE: Final = struct.Struct("<2I")

_NO_GROUPS: Final = (0,) * GROUPS_PER_MEMBER


def packed_member(member: Member) -> bytes:
    """The words of the place that a member has."""
    groups = (*member.groups, *_NO_GROUPS)[:GROUPS_PER_MEMBER]
    return MEMBER.pack(member.private, *groups, 0, 0)


def packed_rules(group: Group) -> bytes:
    """The units of all rules of a group, those of ingress first."""
    return b"".join(map(_packed, group.ingress + group.egress))


def packed_ranges(remotes: RemoteSet) -> bytes:
    """The units of a set's ranges, the last of them perhaps half of one."""
    return b"".join(RANGE.pack(*ends) for ends in remotes.ranges)


def policies_of(memory: memoryview, shape: Shape) -> Policies:
    """All policies of a table's bytes, which are as a draft has made them."""
    return Policies(
        tuple(_groups(memory, shape)),
        tuple(_remotes(memory, shape)),
        tuple(sorted(_members(memory, shape))),
    )


def generation_of_policies(memory: memoryview, shape: Shape) -> int:
    """The generation in which a policy has changed last; 0 if there was none ever."""
    if not any(shape.rooms):
        return 0
    return int(HEAD.unpack_from(memory, shape.policies * WORD)[0])


def _members(memory: memoryview, shape: Shape) -> Iterator[Member]:
    raw = _part(memory, shape.members, places(shape.rooms.members) * MEMBER.size)
    for private, *groups in MEMBER.iter_unpack(raw):
        if groups[0]:
            yield Member(private, tuple(number for number in groups if number))


def _groups(memory: memoryview, shape: Shape) -> Iterator[Group]:
    raw = _part(memory, shape.groups, places(shape.rooms.groups) * GROUP.size)
    for number, (at, ingress, egress, is_there) in enumerate(GROUP.iter_unpack(raw), 1):
        if is_there:
            length = (ingress + egress) * RULE.size
            units = _part(memory, shape.units + at * UNIT_WORDS, length)
            rules = tuple(map(_unpacked, RULE.iter_unpack(units)))
            yield Group(number, rules[:ingress], rules[ingress:])


def _remotes(memory: memoryview, shape: Shape) -> Iterator[RemoteSet]:
    raw = _part(memory, shape.remotes, places(shape.rooms.remotes) * REMOTES.size)
    for number, (at, count_1) in enumerate(REMOTES.iter_unpack(raw), 1):
        if count_1:
            units = _part(memory, shape.units + at * UNIT_WORDS, (count_1 - 1) * RANGE.size)
            yield RemoteSet(number, tuple(RANGE.iter_unpack(units)))


def _part(memory: memoryview, word: int, length: int) -> memoryview:
    return memory[word * WORD : word * WORD + length]


def _packed(rule: Rule) -> bytes:
    admits = ADMITS_BIT if rule.admits else 0
    ports = rule.last_port << 16 | rule.first_port
    return RULE.pack(rule.protocol | admits, ports, rule.remotes, rule.policy_index)


def _unpacked(words: tuple[int, ...]) -> Rule:
    protocol, ports, remotes, index = words
    return Rule(
        admits=bool(protocol & ADMITS_BIT),
        protocol=protocol & ~ADMITS_BIT,
        first_port=ports & PORT_MAX,
        last_port=ports >> 16,
        remotes=remotes,
        policy_index=index,
    )
