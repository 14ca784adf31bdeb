"""Policies that can't be met, because an earlier one of the same direction takes all of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gateway.control.conditions import addresses_of, services_of
from gateway.control.state import State
from gateway.control.values import (
    ANY_ADDRESS,
    Policy,
    Protocol,
    Range,
    Template,
    merged,
)


class Hidden(NamedTuple):
    """A policy that is never met, and the first one that hides it, by their places."""

    place: int
    by: int


def hidden(state: State, policies: Sequence[Policy]) -> Iterator[Hidden]:
    """The policies that are hidden by one that is tried before, whatever either does."""
    for index, policy in enumerate(policies):
        for by, earlier in enumerate(policies[:index]):
            if _has_remotes_of(state, earlier, policy) and _has_services_of(
                state.templates, earlier, policy
            ):
                yield Hidden(index, by)
                break


def _has_remotes_of(state: State, earlier: Policy, policy: Policy) -> bool:
    """Whether all remotes of a policy are an earlier one's, for good: groups change."""
    if earlier.remote in (ANY_ADDRESS, policy.remote):
        return True
    if earlier.group_id or policy.group_id:
        return False
    return _covers(addresses_of(state, earlier.remote), addresses_of(state, policy.remote))


def _has_services_of(templates: Mapping[str, Template], earlier: Policy, policy: Policy) -> bool:
    have = _ports(templates, earlier)
    if Protocol.ALL in have:
        return True
    return all(
        protocol in have and _covers(have[protocol], ranges)
        for protocol, ranges in _ports(templates, policy).items()
    )


def _ports(templates: Mapping[str, Template], policy: Policy) -> dict[Protocol, tuple[Range, ...]]:
    """The ports of each protocol; all of them for a protocol without ports."""
    found: dict[Protocol, list[Range]] = {}
    for service in services_of(templates, policy):
        found.setdefault(service.protocol, []).extend(service.ranges)
    return {protocol: merged(ranges) for protocol, ranges in found.items()}


def _covers(outer: Sequence[Range], inner: Sequence[Range]) -> bool:
    """Whether each of the inner ranges lies in one of the outer, which have gaps between them."""
    return all(any(first <= start and end <= last for first, last in outer) for start, end in inner)
