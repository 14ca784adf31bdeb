"""The early drop on the wire: what never reaches the queue, and that nothing else is missing."""

import time
from collections import Counter
from ipaddress import IPv4Address
from typing import NamedTuple

import pytest
from scapy.layers.inet import ICMP, IP, TCP
from support.labs import Lab, eventually
from support.wire import link

from gateway.dataplane.record import OFF
from gateway.exchange.worker_page import Traffic, counts
from gateway.nat.reasons import Reason
from gateway.net import namespace, nftables
from gateway.site import roles
from gateway.steering import early
from gateway.steering.early import SHOWN_PER_SECOND, Place
from gateway.steering.kernel import run_nft

FASTPATH = OFF  # which would drop these packets before
FLOOD = 5_000
SYNS, SYNS_PER_S = 500, 10
UNUSED = "203.0.113.200"
NONE = Traffic(0, 0, 0, 0)


def echo(lab: Lab, target: str) -> bytes:
    """Answered by nobody."""
    return bytes(IP(src=lab.topology.clients[0], dst=target) / ICMP(type=0))


class Seen(NamedTuple):
    """How many packets were dropped early, and by the rules."""

    early: int
    rules: int


def seen(lab: Lab, reason: Reason) -> Seen:
    with namespace.inside(lab.gateway):
        return Seen(early.drops()[reason], counts(lab.places.run, range(0)).reasons[reason])


def number(address: str) -> int:
    return int(IPv4Address(address))


@pytest.mark.parametrize("reason", [Reason.UNKNOWN_PUBLIC, Reason.BLOCKED])
def test_a_flood_is_counted_once_and_kept_from_the_queue(lab: Lab, reason: Reason) -> None:
    web = lab.instance("web")
    target = UNUSED
    if reason is Reason.BLOCKED:
        target = web.public
        assert lab.run("block", target, "--for", "1h").returncode == 0
    before, told, packet = seen(lab, reason), lab.reasons()[reason.label], echo(lab, target)
    began = time.monotonic()
    with link(lab, "internet") as put:
        for _ in range(FLOOD):
            put(packet)
    eventually(lambda: lab.reasons()[reason.label] == told + FLOOD)
    shown_max = SHOWN_PER_SECOND * (1 + time.monotonic() - began)
    after = seen(lab, reason)
    assert after.early - before.early + after.rules - before.rules == FLOOD
    assert 0 < after.rules - before.rules <= shown_max + 1
    web.terminate()


def test_what_is_in_force_is_open_and_what_is_gone_is_not(lab: Lab) -> None:
    """Beside packets that use up what is shown: else the first ones would pass by that."""
    web = lab.instance("web")
    (eip_id,) = lab.control.call("AllocateAddresses")["AddressSet"]
    (eip,) = lab.control.call("DescribeAddresses", AddressIds=[eip_id])["AddressSet"]
    address = eip["AddressIp"]
    for _ in range(3):
        lab.control.call("AssociateAddress", AddressId=eip_id, InstanceId=web.id)
        assert is_open(lab, address)
        assert passing(lab, address, 3) == 3
        lab.control.call("DisassociateAddress", AddressId=eip_id)
        assert not is_open(lab, address)
        assert passing(lab, address, 3) == 0
    web.terminate()


def passing(lab: Lab, address: str, sent: int) -> int:
    """How many of so many packets to the address have been carried, once all are counted."""
    before = lab.reasons()
    carried = lab.carried().get(address, NONE).packets_in
    with link(lab, "internet") as put:
        for _ in range(2 * SHOWN_PER_SECOND):
            put(echo(lab, UNUSED))
        for _ in range(sent):
            put(echo(lab, address))
    wanted = sum(before.values()) + 2 * SHOWN_PER_SECOND + sent
    eventually(lambda: sum(lab.reasons().values()) == wanted)
    return lab.carried().get(address, NONE).packets_in - carried


def test_an_address_gets_so_many_syns_a_second_and_another_one_as_well(lab: Lab) -> None:
    """With a rate that any machine can exceed; what isn't a SYN has none."""
    web, other, client = lab.instance("web"), lab.instance("other"), lab.topology.clients[0]
    with namespace.inside(lab.gateway):
        run_nft(early.armed(lab.topology.site.pools, syns_per_s=SYNS_PER_S))
    before = lab.reasons()
    began = time.monotonic()
    with link(lab, "internet") as put:
        for _ in range(SYNS):
            put(bytes(IP(src=client, dst=web.public) / TCP(dport=9, flags="S")))
            put(bytes(IP(src=client, dst=web.public) / TCP(dport=9, flags="R")))
        put(bytes(IP(src=client, dst=other.public) / TCP(dport=9, flags="S")))
    passed_max = SYNS_PER_S * (1 + time.monotonic() - began)
    eventually(lambda: sum(_since(lab, before).values()) >= 2 * SYNS + 1)
    limited = _since(lab, before)["slow-path-limited"]
    assert SYNS - passed_max - 1 <= limited < SYNS
    assert seen(lab, Reason.SLOW_PATH_LIMITED).rules == 0
    assert lab.carried()[other.public].packets_in == 1
    for instance in (web, other):
        instance.terminate()


def _since(lab: Lab, before: dict[str, int]) -> Counter[str]:
    return Counter(lab.reasons()) - Counter(before)


@pytest.mark.parametrize(
    "damage",
    [("delete", "table", "ip", early.TABLE), ("flush", "set", "ip", early.TABLE, Place.OPEN.value)],
    ids=["removed", "emptied"],
)
def test_sets_that_are_lost_come_back(lab: Lab, damage: tuple[str, ...]) -> None:
    web = lab.instance("web")
    assert is_open(lab, web.public)
    lab.exec_in(lab.gateway, "nft", *damage)
    eventually(lambda: is_open(lab, web.public))
    assert lab.pings("internet", web.public)
    web.terminate()


def test_a_control_that_begins_fills_them_anew(lab: Lab) -> None:
    web = lab.instance("web")
    lab.exec_in(lab.gateway, "nft", "add", "element", "ip", early.TABLE, "open", f"{{ {UNUSED} }}")
    assert is_open(lab, UNUSED)
    lab.restart(roles.CONTROL)
    eventually(lambda: is_open(lab, web.public) and not is_open(lab, UNUSED))
    assert lab.pings("internet", web.public)
    web.terminate()


def is_open(lab: Lab, address: str) -> bool:
    with namespace.inside(lab.gateway):
        return early.SETS.generation() is not None and nftables.has(
            early.TABLE, Place.OPEN.value, number(address)
        )
