"""Security groups in a draft, against a model of them; and a copy that is patched is the table."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from support.policies import groups, members, remote_sets

from gateway.nat import policy_checks
from gateway.nat.decode import decode
from gateway.nat.policy import (
    MEMBERS_MAX,
    NUMBER_MAX,
    RANGES_MAX,
    RULES_MAX,
    Group,
    Member,
    Policies,
    RemoteSet,
    Rule,
)
from gateway.nat.shape import WORD, block_at
from gateway.nat.table import BadTableError, Draft, Mapping, build, empty
from gateway.nat.view import TableView

SLOTS = 4
NUMBER = st.integers(0, 40)
PRIVATE = st.integers(0, 40)
EVERYONE = Rule(True, 6, 0, 65535, 0, 0)


class Drafting(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.draft = Draft(SLOTS)
        self.copy = bytearray()
        self.generation = self.since = 0
        self.groups: dict[int, Group] = {}
        self.remotes: dict[int, RemoteSet] = {}
        self.members: dict[int, Member] = {}
        self.mappings: dict[int, Mapping] = {}

    def named(self) -> set[int]:
        return {
            rule.remotes for group in self.groups.values() for rule in group.ingress + group.egress
        }

    def refuses(self, change: object, *args: object) -> None:
        with pytest.raises(BadTableError):
            change(*args)  # type: ignore[operator]

    @rule(group=groups(NUMBER, NUMBER))
    def set_group(self, group: Group) -> None:
        named = {rule.remotes for rule in group.ingress + group.egress} - {0}
        if not group.number or not named <= self.remotes.keys():
            self.refuses(self.draft.set_group, group)
        else:
            self.draft.set_group(group)
            self.groups[group.number] = group
            self.since = self.generation + 1

    @rule(group=groups(NUMBER, st.just(0), 60))
    def set_large_group(self, group: Group) -> None:
        self.set_group(group)

    @rule(remotes=remote_sets(NUMBER))
    def set_remotes(self, remotes: RemoteSet) -> None:
        if remotes.number:
            self.draft.set_remotes(remotes)
            self.remotes[remotes.number] = remotes
            self.since = self.generation + 1
        else:
            self.refuses(self.draft.set_remotes, remotes)

    @rule(member=members(PRIVATE, NUMBER))
    def set_member(self, member: Member) -> None:
        if set(member.groups) <= self.groups.keys():
            self.draft.set_member(member)
            self.members[member.private] = member
            self.since = self.generation + 1
        else:
            self.refuses(self.draft.set_member, member)

    @rule(data=st.data())
    def set_members(self, data: st.DataObject) -> None:
        """So many of them that they need more room."""
        if self.groups:
            numbers = st.sampled_from(sorted(self.groups))
            for private in range(data.draw(st.integers(0, 40))):
                self.set_member(Member(private, (data.draw(numbers),)))

    @rule(number=NUMBER)
    def remove_group(self, number: int) -> None:
        if any(number in member.groups for member in self.members.values()):
            self.refuses(self.draft.remove_group, number)
        else:
            self.draft.remove_group(number)
            if self.groups.pop(number, None):
                self.since = self.generation + 1

    @rule(number=NUMBER)
    def remove_remotes(self, number: int) -> None:
        if number in self.named() - {0}:
            self.refuses(self.draft.remove_remotes, number)
        else:
            self.draft.remove_remotes(number)
            if self.remotes.pop(number, None):
                self.since = self.generation + 1

    @rule(private=PRIVATE)
    def remove_member(self, private: int) -> None:
        self.draft.remove_member(private)
        if self.members.pop(private, None):
            self.since = self.generation + 1

    @rule(private=PRIVATE, slot=st.integers(0, SLOTS - 1))
    def put(self, private: int, slot: int) -> None:
        if slot in self.mappings:
            self.draft.remove(slot)
            del self.mappings[slot]
        elif private not in {mapping.private for mapping in self.mappings.values()}:
            self.mappings[slot] = Mapping(slot, private, slot)
            self.draft.put(self.mappings[slot])

    @rule()
    def grow(self) -> None:
        self.draft.hold(2 * SLOTS)

    @invariant()
    def table_is_the_model(self) -> None:
        self.generation += 1
        table, changed = self.draft.seal(self.generation)
        if len(self.copy) != len(table.memory):
            self.copy = bytearray(len(table.memory))
        end = table.shape.checks * WORD
        self.copy[:64], self.copy[end:] = table.memory[:64], table.memory[end:]
        for number in changed:
            self.copy[block_at(number, end)] = table.memory[block_at(number, end)]
        read = decode(self.copy)
        assert read.groups == tuple(sorted(self.groups.values()))
        assert read.remotes == tuple(sorted(self.remotes.values()))
        assert read.members == tuple(sorted(self.members.values()))
        assert read.mappings == tuple(sorted(self.mappings.values()))
        assert read.policies_since == self.since
        view = TableView(read.memory)
        filtered = {slot for slot in self.mappings if view.is_member(slot)}
        privates = {slot: mapping.private for slot, mapping in self.mappings.items()}
        assert filtered == {slot for slot, private in privates.items() if private in self.members}
        policies = Policies(read.groups, read.remotes, read.members)
        again = build(self.generation, read.slots, self.mappings.values(), policies=policies)
        assert again == read
        assert again.policies_since == (self.generation if any(policies) else 0)


TestDrafting = Drafting.TestCase
TestDrafting.settings = settings(max_examples=40, stateful_step_count=25)


@pytest.mark.parametrize(
    ("group", "fault"),
    [
        (Group(0), "number"),
        (Group(NUMBER_MAX + 1), "number"),
        (Group(1, (EVERYONE,) * (RULES_MAX + 1)), "more than 4096 rules"),
        (Group(1, (), (EVERYONE,) * (RULES_MAX + 1)), "more than 4096 rules"),
        (Group(1, (EVERYONE._replace(protocol=257),)), "outside their ranges"),
        (Group(1, (EVERYONE._replace(protocol=-1),)), "outside their ranges"),
        (Group(1, (), (EVERYONE._replace(first_port=2, last_port=1),)), "outside their ranges"),
        (Group(1, (), (EVERYONE._replace(last_port=65536),)), "outside their ranges"),
        (Group(1, (), (EVERYONE._replace(policy_index=1 << 32),)), "outside their ranges"),
        (Group(1, (), (EVERYONE._replace(remotes=1),)), "isn't in the table"),
        (Group(1, (), (EVERYONE._replace(remotes=-1),)), "isn't in the table"),
    ],
)
def test_a_group_that_can_not_be_is_refused(group: Group, fault: str) -> None:
    draft = Draft(0)
    with pytest.raises(BadTableError, match=fault):
        draft.set_group(group)
    assert draft.finish(0) == empty()


@pytest.mark.parametrize(
    ("remotes", "fault"),
    [
        (RemoteSet(0, ()), "number"),
        (RemoteSet(NUMBER_MAX + 1, ()), "number"),
        (RemoteSet(1, ((2, 1),)), "in order"),
        (RemoteSet(1, ((1, 2), (2, 3))), "in order"),
        (RemoteSet(1, ((-1, 2),)), "in order"),
        (RemoteSet(1, ((1, 1 << 32),)), "in order"),
        (RemoteSet(1, tuple((2 * n, 2 * n) for n in range(RANGES_MAX + 1))), "65536 ranges"),
    ],
)
def test_remotes_that_can_not_be_are_refused(remotes: RemoteSet, fault: str) -> None:
    draft = Draft(0)
    with pytest.raises(BadTableError, match=fault):
        draft.set_remotes(remotes)
    assert draft.finish(0) == empty()


@pytest.mark.parametrize(
    ("member", "fault"),
    [
        (Member(-1, (1,)), "32 bits"),
        (Member(1 << 32, (1,)), "32 bits"),
        (Member(1, ()), "1 to 5 groups"),
        (Member(1, (1,) * 6), "1 to 5 groups"),
        (Member(1, (2,)), "isn't in the table"),
    ],
)
def test_a_member_that_can_not_be_is_refused(member: Member, fault: str) -> None:
    draft = Draft(0)
    draft.set_group(Group(1))
    with pytest.raises(BadTableError, match=fault):
        draft.set_member(member)
    assert draft.finish(0).members == ()


def test_the_largest_group_set_and_numbers_have_room() -> None:
    ranges = tuple((2 * n, 2 * n) for n in range(RANGES_MAX))
    remotes = RemoteSet(NUMBER_MAX, ranges)
    many = (EVERYONE._replace(remotes=NUMBER_MAX),) * RULES_MAX
    group = Group(NUMBER_MAX, many, many)
    member = Member(0xFFFFFFFF, (NUMBER_MAX,))
    policies = Policies((group,), (remotes,), (member,))
    table = build(1, 0, [], policies=policies)
    assert decode(table.memory).policies == policies
    assert MEMBERS_MAX == 1 << 20


def test_members_whose_addresses_collide_have_an_index_of_a_bounded_size() -> None:
    draft = Draft(0)
    draft.set_group(Group(1))
    backwards = pow(0x9E3779B9, -1, 1 << 32)
    colliding = [n * backwards % (1 << 32) for n in range(40)]  # their hashes are 0 to 39
    for private in colliding[:32]:
        draft.set_member(Member(private, (1,)))
    before = draft.finish(1)
    with pytest.raises(BadTableError, match="no more room"):
        draft.set_member(Member(colliding[32], (1,)))
    after = draft.finish(1)
    assert after == before
    assert len(after.members) == 32
    assert len(after.memory) < 20 << 20


def test_what_is_taken_away_gives_its_place_to_what_comes() -> None:
    draft, named = Draft(1), EVERYONE._replace(remotes=1)
    draft.set_remotes(RemoteSet(1, ((1, 2),)))
    draft.set_group(Group(1, (named,)))
    draft.set_member(Member(5, (1,)))
    size = len(draft.finish(1).memory)
    with pytest.raises(BadTableError):
        draft.remove_group(1)
    with pytest.raises(BadTableError):
        draft.remove_remotes(1)
    for _ in range(100):
        draft.remove_member(5)
        draft.remove_group(1)
        draft.remove_remotes(1)
        draft.remove_member(9)
        draft.remove_group(9)
        draft.remove_remotes(9)
        draft.set_remotes(RemoteSet(1, ((1, 2),)))
        draft.set_group(Group(1, (named,)))
        draft.set_member(Member(5, (1,)))
    assert len(draft.finish(1).memory) == size


def test_members_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_checks, "MEMBERS_MAX", 1)
    draft = Draft(0)
    draft.set_group(Group(1))
    draft.set_member(Member(5, (1,)))
    draft.set_member(Member(5, (1,)))
    with pytest.raises(BadTableError, match="more than 1 members"):
        draft.set_member(Member(6, (1,)))


def test_a_piece_that_was_given_back_is_taken_again_and_changes_have_a_generation() -> None:
    draft = Draft(0)
    assert draft.finish(3).policies_since == 0
    few, many = (EVERYONE,) * 4, (EVERYONE,) * 8
    draft.set_group(Group(1, few))
    draft.set_group(Group(2, many))
    draft.seal(4)
    size = len(draft.finish(5).memory)
    assert draft.finish(5).policies_since == 4
    for turn in range(50):
        draft.set_group(Group(1, many if turn % 2 else few))
        draft.set_group(Group(2, few if turn % 2 else many))
    after = draft.finish(6)
    assert after.groups == (Group(1, many), Group(2, few))
    assert after.policies_since == 6
    assert len(after.memory) <= 2 * size


def test_a_set_that_grows_finds_room() -> None:
    draft = Draft(0)
    for count in range(1, 200):
        ranges = tuple((2 * n, 2 * n) for n in range(count))
        draft.set_remotes(RemoteSet(1, ranges))
        draft.set_remotes(RemoteSet(2, ranges[: 200 - count]))
    assert draft.finish(1).remotes == (RemoteSet(1, ranges), RemoteSet(2, ranges[:1]))


def test_a_group_may_lose_all_its_rules() -> None:
    draft = Draft(0)
    draft.set_group(Group(1, (EVERYONE,)))
    draft.set_group(Group(1))
    assert draft.finish(1).groups == (Group(1),)
