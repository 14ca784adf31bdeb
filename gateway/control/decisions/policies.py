"""Policies of security groups: checked, put into one form, added, removed, replaced and moved."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.conditions import width
from gateway.control.decisions import requirements
from gateway.control.decisions.moment import Moment
from gateway.control.state import State
from gateway.control.values import (
    Policy,
    PolicyDirection,
    SecurityGroup,
    Template,
    TemplateKind,
    services,
)
from gateway.nat.policy import RULES_MAX

POLICIES_MAX: Final = 100  # of a group, in each direction
NAMING_MAX: Final = 10  # policies of a group that name groups
EXPANDED_MAX: Final = RULES_MAX  # conditions of a group's policies in one direction
ADDRESSES: Final = (TemplateKind.ADDRESSES, TemplateKind.ADDRESS_GROUP)
SERVICES: Final = (TemplateKind.SERVICES, TemplateKind.SERVICE_GROUP)


def add(state: State, command: cmd.AddPolicies, _at: Moment) -> list[ev.Event]:
    """Add policies before the one at an index, or behind the last one."""
    group = _current(state, command.group_id, command.version)
    before = group.policies(command.direction)
    index = len(before) if command.index is None else command.index
    if not 0 <= index <= len(before):
        raise _no_place(group, command.direction, index)
    policies = _each(state, command.policies)
    after = (*before[:index], *policies, *before[index:])
    check(state, group.group_id, command.direction, after)
    return [ev.PoliciesAdded(group.group_id, command.direction, index, policies)]


def remove(state: State, command: cmd.RemovePolicies, _at: Moment) -> list[ev.Event]:
    """Remove policies by their places, or by what they are. Descriptions don't count."""
    group = _current(state, command.group_id, command.version)
    before = group.policies(command.direction)
    if command.indexes and command.policies:
        raise errors.CoexistError("policies are removed by index or by content, not by both")
    found = {_matter(one): index for index, one in enumerate(before)}
    indexes = list(command.indexes)
    for policy in _each(state, command.policies) if command.policies else ():
        if _matter(policy) not in found:
            raise errors.UnknownPolicyError(f"{group.group_id} has no such policy")
        indexes.append(found[_matter(policy)])
    if not indexes:
        raise errors.EmptyError("no policy is named that could be removed")
    for index in indexes:
        _check_place(group, command.direction, index)
    gone = tuple(sorted(set(indexes)))
    return [ev.PoliciesRemoved(group.group_id, command.direction, gone)]


def replace_some(state: State, command: cmd.ReplacePolicies, _at: Moment) -> list[ev.Event]:
    """Replace policies where they are, move them, or both."""
    group = _current(state, command.group_id, command.version)
    content = list(group.policies(command.direction))
    indexes = [change.index for change in command.changes]
    places = [change.to for change in command.changes if change.to is not None]
    if not indexes:
        raise errors.EmptyError("no policy is named that could be replaced")
    for index in (*indexes, *places):
        _check_place(group, command.direction, index)
    if len(set(indexes)) < len(indexes) or len(set(places)) < len(places):
        raise errors.CoexistError("a place of a policy is named twice")
    for change in command.changes:
        if change.policy:
            content[change.index] = _checked(state, change.policy)
    return _set(state, group, command.direction, _moved(content, command.changes))


def set_all(state: State, command: cmd.SetPolicies, _at: Moment) -> list[ev.Event]:
    """Replace all policies; version 0 removes all, whatever else the request says."""
    if command.version == 0:
        group = find(state, command.group_id)
        ingress: tuple[Policy, ...] = ()
        egress: tuple[Policy, ...] = ()
    else:
        group = _current(state, command.group_id, command.version)
        ingress, egress = both(state, command.ingress, command.egress)
    if (group.ingress, group.egress) == (ingress, egress):
        return []
    return [ev.PoliciesSet(group.group_id, ingress, egress)]


def both(
    state: State, ingress: Sequence[Policy], egress: Sequence[Policy]
) -> tuple[tuple[Policy, ...], tuple[Policy, ...]]:
    """All policies of a group in one form. Raises a `DomainError`."""
    lists = tuple(_each(state, some) if some else () for some in (ingress, egress))
    for some in lists:
        _check_list(state.templates, some)
    _check_naming((*lists[0], *lists[1]))
    return lists[0], lists[1]


def check(state: State, group_id: str, direction: PolicyDirection, after: Sequence[Policy]) -> None:
    """Check that a group may have these policies in a direction. Raises a `DomainError`."""
    group = state.groups[group_id]
    ingress = direction is PolicyDirection.INGRESS
    _check_list(state.templates, after)
    _check_naming((*after, *(group.egress if ingress else group.ingress)))


def check_width(templates: Mapping[str, Template], policies: Sequence[Policy]) -> None:
    """Check how many conditions they are, with these templates. Raises a `DomainError`."""
    left = EXPANDED_MAX
    for policy in policies:
        left -= width(templates, policy)
        if left < 0:
            raise errors.PolicyQuotaError(
                "with templates and lists of ports these policies are more than "
                f"{EXPANDED_MAX} conditions: a security group has no more in a direction"
            )


