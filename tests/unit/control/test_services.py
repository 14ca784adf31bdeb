"""The texts of policies: ports, services and addresses, as they are written and as numbers."""

from ipaddress import IPv4Address
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.control.values import (
    PORT_MAX,
    PORTS_LISTED_MAX,
    Protocol,
    Range,
    Service,
    address_range,
    cidr,
    merged,
    port_ranges,
    ports,
    service,
)

ANY = str(IPv4Address(0))


@pytest.mark.parametrize(
    ("text", "canonical", "ranges"),
    [
        ("80", "80", ((80, 80),)),
        ("0", "0", ((0, 0),)),
        ("65535", "65535", ((65535, 65535),)),
        ("080", "80", ((80, 80),)),
        ("8000-8010", "8000-8010", ((8000, 8010),)),
        ("443, 80", "443,80", ((80, 80), (443, 443))),
        ("80,81", "80,81", ((80, 81),)),
        ("1-10,5-20,30", "1-10,5-20,30", ((1, 20), (30, 30))),
        ("all", "ALL", ((0, PORT_MAX),)),
        (" ALL ", "ALL", ((0, PORT_MAX),)),
        ("0-65535", "ALL", ((0, PORT_MAX),)),
        ("9-9", "9", ((9, 9),)),
    ],
)
def test_ports_are_read(text: str, canonical: str, ranges: tuple[Range, ...]) -> None:
    assert ports(text) == canonical
    assert port_ranges(text) == ranges == port_ranges(canonical)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is no port"),
        ("70000", "'70000' is no port: 0 to 65535"),
        ("123456", "no port"),
        ("-1", "no port"),
        ("8-", "no port"),
        ("x", "no port"),
        ("²", "no port"),
        ("80,,443", "no port"),
        ("8010-8000", "ends before it begins"),
        (",".join(["1"] * (PORTS_LISTED_MAX + 1)), "at most 15 ports"),
        ("x" * 9999, "no port"),
    ],
)
def test_what_is_no_port_is_refused_in_one_line(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        ports(text)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("text", "found", "again"),
    [
        ("tcp:80", Service(Protocol.TCP, "80"), "tcp:80"),
        ("UDP:53, 67-68", Service(Protocol.UDP, "53,67-68"), "udp:53,67-68"),
        ("tcp", Service(Protocol.TCP), "tcp:all"),
        ("tcp:all", Service(Protocol.TCP), "tcp:all"),
        ("icmp", Service(Protocol.ICMP), "icmp"),
        ("gre:ALL", Service(Protocol.GRE), "gre"),
        ("all", Service(Protocol.ALL), "all"),
    ],
)
def test_services_are_read_and_written(text: str, found: Service, again: str) -> None:
    assert service(text) == found
    assert str(found) == again
    assert service(again) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sctp:80", "'sctp' is no protocol: use one of TCP, UDP, ICMP, GRE, ALL"),
        ("icmpv6", "no protocol"),
        ("", "no protocol"),
        ("icmp:80", "ICMP has no ports: leave 80 out"),
        ("tcp:99999", "no port"),
    ],
)
def test_what_is_no_service_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        service(text)


def at(text: str) -> int:
    return int(IPv4Address(text))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("192.0.2.0/24", "192.0.2.0", "192.0.2.255"),
        ("192.0.2.77/24", "192.0.2.0", "192.0.2.255"),
        ("192.0.2.1 - 192.0.2.9", "192.0.2.1", "192.0.2.9"),
        ("0.0.0.0/0", ANY, "255.255.255.255"),
    ],
)
def test_addresses_are_read(text: str, first: str, last: str) -> None:
    assert address_range(text) == (at(first), at(last))


@pytest.mark.parametrize(
    "text", ["", "x", "192.0.2", "192.0.2.1/33", "192.0.2.9-192.0.2.1", "192.0.2.1-", "2001:db8::1"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no IPv4 address|ends before"):
        address_range(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("192.0.2.77/24", "192.0.2.0/24"),
        (" 192.0.2.77 ", "192.0.2.77"),
        ("192.0.2.7/32", "192.0.2.7/32"),
        ("0.0.0.0/8", "0.0.0.0/0"),
        (ANY, ANY),
        ("0.1.2.3/8", "0.0.0.0/8"),
    ],
)
def test_a_network_has_one_form(text: str, canonical: str) -> None:
    assert cidr(text) == canonical


def test_a_policy_has_a_network_and_no_range() -> None:
    with pytest.raises(ValueError, match="is a range"):
        cidr("192.0.2.1-192.0.2.9")


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)).map(lambda p: (p[0], sum(p)))))
def test_merged_ranges_are_the_same_numbers_with_gaps_between(ranges: list[Range]) -> None:
    found = merged(ranges)
    assert numbers(found) == numbers(ranges)
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(found))


def numbers(ranges: list[Range] | tuple[Range, ...]) -> set[int]:
    return {one for first, last in ranges for one in range(first, last + 1)}
