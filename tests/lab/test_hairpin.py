"""Hairpin on the wire (RFC 4787, REQ-9): an instance calls a public address of its own gateway."""

from collections.abc import Iterator

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.packet import Packet, Raw
from support.labs import Instance, Lab, eventually
from support.peers import datagram, transfer
from support.wire import Capture, send, until_marked

UNUSED = "203.0.113.200"
NUMBER = 4711


@pytest.fixture
def other(lab: Lab) -> Iterator[Instance]:
    instance = lab.instance("other")
    yield instance
    instance.terminate()


@pytest.fixture(params=["another", "its-own"])
def called(request: pytest.FixtureRequest, web: Instance, other: Instance) -> Instance:
    """Whose public address web calls."""
    return other if request.param == "another" else web


@pytest.fixture
def uplink(lab: Lab, web: Instance) -> Iterator[list[Packet]]:
    """What was on the uplink while the test ran: nothing."""
    with Capture(lab.uplink, "eth0") as wire:
        yield []
        assert until_marked(wire, lab, web)[:-1] == []


pytestmark = pytest.mark.usefixtures("uplink")


def test_ping(lab: Lab, web: Instance, called: Instance) -> None:
    done = lab.exec(web.id, "ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", called.public)
    assert "3 packets transmitted, 3 received, 0% packet loss" in done.stdout
    assert f"bytes from {called.public}: icmp_seq=1 ttl=63" in done.stdout


def test_the_peer_of_a_tcp_connection_sees_the_public_address(
    lab: Lab, web: Instance, called: Instance
) -> None:
    assert transfer(lab, web.id, called.id, called.public, blocks=4) == web.public


def test_the_peer_of_a_datagram_sees_the_public_address(
    lab: Lab, web: Instance, called: Instance
) -> None:
    assert datagram(lab, web.id, called.id, called.public, size=1000) == web.public


def test_it_passes_once_and_as_it_was_sent(lab: Lab, web: Instance, called: Instance) -> None:
    """One hop less, two addresses changed, counted for both of them; and no second time."""
    load = ICMP(type=0, id=1) / Raw(b"nobody answers an answer")
    sent = IP(src=web.private, dst=called.public, ttl=64, id=NUMBER, tos=0x10, flags="DF") / load
    expected = (
        IP(src=web.public, dst=called.private, ttl=63, id=NUMBER, tos=0x10, flags="DF") / load
    )
    last = IP(src=web.private, dst=called.public, id=NUMBER + 1) / ICMP(type=0)
    before, private = lab.counters(), called.private
    with Capture(called.namespace, "eth0") as wire:
        send(lab, web.id, sent, last)
        seen = wire.until(lambda p: p[IP].id == NUMBER + 1 and p[IP].dst == private)
    arrived = [bytes(p) for p in seen if p[IP].id == NUMBER and p[IP].dst == private]
    assert arrived == [bytes(expected)]
    after = lab.counters()
    caller, receiver = after.addresses[web.public], after.addresses[called.public]
    assert (caller.packets_out, caller.bytes_out) == (2, len(expected) + 28)
    assert (receiver.packets_in, receiver.bytes_in) == (2, len(expected) + 28)
    translated = before.reasons["translated"] + 2
    assert after.reasons == before.reasons | {"translated": translated}


def test_to_an_unused_address_it_ends_at_the_gateway(lab: Lab, web: Instance) -> None:
    before = lab.reasons()
    assert not lab.pings(web.id, UNUSED)
    assert lab.reasons() == before | {"unknown-public": before["unknown-public"] + 1}


def test_without_a_public_address_there_is_no_hairpin(lab: Lab, web: Instance) -> None:
    """The other side could not answer, and would see a private address."""
    quiet = lab.instance("quiet", bandwidth=0)
    before = lab.reasons()
    assert not lab.pings(quiet.id, web.public)
    assert lab.reasons() == before | {"unknown-private": before["unknown-private"] + 1}
    quiet.terminate()


def test_with_a_false_source_it_ends_at_the_guard(lab: Lab, web: Instance, other: Instance) -> None:
    before = lab.counters()
    false = (other.private, other.public, web.public, "10.171.199.99", lab.topology.vpc_gateway)
    send(lab, web.id, *(IP(src=source, dst=other.public) / ICMP() for source in false))
    spoofed = before.guard["guard_spoofed"] + len(false)
    eventually(lambda: lab.counters().guard["guard_spoofed"] == spoofed)
    assert lab.reasons() == before.reasons
