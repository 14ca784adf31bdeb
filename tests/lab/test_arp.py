"""ARP on the links of instances: nothing is learnt from it, whatever an instance sends.

The kernel keeps the neighbours of all namespaces in one table of some 1,024 entries, and counts
those that aren't permanent.
"""

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address

import pytest
from scapy.layers.l2 import ARP, Ether
from support.labs import Instance, Lab, eventually
from support.wire import mac

from gateway.net import namespace
from gateway.steering import arp, kernel

FLOOD = 3000
REQUEST, REPLY = 1, 2
METADATA = "http://169.254.0.23/meta-data/instance-id"


@pytest.fixture(scope="module")
def instances(lab: Lab) -> list[Instance]:
    return [lab.instance(f"number-{number}") for number in range(4)]


def neighbours(name: str) -> list[tuple[str, str]]:
    """What the namespace has of neighbours: each one's address and state."""
    with namespace.inside(name):
        listed = subprocess.run(("ip", "-j", "neigh"), capture_output=True, text=True, check=True)
    return [(found["dst"], *found["state"]) for found in json.loads(listed.stdout or "[]")]


def learnt(lab: Lab) -> list[tuple[str, str, str]]:
    """All neighbours in the lab that aren't permanent, with their namespaces."""
    return [
        (host, *found)
        for host in lab.hosts.names()
        for found in neighbours(lab.hosts.namespace(host))
        if found[1] != "PERMANENT"
    ]


def known(lab: Lab) -> str:
    """The links from which the gateway's guard takes ARP, as nft shows them."""
    command = ("nft", "list", "set", *arp.TABLE.split(), "links")
    with namespace.inside(lab.gateway):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def dropped(lab: Lab) -> int:
    return lab.counters().guard["guard_arp"]


@contextmanager
def speaking(instance: Instance) -> Iterator[tuple[Callable[[ARP], None], socket.socket]]:
    """Puts ARP on the instance's link, and hears what comes back."""
    own = mac(instance.namespace, "eth0")
    with (
        namespace.inside(instance.namespace),
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806)) as raw,
    ):
        raw.bind(("eth0", 0x0806))
        raw.settimeout(10)
        yield (
            lambda packet: _sent(raw, bytes(Ether(src=own, dst="ff:ff:ff:ff:ff:ff") / packet)),
            raw,
        )


def _sent(raw: socket.socket, frame: bytes) -> None:
    raw.send(frame)


def asked(instance: Instance, source: str, target: str, operation: int = REQUEST) -> ARP:
    own = mac(instance.namespace, "eth0")
    return ARP(op=operation, hwsrc=own, psrc=source, hwdst="00:00:00:00:00:00", pdst=target)


def test_a_flood_from_random_senders_leaves_no_trace_and_is_counted(
    lab: Lab, instances: list[Instance]
) -> None:
    hostile, other = instances[:2]
    target, first, before = lab.topology.vpc_gateway, int(IPv4Address("10.171.9.0")), dropped(lab)
    with speaking(hostile) as (say, _):
        for number in range(FLOOD):
            operation = REPLY if number % 2 else REQUEST
            say(asked(hostile, str(IPv4Address(first + number)), target, operation))
        say(asked(hostile, other.private, target))
        say(asked(hostile, lab.topology.vpc_gateway, target))
    eventually(lambda: dropped(lab) == before + FLOOD + 2)
    assert learnt(lab) == []
    assert lab.pings(other.id, hostile.private)
    assert lab.curl(other.id, METADATA) == other.id


def test_the_links_own_address_is_answered_but_not_without_end(
    lab: Lab, instances: list[Instance]
) -> None:
    """A program that has routes of its own may ask, for neighbours in the VPC, too."""
    web, other = instances[2], instances[3]
    before = dropped(lab)
    with speaking(web) as (say, heard):
        for target in (lab.topology.vpc_gateway, other.private):
            say(asked(web, web.private, target))
            answer = Ether(heard.recv(2048))[ARP]
            assert (answer.op, answer.psrc, answer.pdst) == (REPLY, target, web.private)
            assert answer.hwsrc == mac(lab.gateway, web.id)
        assert dropped(lab) == before
        for _ in range(FLOOD):  # a machine that needs half a minute for it has all of them answered
            say(asked(web, web.private, lab.topology.vpc_gateway))
    eventually(lambda: dropped(lab) > before)
    assert learnt(lab) == []


def test_many_instances_call_each_other_and_learn_nothing(
    lab: Lab, instances: list[Instance]
) -> None:
    """Nor does who calls addresses that no one has: each would wait in the table for an answer."""
    for instance in instances:
        assert lab.curl(instance.id, METADATA) == instance.id
        assert lab.pings(
            instance.id, instances[0].private if instance != instances[0] else instances[1].private
        )
        assert lab.pings("internet", instance.public)
        assert lab.pings(instance.id, lab.topology.clients[0])
    nowhere = " ".join(f"10.171.77.{number} 198.51.100.{100 + number}" for number in range(1, 9))
    each = f"for a in {nowhere}; do ping -c 1 -W 0.1 $a; done; true"
    assert lab.exec(instances[0].id, "sh", "-c", each).returncode == 0
    assert learnt(lab) == []
    permanent = neighbours(lab.gateway)
    assert {instance.private for instance in instances} <= {address for address, _ in permanent}


def test_a_link_that_comes_again_is_known_and_one_that_goes_is_forgotten(lab: Lab) -> None:
    again = lab.instance("again")
    private = again.private
    assert f'"{again.id}" . {private}' in known(lab)
    with namespace.inside(lab.gateway):
        kernel.install_guard(lab.topology.site.steering(range(1), lab.topology.site.bits))
    assert lab.run("instance", "stop", again.id).returncode == 0
    assert lab.run("instance", "start", again.id).returncode == 0
    assert (private, "PERMANENT") in neighbours(lab.gateway)
    assert (lab.topology.vpc_gateway, "PERMANENT") in neighbours(again.namespace)
    with speaking(again) as (say, heard):
        say(asked(again, private, lab.topology.vpc_gateway))
        assert Ether(heard.recv(2048))[ARP].psrc == lab.topology.vpc_gateway
    again.terminate()
    eventually(lambda: again.id not in known(lab))
    assert private not in dict(neighbours(lab.gateway))
