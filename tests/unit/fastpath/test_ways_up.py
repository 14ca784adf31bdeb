"""What the programs of the fast path leave to the kernel, on real links: untouched, and counted."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP
from scapy.packet import Raw
from support.fast_links import (
    CLIENT,
    DB,
    NEEDS_CHECKSUM,
    OWN,
    PRIVATE,
    ROUTER,
    UPLINK,
    WEB,
    FastLinks,
)
from support.fast_ways import (
    DB_PUBLIC,
    GSO_TCP,
    HAIRPIN,
    IN,
    OUT,
    PLAIN,
    PUBLIC,
    TABLE,
    TRANSPORT_AT,
    WAYS,
    each_way,
    goes_up,
    is_carried,
    made,
)
from support.labs import eventually
from vectors.row import POOL
from vectors.unfinished import left

from gateway.exchange.pins import State
from gateway.fastpath.passage import Passed
from gateway.nat.outcome import Direction
from gateway.nat.policy import Group, Member, Policies
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, build
from gateway.net import namespace
from gateway.net.links import Links
from gateway.net.plan import Route

BY_THEMSELVES = {
    "last-hop": (Passed.LAST_HOP, {"ttl": 1}),
    "no-hop": (Passed.LAST_HOP, {"ttl": 0}),
    "wrong-checksum": (Passed.MALFORMED, {"chksum": 1}),
    "version": (Passed.MALFORMED, {"version": 6}),
    "short-header": (Passed.MALFORMED, {"ihl": 4}),
    "longer-than-it-is": (Passed.MALFORMED, {"len": 40}),
    "options": (Passed.OPTIONS, {"options": [IPOption_NOP()]}),
    "protocol": (Passed.PROTOCOL, {"proto": 47}),
}


@each_way
@pytest.mark.parametrize(("way", "header"), BY_THEMSELVES.values(), ids=BY_THEMSELVES)
def test_what_the_programs_are_not_sure_of_goes_up(
    links: FastLinks, direction: Direction, way: Passed, header: dict[str, Any]
) -> None:
    goes_up(links, way, direction, made(direction, PLAIN["udp"], **header))


@each_way
def test_an_icmp_error_goes_up(links: FastLinks, direction: Direction) -> None:
    about = IP(src=CLIENT, dst=CLIENT, frag=3) / Raw(bytes(8))  # a later fragment: no ports
    goes_up(links, Passed.PROTOCOL, direction, made(direction, ICMP(type=3, code=4) / about))


@each_way
def test_a_frame_of_a_vlan_or_for_another_host_is_none_of_its_business(
    links: FastLinks, direction: Direction
) -> None:
    host, _, _, receiver = WAYS[direction]
    packet = made(direction, PLAIN["udp"])
    frame = links.frame(host, packet)
    tagged = frame[:12] + b"\x81\x00\x00\x07" + frame[12:]
    other = b"\x02\xee\xee\xee\xee\xee" + frame[6:]
    with links.capture(receiver) as capture:
        for unwanted in (tagged, other):
            links.put(host, unwanted)
        eventually(lambda: links.passed(every=True).get(Passed.NOT_IPV4, 0) >= 2)
        links.counted({}, {})
        assert [seen.packet for seen in capture.rest()] == []


def test_the_guards_packets_go_up(links: FastLinks) -> None:
    for source, destination in ((OWN, PUBLIC), (CLIENT, "198.18.0.1"), (CLIENT, OWN)):
        packet = bytes(IP(src=source, dst=destination) / PLAIN["udp"])
        goes_up(links, Passed.GUARDED, IN, packet)
    for source in (PRIVATE[DB], CLIENT, PUBLIC):
        goes_up(links, Passed.GUARDED, OUT, bytes(IP(src=source, dst=CLIENT) / PLAIN["udp"]))
    for destination in ("10.0.0.3", "169.254.0.23", "224.0.0.1"):
        packet = bytes(IP(src=PRIVATE[WEB], dst=destination) / PLAIN["udp"])
        goes_up(links, Passed.NOT_OUTBOUND, OUT, packet)


def _forwarding(links: FastLinks, on: int) -> None:
    with namespace.inside(links.name("gateway")):
        namespace.set_sysctl("ipv4.ip_forward", on)


@each_way
def test_forwarding_that_is_switched_off_is_off(links: FastLinks, direction: Direction) -> None:
    packet = made(direction, PLAIN["udp"])
    _forwarding(links, 0)
    try:
        goes_up(links, Passed.NO_WAY, direction, packet)
    finally:
        _forwarding(links, 1)
    is_carried(links, direction, packet)


@pytest.fixture(params=[0, 1, 2], ids=["off", "strict", "loose"])
def reverse_path(links: FastLinks, request: pytest.FixtureRequest) -> Iterator[None]:
    """The kernel's own check of sources."""
    scopes = [f"ipv4.conf.{scope}.rp_filter" for scope in ("all", UPLINK, WEB, DB)]
    with namespace.inside(links.name("gateway")):
        for scope in scopes:
            namespace.set_sysctl(scope, request.param)
        yield
        for scope in scopes:
            namespace.set_sysctl(scope, 0)


