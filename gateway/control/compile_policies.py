"""The security groups of a table: rules once for each group, remotes once each, and the members.

An instance that admits all is no member: its packets aren't judged, and cost nothing. So it is with
all instances of a lab that has no other group than the default one. Every other instance is, in
whatever state it is: its rules hold before its link is made.
"""

from collections.abc import Collection, Iterable

from gateway.control.conditions import addresses_of, rules_of
from gateway.control.state import State
from gateway.control.state.pool import number_of
from gateway.control.values import Instance, PolicyDirection, Range, SecurityGroup
from gateway.nat.policy import ANY_PROTOCOL, Group, Member, RemoteSet, Rule
from gateway.nat.table import Draft

# What the first rule of a direction says: it admits all, or something else; None without a rule.
_Heads = tuple[bool | None, bool | None]


class CompiledPolicies:
    """Keeps what was compiled into a draft, so that only what differs is put into it again."""

    def __init__(self, draft: Draft) -> None:
        """The draft has no group, no remotes and no members."""
        self._draft = draft
        self._groups: dict[str, Group] = {}
        self._sources: dict[str, SecurityGroup] = {}  # what each group was compiled from
        self._heads: dict[str, _Heads] = {}
        self._remotes: dict[int, tuple[str, tuple[Range, ...]]] = {}  # by number
        self._members: dict[str, Member] = {}  # by instance

    def change(self, state: State, instances: Iterable[str], policies: Collection[str]) -> None:
        """Compile these instances, groups and templates again; some may be gone.

        Raises `BadTableError`. What names another thing comes after it, and goes before it.
        """
        # A group is another object if its policies are others; templates are in several groups.
        changed = [key for key in policies if state.groups.get(key) is not self._sources.get(key)]
        if any(key not in state.groups for key in policies):
            changed = list(policies)
        self._set_remotes(state, policies, state.remotes if changed else policies)
        turned = [key for key in changed if key in state.groups and self._set_group(state, key)]
        affected = dict.fromkeys(instances)
        for group_id in turned:
            affected.update(dict.fromkeys(state.members_of(group_id)))
        self._change_members(state, affected)
        for group_id in changed:
            if group_id not in state.groups and group_id in self._groups:
                self._remove_group(group_id)
        for number in self._remotes.keys() - set(state.remotes.values()) if changed else ():
            self._draft.remove_remotes(number)
            del self._remotes[number]

    def _set_remotes(self, state: State, touched: Collection[str], remotes: Iterable[str]) -> None:
        """Set these remotes, as far as a policy names them, where they are others by now."""
        for remote in remotes:
            number = state.remotes.get(remote)
            if number is None:
                continue
            before = self._remotes.get(number)
            if before and before[0] == remote and remote not in touched:
                continue
            after = (remote, addresses_of(state, remote))
            if after != before:
                self._draft.set_remotes(RemoteSet(number, after[1]))
                self._remotes[number] = after

    def _set_group(self, state: State, group_id: str) -> bool:
        """Set a group; returns whether other instances may be open by now."""
        group = self._sources[group_id] = state.groups[group_id]
        after = Group(group.number, rules_of(state, group.ingress), rules_of(state, group.egress))
        if self._groups.get(group_id) == after:
            return False
        self._draft.set_group(after)
        self._groups[group_id] = after
        heads = _head(after.ingress), _head(after.egress)
        turned = self._heads.get(group_id) != heads
        self._heads[group_id] = heads
        return turned

    def _remove_group(self, group_id: str) -> None:
        """Remove a group, unless another one has its number by now."""
        del self._heads[group_id], self._sources[group_id]
        number = self._groups.pop(group_id).number
        if all(one.number != number for one in self._groups.values()):
            self._draft.remove_group(number)

    def _change_members(self, state: State, instance_ids: Collection[str]) -> None:
        after = {key: self._member(state, state.instances.get(key)) for key in instance_ids}
        changed = {key: one for key, one in after.items() if one != self._members.get(key)}
        # Only then: a private address may go from any of them to any other.
        for key in changed:
            if before := self._members.pop(key, None):
                self._draft.remove_member(before.private)
        for key, member in changed.items():
            if member:
                self._draft.set_member(member)
                self._members[key] = member

    def _member(self, state: State, instance: Instance | None) -> Member | None:
        """The instance as a member, unless there is none, or it admits all both ways."""
        if instance is None:
            return None
        group_ids = state.groups_of(instance)
        heads = [self._heads[group_id] for group_id in group_ids]
        if all(_first(direction) for direction in zip(*heads, strict=True)):
            return None
        numbers = tuple(state.groups[group_id].number for group_id in group_ids)
        return Member(number_of(instance.private_ip), numbers)


def is_open(state: State, instance: Instance) -> bool:
    """Whether an instance is no member, as the first rule of each direction admits all."""
    groups = [state.groups[group_id] for group_id in state.groups_of(instance)]
    return all(
        _first(_head(rules_of(state, group.policies(way)[:1])) for group in groups)
        for way in PolicyDirection
    )


def _head(rules: tuple[Rule, ...]) -> bool | None:
    """Whether the first rule admits all; None if there is no rule."""
    if not rules:
        return None
    first = rules[0]
    return first.admits and first.protocol == ANY_PROTOCOL and not first.remotes


def _first(heads: Iterable[bool | None]) -> bool:
    """Whether the first rule of several groups admits all; it doesn't if there is none."""
    return next((head for head in heads if head is not None), False)
