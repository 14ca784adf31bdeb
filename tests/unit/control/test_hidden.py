"""Policies that an earlier one hides: whatever they say, no packet meets them."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.groups import ACCEPT, DENY, HTTP, SSH, create, template
from support.story import Story

from gateway.control.hidden import Hidden, hidden
from gateway.control.values import (
    OPEN,
    Policy,
    PolicyAction,
    Protocol,
    TemplateKind,
    address_range,
)

ANY = "0.0.0.0/0"
PING = Policy(ACCEPT, Protocol.ICMP, cidr=ANY)


def tcp(ports: str, cidr: str = ANY) -> Policy:
    return Policy(ACCEPT, Protocol.TCP, ports, cidr)


@pytest.mark.parametrize(
    ("policies", "found"),
    [
        ((OPEN, HTTP), [(1, 0)]),
        ((HTTP, OPEN), []),
        ((DENY, SSH), []),
        ((tcp("1-1000"), tcp("80,443"), tcp("80-2000")), [(1, 0)]),
        ((tcp("1-10,11-20"), tcp("5-15")), [(1, 0)]),
        ((tcp("80", "10.0.0.0/8"), tcp("80", "10.1.0.0/16")), [(1, 0)]),
        ((tcp("80", "10.1.0.0/16"), tcp("80", "10.0.0.0/8")), []),
        ((Policy(ACCEPT, Protocol.UDP, "80", ANY), tcp("80")), []),
        ((PING, replace(PING, cidr="10.0.0.1")), [(1, 0)]),
        ((tcp("ALL"), OPEN, HTTP), [(2, 0)]),
    ],
    ids=str,
)
def test_what_an_earlier_policy_takes_is_hidden(
    policies: tuple[Policy, ...], found: list[tuple[int, int]]
) -> None:
    assert list(hidden(Story().state, policies)) == [Hidden(*one) for one in found]


def test_groups_hide_only_themselves_as_their_members_change() -> None:
    story = Story()
    one, two = create(story), create(story)
    first, second = (Policy(ACCEPT, group_id=key) for key in (one, two))
    again = Policy(PolicyAction.DROP, Protocol.TCP, "80", group_id=one)
    everywhere = Policy(ACCEPT, cidr="10.0.0.0/8")
    assert list(hidden(story.state, (first, second, again))) == [Hidden(2, 0)]
    assert list(hidden(story.state, (everywhere, first))) == []


def test_templates_are_looked_into() -> None:
    story = Story()
    wide = template(story, TemplateKind.SERVICES, "tcp:1-100", "tcp:101-200", "udp:53")
    here = template(story, TemplateKind.ADDRESSES, "10.0.0.0/25", "10.0.0.128/25")
    policies = (
        Policy(ACCEPT, addresses=here, services=wide),
        tcp("50-150", "10.0.0.0/24"),
        Policy(ACCEPT, Protocol.ICMP, cidr="10.0.0.1"),
    )
    assert list(hidden(story.state, policies)) == [Hidden(1, 0)]


def meets(policy: Policy, protocol: Protocol, port: int, address: int) -> bool:
    """Whether a packet meets the policy, looked up in the simplest way."""
    first, last = address_range(policy.cidr)
    ports = any(start <= port <= end for start, end in policy.service.ranges)
    return policy.protocol in (protocol, Protocol.ALL) and ports and first <= address <= last


PROTOCOLS = st.sampled_from([Protocol.TCP, Protocol.UDP, Protocol.ALL])
NETWORKS = st.sampled_from([ANY, "10.0.0.0/30", "10.0.0.0/31", "10.0.0.2/31", "10.0.0.1"])
POLICIES = st.builds(
    lambda protocol, ports, cidr: Policy(
        ACCEPT, protocol, "ALL" if protocol is Protocol.ALL else ports, cidr
    ),
    PROTOCOLS,
    st.sampled_from(["1", "1-3", "2,3", "3", "ALL"]),
    NETWORKS,
)
PACKETS = [
    (protocol, port, address_range(address)[0])
    for protocol in (Protocol.TCP, Protocol.UDP, Protocol.GRE)
    for port in (1, 2, 3, 4)
    for address in ("10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "192.0.2.1")
]


@settings(max_examples=200)
@given(st.lists(POLICIES, max_size=4))
def test_no_packet_meets_a_hidden_policy_that_doesnt_meet_the_one_before(
    policies: list[Policy],
) -> None:
    for index, by in hidden(Story().state, policies):
        assert by < index
        for packet in PACKETS:
            assert not meets(policies[index], *packet) or meets(policies[by], *packet)
