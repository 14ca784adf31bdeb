"""Which security groups instances are in, and in which order; the first group is tried first."""

from collections.abc import Callable, Collection
from dataclasses import replace

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions import groups, policies, requirements
from gateway.control.decisions.moment import Moment
from gateway.control.decisions.purchases import CHANGEABLE
from gateway.control.state import State


def join(state: State, command: cmd.JoinGroups, _at: Moment) -> list[ev.Event]:
    """Put instances into groups, behind those that they are in already."""
    wanted = tuple(dict.fromkeys(command.security_groups))
    return _changed(
        state,
        command.instance_ids,
        wanted,
        lambda before: (*before, *(one for one in wanted if one not in before)),
    )


def leave(state: State, command: cmd.LeaveGroups, _at: Moment) -> list[ev.Event]:
    """Take instances out of groups; none may be left without a group."""
    for group_id in command.security_groups:
        policies.find(state, group_id)

    def rest(before: tuple[str, ...]) -> tuple[str, ...]:
        after = tuple(one for one in before if one not in command.security_groups)
        if not after:
            raise errors.LastGroupError(
                "an instance is in one security group at least: put it into another one first"
            )
        return after

    return _changed(state, command.instance_ids, (), rest)


def _changed(
    state: State,
    instance_ids: Collection[str],
    joined: Collection[str],
    change: Callable[[tuple[str, ...]], tuple[str, ...]],
) -> list[ev.Event]:
    """The groups of each instance are changed, all of them or none."""
    events: list[ev.Event] = []
    groups.check_joined(state, joined, dict.fromkeys(instance_ids))
    for instance_id in dict.fromkeys(instance_ids):
        instance = requirements.instance(state, instance_id)
        requirements.in_state(instance, CHANGEABLE)
        before = state.groups_of(instance)
        after = change(before)
        if after != before:
            groups.check_joined(state, after, ())
            attributes = replace(instance.purchase.attributes, security_groups=after)
            events.append(ev.InstanceAttributesChanged(instance_id, attributes))
    return events
