"""ICMP errors on the wire (RFC 5508, REQ-3 to REQ-5): what tools at both ends make of them.

Errors come from an instance, from the internet, and from the gateway's own kernel; and in all of it
no private address is on the uplink.
"""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from scapy.layers.inet import ICMP, IP, UDP, IPerror, UDPerror
from scapy.packet import Packet, Raw
from support.labs import Instance, Lab, eventually
from support.peers import is_refused, transfer
from support.wire import Capture, is_whole, nothing_private, send

from gateway.lab.topology import UPLINK
from gateway.net import namespace

NARROW = 1300  # bytes: the MTU of the narrow link
STRANGER = "198.51.100.77"  # in the internet, at no host
NOBODY = "10.171.199.99"  # in the VPC, at no instance


class Route(NamedTuple):
    """Who calls which address, the hops that answer, and the link that may be narrow."""

    caller: str
    target: str
    hops: list[str]
    link: list[tuple[str, str]]


def route_of(kind: str, lab: Lab, web: Instance, other: Instance) -> Route:
    client, uplink = lab.topology.clients[0], lab.topology.uplink_address
    to_web, to_other = ([(lab.gateway, i.id), (i.namespace, "eth0")] for i in (web, other))
    return {
        "outbound": Route(
            web.id,
            client,
            [lab.topology.vpc_gateway, client],
            [(lab.gateway, UPLINK), (lab.uplink, "eth0")],
        ),
        "inbound": Route("internet", web.public, [uplink, web.public], to_web),
        "hairpin": Route(web.id, other.public, [uplink, other.public], to_other),
        "own": Route(web.id, web.public, [uplink, web.public], to_web),
    }[kind]


@pytest.fixture
def other(lab: Lab) -> Iterator[Instance]:
    instance = lab.instance("other", bandwidth=100)
    yield instance
    instance.terminate()


@pytest.fixture(params=["outbound", "inbound", "hairpin", "own"])
def route(request: pytest.FixtureRequest, lab: Lab, web: Instance, other: Instance) -> Route:
    """A way through the gateway; kernels on it send as many errors as are asked for."""
    for host in (lab.gateway, web.namespace, other.namespace, lab.uplink):
        with namespace.inside(host):
            namespace.set_sysctl("ipv4.icmp_ratelimit", 0)
    kind: str = request.param
    return route_of(kind, lab, web, other)


@pytest.fixture(params=["outbound", "inbound", "hairpin"])
def narrow_route(
    request: pytest.FixtureRequest, lab: Lab, web: Instance, other: Instance
) -> Iterator[Route]:
    """A way through the gateway whose second link is narrow, and whose first isn't."""
    kind: str = request.param
    found = route_of(kind, lab, web, other)
    with narrow(lab, found.link):
        yield found


@contextmanager
def narrow(lab: Lab, link: list[tuple[str, str]]) -> Iterator[None]:
    for host, interface in link:
        lab.exec_in(host, "ip", "link", "set", interface, "mtu", str(NARROW))
    try:
        yield
    finally:
        for host, interface in link:
            lab.exec_in(host, "ip", "link", "set", interface, "mtu", "1500")


def answers(output: str) -> list[str]:
    """The hops in the output of traceroute or tracepath, each once."""
    found = re.findall(r"^ *\d+:? +(\d+\.\S+|\*)", output, re.MULTILINE)
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("way", ["udp", "udplite", "icmp", "tcp"])
def test_traceroute(lab: Lab, web: Instance, route: Route, way: str) -> None:
    options = ("-n", "-q", "1", "-N", "1", "-w", "3", "-m", "4", "-M", way)
    with nothing_private(lab, web):
        done = lab.exec(route.caller, "traceroute", *options, route.target)
    assert done.returncode == 0, done.stderr
    assert answers(done.stdout) == route.hops, done.stdout