@each_way
def test_a_source_is_believed_by_its_link_whatever_the_kernel_checks(
    links: FastLinks, reverse_path: None, direction: Direction
) -> None:
    is_carried(links, direction, made(direction, PLAIN["udp"]))
    host, _, destination, _ = WAYS[direction]
    if host == WEB:
        spoofed = bytes(IP(src=PRIVATE[DB], dst=destination) / PLAIN["udp"])
        goes_up(links, Passed.GUARDED, direction, spoofed)


@pytest.mark.parametrize("address", [None, "10.0.0.9"], ids=["of-none", "of-another"])
def test_a_link_that_is_not_the_instances_gets_nothing(
    links: FastLinks, address: str | None
) -> None:
    for direction, way, host in (
        (IN, Passed.NO_WAY, WEB),
        (HAIRPIN, Passed.NO_WAY, DB),
        (OUT, Passed.GUARDED, WEB),
    ):
        packet = made(direction, PLAIN["udp"])
        links.register(host, address)
        try:
            goes_up(links, way, direction, packet)
        finally:
            links.register(host, PRIVATE[host])
        is_carried(links, direction, packet)


@each_way
def test_an_unknown_neighbour_is_the_kernels_to_find(
    links: FastLinks, direction: Direction
) -> None:
    receiver = WAYS[direction][3]
    near, address = (UPLINK, ROUTER) if receiver == "client" else (receiver, PRIVATE[receiver])
    packet = made(direction, PLAIN["udp"])
    links.neighbour(near, address, None)
    try:
        goes_up(links, Passed.NO_WAY, direction, packet)
    finally:
        links.neighbour(near, address, links.mac(receiver, "eth0").hex(":"))
    is_carried(links, direction, packet)


@each_way
def test_what_the_way_on_can_not_take_goes_up(links: FastLinks, direction: Direction) -> None:
    receiver = WAYS[direction][3]
    near = UPLINK if receiver == "client" else receiver
    large = made(direction, UDP(sport=1, dport=2) / Raw(bytes(1000)))
    links.mtu(near, 900)
    try:
        goes_up(links, Passed.TOO_LONG, direction, large)
        is_carried(links, direction, made(direction, UDP(sport=1, dport=2) / Raw(bytes(800))))
    finally:
        links.mtu(near, 1500)
    is_carried(links, direction, large)


BURST = 131_070 // 125  # packets: as many as a bucket has at least, of 1 kbit each


def test_no_address_has_more_than_its_share_of_the_slow_path(links: FastLinks) -> None:
    tunnel = IP(src=CLIENT, dst=PUBLIC, proto=47) / Raw(bytes(8))
    another = IP(src=CLIENT, dst=DB_PUBLIC, proto=47) / Raw(bytes(8))
    back = IP(src=PRIVATE[WEB], dst=CLIENT, proto=47) / Raw(bytes(8))
    links.set("slow_packets", 1)
    try:
        for sent in range(100, BURST + 201, 100):  # no more than a busy kernel's queue takes
            links.flood("client", bytes(tunnel), 100)
            eventually(partial(links.has_seen, sent))
        limited = links.reasons()[Reason.SLOW_PATH_LIMITED]
        assert sent - BURST - 100 < limited <= sent - BURST  # one a second is given back
        links.counted({Reason.SLOW_PATH_LIMITED: limited}, {Passed.PROTOCOL: sent - limited})
        goes_up(links, Passed.PROTOCOL, IN, bytes(another))
        goes_up(links, Passed.PROTOCOL, OUT, bytes(back))
        is_carried(links, IN, made(IN, PLAIN["udp"]))
        links.set("slow_packets", 0)
        goes_up(links, Passed.PROTOCOL, IN, bytes(tunnel))
    finally:
        links.set("slow_packets", 0)