def find(state: State, group_id: str) -> SecurityGroup:
    """Look up the security group with this id. Raises `UnknownGroupError`."""
    found = state.groups.get(group_id)
    if found is None:
        raise errors.UnknownGroupError(group_id)
    return found


def template(state: State, template_id: str, kinds: Sequence[TemplateKind]) -> Template:
    """Look up the template, which is of one of the kinds. Raises `UnknownTemplateError`."""
    found = state.templates.get(template_id)
    if found is None or found.kind not in kinds:
        forms = " or ".join(f"{kind.value}-xxxxxxxx" for kind in kinds)
        raise errors.UnknownTemplateError(f"no template {template_id[:80]!r} of the form {forms}")
    return found


def _current(state: State, group_id: str, version: int | None) -> SecurityGroup:
    """The group, if its policies are still of this version."""
    group = find(state, group_id)
    if version is not None and version != group.version:
        raise errors.PolicyVersionError(
            f"the policies of {group_id} are of version {group.version}, no longer of {version}: "
            "look at them again"
        )
    return group


def _each(state: State, policies: Sequence[Policy]) -> tuple[Policy, ...]:
    if not policies:
        raise errors.EmptyError("no policy is given")
    _check_count(policies)  # before the work that each of them makes
    return tuple(_checked(state, policy) for policy in policies)


def _checked(state: State, policy: Policy) -> Policy:
    """The policy in the form that is kept. Raises a `DomainError`."""
    remotes = [one for one in (policy.cidr, policy.group_id, policy.addresses) if one]
    if not remotes:
        raise errors.EmptyError("a policy names a network, a security group or a template")
    if len(remotes) > 1:
        raise errors.CoexistError(f"a policy names one of {' and '.join(remotes)[:200]!r}")
    if policy.group_id:
        find(state, policy.group_id)
    if policy.addresses:
        template(state, policy.addresses, ADDRESSES)
    return replace(
        policy,
        ports=_ports(state, policy),
        cidr=_network(policy.cidr) if policy.cidr else "",
        description=requirements.description(policy.description),
    )


def _ports(state: State, policy: Policy) -> str:
    """The ports in one form; none with a protocol that has none, or with a template."""
    try:
        canonical = services.ports(policy.ports)
    except ValueError as error:
        raise errors.MalformedError(str(error)) from error
    if policy.services:
        template(state, policy.services, SERVICES)
        if policy.service != services.Service(services.Protocol.ALL):
            raise errors.CoexistError("a template of services excludes a protocol and its ports")
    elif canonical != services.ALL_PORTS and not policy.protocol.has_ports:
        raise errors.CoexistError(
            f"{policy.protocol} has no ports: leave {canonical} out, or say ALL"
        )
    return canonical


def _network(text: str) -> str:
    try:
        return services.cidr(text)
    except ValueError as error:
        raise errors.MalformedError(str(error)) from error


def _check_count(policies: Sequence[Policy]) -> None:
    if len(policies) > POLICIES_MAX:
        raise errors.PolicyQuotaError(
            f"a security group has at most {POLICIES_MAX} policies in a direction"
        )


def _check_list(templates: Mapping[str, Template], policies: Sequence[Policy]) -> None:
    _check_count(policies)
    if len({_matter(one) for one in policies}) < len(policies):
        raise errors.DuplicatePolicyError("the security group would have the same policy twice")
    check_width(templates, policies)


def _check_naming(policies: Sequence[Policy]) -> None:
    if sum(1 for one in policies if one.group_id) > NAMING_MAX:
        raise errors.PolicyQuotaError(
            f"at most {NAMING_MAX} policies of a security group name security groups"
        )


def _check_place(group: SecurityGroup, direction: PolicyDirection, index: int) -> None:
    if not 0 <= index < len(group.policies(direction)):
        raise _no_place(group, direction, index)


def _no_place(
    group: SecurityGroup, direction: PolicyDirection, index: int
) -> errors.PolicyIndexError:
    count = len(group.policies(direction))
    return errors.PolicyIndexError(
        f"{group.group_id} has {count} policies of direction {direction}, counted from 0: "
        f"there is no place {index}"
    )


def _moved(content: list[Policy], changes: Sequence[cmd.PolicyChange]) -> tuple[Policy, ...]:
    """The policies in their new order: those that move are taken out, then put where they go."""
    moves = sorted((one.to, one.index) for one in changes if one.to is not None)
    leaving = {index for _, index in moves}
    after = [one for index, one in enumerate(content) if index not in leaving]
    for to, index in moves:
        after.insert(to, content[index])
    return tuple(after)


def _set(
    state: State, group: SecurityGroup, direction: PolicyDirection, after: tuple[Policy, ...]
) -> list[ev.Event]:
    if after == group.policies(direction):
        return []
    check(state, group.group_id, direction, after)
    if direction is PolicyDirection.INGRESS:
        return [ev.PoliciesSet(group.group_id, after, group.egress)]
    return [ev.PoliciesSet(group.group_id, group.ingress, after)]


def _matter(policy: Policy) -> Policy:
    """What makes it the same policy as another one."""
    return replace(policy, description="")