def test_tracepath(lab: Lab, web: Instance, route: Route) -> None:
    with nothing_private(lab, web):
        done = lab.exec(route.caller, "tracepath", "-n", "-m", "4", route.target)
    assert answers(done.stdout) == route.hops, done.stdout
    assert "pmtu 1500 hops 2 back 2" in done.stdout


def test_tracepath_finds_the_narrow_link(lab: Lab, web: Instance, narrow_route: Route) -> None:
    with nothing_private(lab, web):
        done = lab.exec(narrow_route.caller, "tracepath", "-n", "-m", "4", narrow_route.target)
    assert f"pmtu {NARROW} hops 2 back 2" in done.stdout, done.stdout


def test_ping_learns_that_it_is_too_long(lab: Lab, web: Instance, narrow_route: Route) -> None:
    """The error of the gateway's kernel names whom the caller called, and nobody else."""
    caller, target, hops, _ = narrow_route
    options = ("-n", "-c", "1", "-W", "2", "-M", "do", "-s", "1400")
    inside = lab.uplink if caller == "internet" else web.namespace
    with nothing_private(lab, web), Capture(inside, "eth0") as wire:
        done = lab.exec(caller, "ping", *options, target)
        error = wire.until(lambda p: ICMP in p and (p[ICMP].type, p[ICMP].code) == (3, 4))[-1]
    assert f"From {hops[0]} icmp_seq=1 Frag needed and DF set (mtu = {NARROW})" in done.stdout
    assert error[IP].src == hops[0]
    assert error[IP].dst == error[IPerror].src
    assert error[IPerror].dst == target
    assert error[ICMP].nexthopmtu == NARROW
    assert is_whole(error)


def test_tcp_finds_its_way_through_the_narrow_link(
    lab: Lab, web: Instance, other: Instance, narrow_route: Route
) -> None:
    """The receiver asks for segments that the narrow link can't carry: the errors save it."""
    caller, target, _, link = narrow_route
    receiver, via = {
        "internet": (web.id, lab.topology.vpc_gateway),
        web.id: (other.id, lab.topology.vpc_gateway),
    }[caller]
    back = ("default", "via", via)
    if link[0] == (lab.gateway, UPLINK):
        receiver = "internet"
        back = (lab.topology.pool, "via", lab.topology.uplink_address)
    changed = lab.exec(receiver, "ip", "route", "change", *back, "advmss", "1460")
    assert changed.returncode == 0, changed.stderr
    with nothing_private(lab, web):
        seen = transfer(lab, caller, receiver, target, blocks=16)
    assert seen == (web.public if caller == web.id else lab.topology.internet_address)
    assert f"mtu {NARROW}" in lab.exec(caller, "ip", "route", "get", target).stdout


@pytest.mark.parametrize("kind", ["outbound", "inbound", "hairpin", "own"])
def test_a_refused_port_reaches_the_client(
    lab: Lab, web: Instance, other: Instance, kind: str
) -> None:
    """ECONNREFUSED: the error quotes what the client sent, to the address it sent it to."""
    way = route_of(kind, lab, web, other)
    with nothing_private(lab, web):
        assert is_refused(lab, way.caller, way.target)


def quoting(source: str, target: str, ttl: int = 64) -> Packet:
    """The datagram that an error quotes."""
    return IP(src=source, dst=target, ttl=ttl) / UDP(sport=5000, dport=53) / Raw(b"question")


