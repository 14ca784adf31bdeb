"""Security groups: created, cloned, renamed and deleted, and who may be in them."""

from collections.abc import Collection
from itertools import count
from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions import policies, requirements, tags
from gateway.control.decisions.moment import Moment
from gateway.control.state import State
from gateway.control.values import Policy, Tag
from gateway.control.values.groups import SECURITY_GROUP_ID

GROUPS_MAX: Final = 50  # of an account, the default one included
GROUPS_PER_INSTANCE: Final = 5
MEMBERS_MAX: Final = 2000  # of a group; the default one takes all instances


def create(state: State, command: cmd.CreateGroup, at: Moment) -> list[ev.Event]:
    """Create a group; without policies it admits nothing, in either direction."""
    ingress, egress = policies.both(state, command.ingress, command.egress)
    return _created(state, command.name, command.description, (ingress, egress), command.tags, at)


def clone(state: State, command: cmd.CloneGroup, at: Moment) -> list[ev.Event]:
    """Create a group with the policies of another one; those may name the other one still."""
    group = policies.find(state, command.group_id)
    given = {tag.key for tag in command.tags}
    cloned = state.tags.get(group.group_id, {}) if command.with_tags else {}
    others = tuple(Tag(key, value) for key, value in cloned.items() if key not in given)
    return _created(
        state,
        group.name if command.name is None else command.name,
        group.description if command.description is None else command.description,
        (group.ingress, group.egress),
        (*command.tags, *others),
        at,
    )


def _created(
    state: State,
    name: str,
    description: str,
    lists: tuple[tuple[Policy, ...], tuple[Policy, ...]],
    wanted: tuple[Tag, ...],
    at: Moment,
) -> list[ev.Event]:
    """The group with the lowest number that is free."""
    name, description = requirements.short_name(name), requirements.description(description)
    tags.check(state, wanted)
    if len(state.groups) >= GROUPS_MAX:
        raise errors.GroupQuotaError(f"an account has at most {GROUPS_MAX} security groups")
    taken = {group.number for group in state.groups.values()}
    number = next(number for number in count(1) if number not in taken)
    # Ids that instances of earlier versions were declared with don't become those of a group.
    declared = {
        key
        for instance in state.instances.values()
        for key in instance.purchase.attributes.security_groups
    }
    group_id = at.new_id("sg", state.groups, declared)
    created = ev.GroupCreated(group_id, number, name, description, *lists)
    return [created, *tags.tagged(group_id, wanted)]


def change(state: State, command: cmd.ChangeGroup, _at: Moment) -> list[ev.Event]:
    """Change the name of a group, its description, or both."""
    group = policies.find(state, command.group_id)
    name = group.name if command.name is None else requirements.short_name(command.name)
    description = (
        group.description
        if command.description is None
        else requirements.description(command.description)
    )
    if (name, description) == (group.name, group.description):
        return []
    return [ev.GroupChanged(group.group_id, name, description)]


def delete(state: State, command: cmd.DeleteGroup, _at: Moment) -> list[ev.Event]:
    """Delete a group; one that an instance is in, or that another group names, is refused."""
    group = policies.find(state, command.group_id)
    if group.is_default:
        raise errors.DefaultGroupError(f"{group.group_id} is the default group: it stays")
    members = len(state.members_of(group.group_id))
    if members:
        raise errors.GroupInUseError(
            f"{members} instances are in {group.group_id}: take them out first"
        )
    naming = [one for one in state.naming(group.group_id) if one != group.group_id]
    if naming:
        raise errors.GroupInUseError(
            f"policies of {', '.join(naming[:5])} name {group.group_id}: change those first"
        )
    return [ev.GroupDeleted(group.group_id)]


def check_joined(state: State, group_ids: Collection[str], newcomers: Collection[str]) -> None:
    """Check that instances may be in these groups, of which some are new to them.

    Of `newcomers` each stands for an instance that isn't in the groups yet. Raises a `DomainError`.
    """
    if len(group_ids) > GROUPS_PER_INSTANCE:
        raise errors.SecurityGroupQuotaError(
            f"an instance is in at most {GROUPS_PER_INSTANCE} security groups"
        )
    for group_id in group_ids:
        policies.find(state, group_id)
        members = state.members_of(group_id)
        more = sum(1 for one in newcomers if one not in members)
        if group_id != SECURITY_GROUP_ID and more and len(members) + more > MEMBERS_MAX:
            raise errors.GroupFullError(f"at most {MEMBERS_MAX} instances are in a security group")
