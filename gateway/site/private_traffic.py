"""The publisher for private traffic: whose packets between instances are judged by groups."""

from functools import partial
from typing import Final

from gateway.control.compile_policies import is_open
from gateway.control.state import State
from gateway.control.state.pool import number_of
from gateway.control.values import Instance
from gateway.site.sets_publisher import Content, SetsPublisher
from gateway.site.site import Site
from gateway.steering import members

NAME: Final = "the steering of private traffic"


def private_traffic(site: Site) -> SetsPublisher:
    """The publisher that has what is from members, or to them, queued between instances."""
    fill = partial(members.fill, site.steering(range(1), site.bits))
    return SetsPublisher(site, Content(NAME, members.SETS, _touched, _place_of, fill))


def _touched(state: State, sequence: int) -> list[str] | None:
    """Instances that were touched, and those in groups that were."""
    instances = state.touched_since(sequence)
    groups = state.policies_touched_since(sequence)
    if instances is None or groups is None:
        return None
    inside = (key for group in groups if group in state.groups for key in state.members_of(group))
    return list(dict.fromkeys([*instances, *inside]))


def _place_of(state: State, instance: Instance) -> tuple[int, str] | None:
    """The private address of an instance that doesn't admit all, in whatever state it is."""
    if is_open(state, instance):
        return None
    return number_of(instance.private_ip), members.MEMBER
