"""A blocked address on the wire: what is dropped and counted, what goes on, and when it opens."""

import json
import time

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.packet import Packet
from support.blows import kill
from support.labs import Instance, Lab, eventually
from support.stream import pouring
from support.wire import send

from gateway.site import roles

EACH = 20
OPENS_WITHIN_S = 1.0


def block(lab: Lab, address: str, time_: str) -> None:
    done = lab.run("block", address, "--for", time_)
    assert done.returncode == 0, done.stderr


def bound(lab: Lab, instance: Instance) -> None:
    """An EIP takes the place of the ordinary public IP."""
    (eip_id,) = lab.control.call("AllocateAddresses")["AddressSet"]
    lab.control.call("AssociateAddress", AddressId=eip_id, InstanceId=instance.id)


def udp(source: str, destination: str) -> list[Packet]:
    return [IP(src=source, dst=destination) / UDP(sport=7, dport=9) for _ in range(EACH)]


@pytest.mark.parametrize("kind", ["ordinary", "eip"])
def test_everything_is_dropped_and_counted_but_what_is_private(lab: Lab, kind: str) -> None:
    sealed, other = lab.instance("sealed"), lab.instance("other")
    if kind == "eip":
        bound(lab, sealed)
    public, private, client = sealed.public, sealed.private, lab.topology.clients[0]
    assert lab.pings("internet", public)
    block(lab, public, "1h")
    before, passed = lab.reasons(), lab.counters().addresses[public]
    send(lab, "internet", *udp(client, public))
    send(lab, sealed.id, *udp(private, client))
    send(lab, other.id, *udp(other.private, public))
    send(lab, "internet", IP(src=client, dst=public) / ICMP())
    eventually(lambda: lab.reasons()["blocked"] >= before["blocked"] + 3 * EACH + 1)
    assert not lab.pings(sealed.id, client)
    assert lab.reasons() == before | {"blocked": before["blocked"] + 3 * EACH + 2}
    assert lab.counters().addresses[public] == passed
    assert lab.pings(other.id, private)
    assert lab.pings(sealed.id, other.private)
    seen = lab.curl(sealed.id, "http://metadata.tencentyun.com/meta-data/public-ipv4")
    assert seen == public
    assert lab.pings(other.id, client), "another's address"
    assert lab.run("unblock", public).returncode == 0
    assert lab.pings("internet", public)
    sealed.terminate()
    other.terminate()


def test_the_trace_says_why(lab: Lab, web: Instance) -> None:
    block(lab, web.public, "1h")
    with lab.start("internet", "ping", "-n", "-i", "0.2", web.public):
        (told,) = lab.run("trace", "--json", "--drops", "-c", "1").stdout.splitlines()
    seen = json.loads(told)
    assert (seen["verdict"], seen["reason"]) == ("drop", "blocked")
    assert seen["mappings"] == [{"public": web.public, "slot": seen["mappings"][0]["slot"]}]
    assert lab.run("unblock", web.public).returncode == 0


def test_it_opens_by_itself_and_a_stream_goes_on(lab: Lab, web: Instance) -> None:
    public = web.public
    with pouring(lab.uplink, web.namespace, public):
        before = lab.reasons()["blocked"]
        block(lab, public, "2s")
        stopped = lab.counters().addresses[public]
        assert not lab.pings("internet", public, within_s=0.5)
        eventually(lambda: lab.reasons()["blocked"] > before + 1, within_s=1)
        assert lab.counters().addresses[public] == stopped
        eventually(lambda: not lab.ask("block")["BlockedAddressSet"])
        eventually(lambda: lab.counters().addresses[public].bytes_in > stopped.bytes_in + 100_000)
        assert lab.pings("internet", public)
    blocked, opened = map(
        json.loads, lab.run("events", "--last", "2", "--json").stdout.splitlines()
    )
    assert (blocked["kind"], opened["kind"]) == ("AddressBlocked", "AddressOpened")
    assert 0 <= opened["at"] - blocked["until"] < OPENS_WITHIN_S


def test_what_was_due_while_control_was_down_opens_at_its_start(own_lab: Lab) -> None:
    web = own_lab.instance("web")
    public = web.public
    block(own_lab, public, "1s")
    kill(own_lab, roles.CONTROL)
    time.sleep(1.1)
    assert not own_lab.pings("internet", public)
    own_lab.restart(roles.CONTROL)
    eventually(lambda: own_lab.pings("internet", public))


def test_a_blocked_address_goes_to_nobody_when_its_instance_ends(lab: Lab) -> None:
    sealed = lab.instance()
    public = sealed.public
    block(lab, public, "1h")
    sealed.terminate()
    before = lab.reasons()["unknown-public"]
    assert not lab.pings("internet", public)
    assert lab.reasons()["unknown-public"] == before + 1
    (left,) = lab.ask("block")["BlockedAddressSet"]
    assert (left["Address"], left["AddressId"]) == (public, None)
    assert lab.run("unblock", public).returncode == 0
