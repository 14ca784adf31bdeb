"""Policies whose words are damaged after they were checked: nothing outside of them is read."""

import pytest
from support.tables import home

from gateway.nat.layout import ROOMS
from gateway.nat.policy import Group, Member, Policies, RemoteSet, Rule
from gateway.nat.policy_view import NO_PLACE, PolicyView
from gateway.nat.table import build

PRIVATE = 0x0A000002
TABLE = build(
    1,
    0,
    [],
    policies=Policies(
        (Group(1, (Rule(True, 6, 80, 80, 1, 5),), (Rule(True, 6, 0, 65535, 2, 6),)),),
        (RemoteSet(1, ((5, 9),)), RemoteSet(2, ())),
        (Member(PRIVATE, (1,)),),
    ),
)
SHAPE = TABLE.shape
ENTRY = SHAPE.member_index + 2 * home(PRIVATE, SHAPE.rooms.bits)
HUGE = [1 << 24, 0x7FFFFFFF, 0xFFFFFFFF]


def view(word: int = 0, value: int | None = None) -> PolicyView:
    memory = bytearray(TABLE.memory)
    if value is not None:
        memory[4 * word : 4 * word + 4] = value.to_bytes(4, "little")
    return PolicyView(memoryview(memory))


def test_what_is_whole_admits() -> None:
    policies = view()
    place = policies.place_of(PRIVATE)
    assert policies.admits(place, True, 5, 6, 80)
    assert (policies.group, policies.policy_index) == (1, 5)
    assert not policies.admits(place, False, 5, 6, 80)  # a set without ranges has no address
    assert policies.group == 0


def test_without_room_nobody_is_a_member() -> None:
    policies = view(ROOMS, 0)
    assert policies.place_of(PRIVATE) == NO_PLACE


@pytest.mark.parametrize("value", HUGE)
def test_a_place_outside_is_none(value: int) -> None:
    assert view(ENTRY + 1, value).place_of(PRIVATE) == NO_PLACE


def test_an_index_that_is_full_ends_somewhere() -> None:
    memory = bytearray(TABLE.memory)
    length = 8 * SHAPE.member_entries
    memory[4 * SHAPE.member_index :][:length] = bytes(length)
    memory[4 * SHAPE.member_index : 4 * SHAPE.member_index + length] = b"\1" * length
    assert PolicyView(memoryview(memory)).place_of(0xFFFFFFFF) == NO_PLACE


@pytest.mark.parametrize("value", HUGE)
@pytest.mark.parametrize(
    "word",
    [
        *[SHAPE.members + 1, SHAPE.groups, SHAPE.groups + 1, SHAPE.remotes, SHAPE.remotes + 1],
        SHAPE.units + 4 * 4 + 2,
    ],
    ids=["group", "rules", "ingress", "ranges", "count", "set"],
)
def test_numbers_outside_admit_nothing(word: int, value: int) -> None:
    policies = view(word, value)
    assert not policies.admits(0, True, 5, 6, 80)


def test_five_groups_that_say_nothing_admit_nothing() -> None:
    groups = tuple(Group(number) for number in range(1, 6))
    member = Member(PRIVATE, (5, 4, 3, 2, 1))
    table = build(1, 0, [], policies=Policies(groups, (), (member,)))
    policies = PolicyView(table.memory)
    assert not policies.admits(policies.place_of(PRIVATE), True, 5, 6, 80)
    assert policies.group == 0