def error_row(lab: Lab, web: Instance, other: Instance, row: str) -> tuple[str, Packet]:
    """Who sends, and what."""
    client, unreachable = lab.topology.clients[0], ICMP(type=3, code=3)
    inbound = IP(src=STRANGER, dst=web.public) / unreachable
    outbound = IP(src=web.private, dst=client) / unreachable
    hairpin = IP(src=web.private, dst=other.public) / unreachable
    rows: dict[str, tuple[str, Packet]] = {
        "inbound-of-nobody": ("internet", inbound / quoting(STRANGER, client)),
        "inbound-of-another": ("internet", inbound / quoting(other.public, client)),
        "inbound-private": ("internet", inbound / quoting(web.private, client)),
        "inbound-cut": ("internet", inbound / Raw(bytes(quoting(web.public, client))[:19])),
        "inbound-options-cut": ("internet", inbound / Raw(b"\x4f" + b"\0" * 39)),
        "outbound-of-nobody": (web.id, outbound / quoting(client, NOBODY)),
        "outbound-public": (web.id, outbound / quoting(client, web.public)),
        "outbound-of-another": (web.id, outbound / quoting(client, other.private)),
        "outbound-cut": (web.id, outbound / Raw(b"\x45")),
        "hairpin-of-nobody": (web.id, hairpin / quoting(other.public, NOBODY)),
        "hairpin-of-another": (web.id, hairpin / quoting(client, web.private)),
        "redirect": ("internet", IP(src=STRANGER, dst=web.public) / ICMP(type=5) / b"x"),
        "source-quench": (web.id, IP(src=web.private, dst=client) / ICMP(type=4) / b"x"),
    }
    return rows[row]


DROPPED = {
    "inbound-of-nobody": "quote-mismatch",
    "inbound-of-another": "quote-mismatch",
    "inbound-private": "quote-mismatch",
    "inbound-cut": "quote-truncated",
    "inbound-options-cut": "quote-truncated",
    "outbound-of-nobody": "quote-unknown",
    "outbound-public": "quote-unknown",
    "outbound-of-another": "quote-mismatch",
    "outbound-cut": "quote-truncated",
    "hairpin-of-nobody": "quote-unknown",
    "hairpin-of-another": "quote-mismatch",
    "redirect": "unsupported-icmp",
    "source-quench": "unsupported-icmp",
}


@pytest.mark.parametrize(("row", "reason"), DROPPED.items(), ids=DROPPED)
def test_an_error_about_no_packet_of_ours_is_dropped(
    lab: Lab, web: Instance, other: Instance, row: str, reason: str
) -> None:
    before = lab.reasons()
    send(lab, *error_row(lab, web, other, row))
    eventually(lambda: lab.reasons()[reason] == before[reason] + 1)
    assert lab.reasons() == before | {reason: before[reason] + 1}


def arrival(
    lab: Lab, source: str, packet: Packet, at: str, is_it: Callable[[Packet], bool]
) -> Packet:
    with Capture(at, "eth0") as wire:
        send(lab, source, packet)
        return wire.until(is_it)[-1]


def test_an_error_from_far_away_names_the_instance_inside(lab: Lab, web: Instance) -> None:
    """A router on the way says so, of a quote with 8 bytes of the datagram and of a whole one."""
    client = lab.topology.clients[0]
    for quoted in (quoting(web.public, client), quoting(web.public, client, ttl=1)):
        sent = IP(src=STRANGER, dst=web.public, id=99) / ICMP(type=11) / Raw(bytes(quoted)[:28])
        error = arrival(lab, "internet", sent, web.namespace, lambda p: bool(p[IP].id == 99))
        assert (error[IP].src, error[IP].dst) == (STRANGER, web.private)
        assert (error[IPerror].src, error[IPerror].dst) == (web.private, client)
        inside = quoting(web.private, client, quoted.ttl)
        assert error[UDPerror].chksum == IP(bytes(inside))[UDP].chksum
        assert is_whole(error)


def test_an_error_of_a_router_with_a_private_address_is_heard(lab: Lab, web: Instance) -> None:
    """RFC 4787, REQ-12a: the socket that sent the quoted datagram learns of it."""
    with namespace.inside(web.namespace):
        caller = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with caller:
        caller.settimeout(5)
        caller.bind((web.private, 5000))
        caller.connect((STRANGER, 53))
        caller.send(b"who")
        quoted = IP(src=web.public, dst=STRANGER) / UDP(sport=5000, dport=53) / Raw(b"who")
        unreachable = ICMP(type=3, code=3)
        send(lab, "internet", IP(src="192.168.7.1", dst=web.public) / unreachable / quoted)
        with pytest.raises(ConnectionRefusedError):
            caller.recv(9)
