"""The programs of the fast path on real links: where packets come out, and as what.

There is no queue behind the programs: what arrives translated was carried by them.
"""

from collections.abc import Iterator

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw
from support.fast_links import CLIENT, NEEDS_CHECKSUM, UPLINK, WEB, FastLinks
from support.fast_ways import (
    GSO_TCP,
    GSO_UDP,
    HAIRPIN,
    IN,
    NOTHING,
    PLAIN,
    PUBLIC,
    SUM_AT,
    TRANSPORT_AT,
    WAYS,
    each_way,
    made,
)
from vectors.unfinished import left

from gateway.exchange.worker_page import Traffic
from gateway.fastpath.passage import Passed
from gateway.nat.outcome import Direction
from gateway.nat.reasons import Reason


@pytest.fixture
def jumbo(links: FastLinks) -> Iterator[FastLinks]:
    """The links, with room for packets of more than a page of memory."""
    links.widen(9000)
    yield links
    links.widen(1500)


@each_way
@pytest.mark.parametrize("kind", PLAIN)
def test_a_plain_packet_arrives_as_if_the_kernel_had_forwarded_it(
    links: FastLinks, direction: Direction, kind: str
) -> None:
    host, _, _, receiver = WAYS[direction]
    packet = made(direction, PLAIN[kind])
    with links.capture(receiver) as capture:
        links.send(host, packet)
        frame = capture.one()
    near = UPLINK if receiver == "client" else receiver
    assert frame.packet == links.expected(direction, packet)
    assert frame.ethernet[:12] == links.mac(receiver, "eth0") + links.mac("gateway", near)
    assert (frame.kind, frame.vnet) == (0, NOTHING)
    assert links.reasons() == {Reason.TRANSLATED: 1}
    sent, received = (0, 0, 1, len(packet)), (1, len(packet), 0, 0)
    assert links.traffic(1) == Traffic(*(received if direction is IN else sent))
    assert links.traffic(2) == Traffic(*(received if direction is HAIRPIN else (0, 0, 0, 0)))
    assert links.passed() == {}


@each_way
def test_fragments_are_carried_each_by_itself(links: FastLinks, direction: Direction) -> None:
    host, _, _, receiver = WAYS[direction]
    whole = made(direction, UDP(sport=1, dport=2) / Raw(bytes(range(200))))
    first = IP(whole[:20] + whole[20:124])
    first.flags, first.len, first.chksum = "MF", None, None
    last = IP(whole[:20] + whole[124:])
    last.frag, last.len, last.chksum = 13, None, None
    with links.capture(receiver) as capture:
        for packet in (bytes(last), bytes(first)):
            links.send(host, packet)
            assert capture.one().packet == links.expected(direction, packet)
    assert links.reasons() == {Reason.TRANSLATED: 2}


@each_way
@pytest.mark.parametrize("above", [PLAIN["tcp"], PLAIN["udp"]], ids=["tcp", "udp"])
def test_an_unfinished_checksum_stays_unfinished_and_right(
    links: FastLinks, direction: Direction, above: Packet
) -> None:
    host, _, _, receiver = WAYS[direction]
    packet = made(direction, above)
    place = SUM_AT[packet[9]]
    with links.capture(receiver) as capture:
        vnet = (NEEDS_CHECKSUM, 0, 0, 0, TRANSPORT_AT, place)
        links.put(host, links.frame(host, left(packet)), vnet)
        frame = capture.one()
    assert frame.packet == left(links.expected(direction, packet))
    assert frame.vnet[0] & NEEDS_CHECKSUM
    assert frame.vnet[4:] == (TRANSPORT_AT, place)


