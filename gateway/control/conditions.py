"""What policies mean: the services and the addresses that they stand for, templates taken apart."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from gateway.control.state import State
from gateway.control.state.pool import number_of
from gateway.control.values import (
    ANY_ADDRESS,
    Policy,
    PolicyAction,
    Protocol,
    Range,
    Service,
    Template,
    address_range,
    merged,
    service,
)
from gateway.nat.policy import ANY_PROTOCOL, Rule

_NUMBERS: Final = {
    Protocol.ICMP: 1,
    Protocol.TCP: 6,
    Protocol.UDP: 17,
    Protocol.GRE: 47,
    Protocol.ALL: ANY_PROTOCOL,
}


def rules_of(state: State, policies: Iterable[Policy]) -> tuple[Rule, ...]:
    """The flat rules that policies of one direction are, in their order."""
    return tuple(
        rule for index, policy in enumerate(policies) for rule in _flat(state, index, policy)
    )


def _flat(state: State, index: int, policy: Policy) -> Iterator[Rule]:
    admits = policy.action is PolicyAction.ACCEPT
    remotes = 0 if policy.remote == ANY_ADDRESS else state.remotes[policy.remote]
    for one in services_of(state.templates, policy):
        for first, last in one.ranges:
            yield Rule(admits, _NUMBERS[one.protocol], first, last, remotes, index)


def addresses_of(state: State, remote: str) -> tuple[Range, ...]:
    """The addresses that a policy speaks of: a group's are the private ones of its members."""
    if remote in state.groups:
        numbers = [number_of(state.instances[key].private_ip) for key in state.members_of(remote)]
        return merged([(number, number) for number in numbers])
    texts = texts_in(state.templates, remote) if remote in state.templates else (remote,)
    return merged([address_range(text) for text in texts])


def services_of(templates: Mapping[str, Template], policy: Policy) -> Iterator[Service]:
    """The services that a policy admits or drops, in the order of its templates."""
    if not policy.services:
        yield policy.service
        return
    for text in texts_in(templates, policy.services):
        yield service(text)


def texts_in(templates: Mapping[str, Template], template_id: str) -> Iterator[str]:
    """The members of a template, or of all templates in a group of them."""
    template = templates[template_id]
    for member in template.members:
        if template.kind.of:
            yield from texts_in(templates, member.text)
        else:
            yield member.text


def width(templates: Mapping[str, Template], policy: Policy) -> int:
    """How many single conditions a policy is: one for each of its ranges of ports."""
    return sum(len(one.ranges) for one in services_of(templates, policy))