def test_an_instance_without_a_mapping_has_no_slow_path(links: FastLinks) -> None:
    links.register(DB, "10.0.0.9")
    try:
        for above in (PLAIN["udp"], ICMP(type=13) / Raw(bytes(12))):
            links.send(DB, bytes(IP(src="10.0.0.9", dst=CLIENT) / above))
        links.send(DB, bytes(IP(src="10.0.0.9", dst=CLIENT, proto=47) / Raw(bytes(8))))
        links.send(DB, bytes(IP(src="10.0.0.9", dst=PUBLIC, proto=47) / Raw(bytes(8))))
        links.counted({Reason.UNKNOWN_PRIVATE: 4}, {})
    finally:
        links.register(DB, PRIVATE[DB])


@pytest.mark.parametrize("host", [WEB, DB])
def test_what_security_groups_filter_goes_up(links: FastLinks, host: str) -> None:
    group, member = Group(1), Member(0x0A000002 if host == WEB else 0x0A000003, (1,))
    filtered = build(
        9, 4, TABLE.mappings, pools=[POOL], policies=Policies(groups=(group,), members=(member,))
    )
    links.fill("table_1", filtered)
    links.word(9)
    try:
        for direction, (sender, _, _, receiver) in WAYS.items():
            packet = made(direction, PLAIN["tcp"])
            if host in (sender, receiver):
                goes_up(links, Passed.MEMBER, direction, packet)
            else:
                is_carried(links, direction, packet)
    finally:
        links.word(TABLE.generation)


def test_segments_that_are_too_long_go_up(links: FastLinks) -> None:
    packet = made(IN, TCP(sport=1, dport=2, flags="A") / Raw(bytes(3000)))
    frame = links.frame("client", left(packet))
    links.mtu(WEB, 1000)
    try:
        for size, expected in ((1400, {Passed.TOO_LONG: 1}), (900, {})):
            links.forget()
            links.put("client", frame, (NEEDS_CHECKSUM, GSO_TCP, 54, size, TRANSPORT_AT, 16))
            links.counted({} if expected else {Reason.TRANSLATED: 1}, expected)
    finally:
        links.mtu(WEB, 1500)


def test_a_link_that_is_down_is_no_way(links: FastLinks) -> None:
    packet = made(IN, PLAIN["udp"])
    with Links(links.name("gateway")) as gateway:
        gateway.down(WEB)
        try:
            links.send("client", packet)
            links.counted({}, {Passed.NO_WAY: 1})
        finally:
            gateway.up(WEB)
            gateway.put(Route(f"{PRIVATE[WEB]}/32", link=WEB))
            links.neighbour(WEB, PRIVATE[WEB], links.mac(WEB, "eth0").hex(":"))
    is_carried(links, IN, packet)


@each_way
@pytest.mark.parametrize("setting", ["state", "watched", "word"])
def test_what_is_switched_off_counts_nothing(
    links: FastLinks, direction: Direction, setting: str
) -> None:
    packet = made(direction, PLAIN["udp"])
    host = WAYS[direction][0]
    on = {"state": State.CARRYING, "watched": 0}
    try:
        for off in {"state": (State.PREPARED, State.RETIRED), "watched": (1,)}.get(setting, (0,)):
            if setting == "word":
                links.word(8)  # no table is of this generation
            else:
                links.set(setting, off)
            with links.capture("client") as capture:
                links.send(host, packet)  # the kernel sends it on to the internet, as it is
                assert capture.one().packet[12:20] == packet[12:20]
            assert (links.passed(every=True), links.reasons()) == ({}, {})
    finally:
        links.word(TABLE.generation)
        for name, value in on.items():
            links.set(name, value)
    is_carried(links, direction, packet)


def test_the_second_table_is_taken_once_its_generation_is_published(links: FastLinks) -> None:
    moved = build(
        8, 4, [Mapping(0xCB007109, 0x0A000003, 1), Mapping(0xCB00710A, 0x0A000002, 2)], pools=[POOL]
    )
    packet = made(IN, PLAIN["udp"])
    links.fill("table_1", moved)
    is_carried(links, IN, packet)
    try:
        with links.capture(DB) as capture:
            links.word(8)
            links.send("client", packet)
            assert capture.one().packet[16:20] == bytes([10, 0, 0, 3])
    finally:
        links.word(TABLE.generation)