@each_way
@pytest.mark.parametrize(
    ("above", "kind"),
    [(TCP(sport=1, dport=2, flags="A"), GSO_TCP), (UDP(sport=1, dport=2), GSO_UDP)],
    ids=["tcp", "udp"],
)
def test_an_aggregate_is_carried_uncut(
    links: FastLinks, direction: Direction, above: Packet, kind: int
) -> None:
    host, _, _, receiver = WAYS[direction]
    packet = made(direction, above / Raw(b"\xa5" * 5000))
    headers = len(made(direction, above)) + 14
    with links.capture(receiver) as capture:
        vnet = (NEEDS_CHECKSUM, kind, headers, 1400, TRANSPORT_AT, SUM_AT[packet[9]])
        links.put(host, links.frame(host, left(packet)), vnet)
        frame = capture.one()
    assert frame.packet == left(links.expected(direction, packet))
    assert (frame.vnet[1], frame.vnet[3]) == (kind, 1400)
    assert links.reasons() == {Reason.TRANSLATED: 1}
    assert links.passed() == {}


@each_way
@pytest.mark.parametrize("checksum", [None, 0], ids=["with-a-checksum", "without"])
def test_what_is_unfinished_inside_a_tunnel_stays_so(
    links: FastLinks, direction: Direction, checksum: int | None
) -> None:
    host, _, _, receiver = WAYS[direction]
    inner = left(bytes(IP(src="10.9.9.1", dst="10.9.9.2") / PLAIN["tcp"]))
    outer = UDP(sport=5000, dport=4789, chksum=checksum) / VXLAN(vni=7) / Ether() / Raw(inner)
    packet = made(direction, outer)
    at = 14 + len(packet) - len(inner) + 20
    with links.capture(receiver) as capture:
        links.put(host, links.frame(host, packet), (NEEDS_CHECKSUM, 0, 0, 0, at, 16))
        frame = capture.one()
    assert frame.packet == links.expected(direction, packet)
    assert frame.vnet[4:] == (at, 16)


@each_way
@pytest.mark.parametrize(
    "above",
    [TCP(sport=1, dport=2, flags="A"), UDP(sport=1, dport=2), ICMP(id=1, seq=2)],
    ids=["tcp", "udp", "echo"],
)
@pytest.mark.parametrize("in_front", [14, 33, 40], ids=lambda length: f"{length}-bytes-in-front")
def test_headers_that_are_not_in_one_piece_are_brought_together(
    jumbo: FastLinks, direction: Direction, above: Packet, in_front: int
) -> None:
    host, _, _, receiver = WAYS[direction]
    packet = made(direction, above / Raw(b"\xa5" * 6000))  # a kernel puts the rest into pages
    with jumbo.capture(receiver) as capture:
        jumbo.put(host, jumbo.frame(host, packet), (0, 0, in_front, 0, 0, 0))
        assert capture.one().packet == jumbo.expected(direction, packet)
    assert (jumbo.reasons(), jumbo.passed()) == ({Reason.TRANSLATED: 1}, {})


def test_an_aggregate_whose_checksum_is_not_its_own_goes_up(links: FastLinks) -> None:
    packet = made(IN, UDP(sport=1, dport=2, chksum=0) / Raw(bytes(3000)))
    links.put("client", links.frame("client", packet), (NEEDS_CHECKSUM, GSO_UDP, 42, 1400, 34, 6))
    links.counted({}, {Passed.AGGREGATE: 1})


BAD = {
    Reason.LAND: IP(src=PUBLIC, dst=PUBLIC),
    Reason.MARTIAN: IP(src="10.0.0.3", dst=PUBLIC),
    Reason.UNKNOWN_PUBLIC: IP(src=CLIENT, dst="203.0.113.77"),
}


@pytest.mark.parametrize("reason", BAD, ids=lambda reason: reason.label)
def test_what_can_not_be_wanted_ends_here(links: FastLinks, reason: Reason) -> None:
    with links.capture(WEB) as capture:
        links.send("client", bytes(BAD[reason] / PLAIN["udp"]))
        links.counted({reason: 1}, {})
        assert capture.rest() == []
