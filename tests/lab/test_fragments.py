"""Fragments on the wire: in any order, each translated by itself, whole at the other end.

60,000 bytes are 41 of them. The gateway keeps nothing of one for the next.
"""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from scapy.layers.inet import ICMP, IP, UDP, fragment
from scapy.packet import Packet, Raw
from support.labs import Instance, Lab
from support.peers import PYTHON, RECEIVE_DATAGRAM, datagram, listening
from support.wire import Capture, nothing_private, send

LARGE = 60_000  # bytes
PIECE = 256  # bytes of data in a fragment made here
IDENTIFICATION = 4711

ORDERS: dict[str, Callable[[list[Packet]], list[Packet]]] = {
    "in-order": list,
    "reversed": lambda pieces: pieces[::-1],
    "first-last": lambda pieces: [*pieces[1:], pieces[0]],
    "shuffled": lambda pieces: random.Random(7).sample(pieces, len(pieces)),  # noqa: S311
    "each-twice": lambda pieces: [twin for piece in pieces for twin in (piece, piece)],
}


class Way(NamedTuple):
    """Who sends to whom by which address, and the addresses before and after translation."""

    sender: str
    receiver: str
    target: str
    sent: tuple[str, str]
    arrives: tuple[str, str]


@pytest.fixture
def other(lab: Lab) -> Iterator[Instance]:
    instance = lab.instance("other", bandwidth=100)
    yield instance
    instance.terminate()


@pytest.fixture(params=["outbound", "inbound", "hairpin"])
def way(request: pytest.FixtureRequest, lab: Lab, web: Instance, other: Instance) -> Way:
    client = lab.topology.clients[0]
    if request.param == "outbound":
        addresses = (web.private, client), (web.public, client)
        return Way(web.id, "internet", client, *addresses)
    if request.param == "inbound":
        addresses = (client, web.public), (client, web.private)
        return Way("internet", web.id, web.public, *addresses)
    addresses = (web.private, other.public), (web.public, other.private)
    return Way(web.id, other.id, other.public, *addresses)


def test_a_large_ping(lab: Lab, web: Instance, way: Way) -> None:
    options = ("-n", "-c", "2", "-i", "0.2", "-W", "5", "-s", str(LARGE))
    with nothing_private(lab, web):
        done = lab.exec(way.sender, "ping", *options, way.target)
    assert "2 packets transmitted, 2 received" in done.stdout, done.stdout


def test_a_large_datagram(lab: Lab, web: Instance, way: Way) -> None:
    with nothing_private(lab, web):
        caller = datagram(lab, way.sender, way.receiver, way.target, size=LARGE)
    assert caller == (way.arrives[0] if web.id == way.sender else lab.topology.internet_address)


def pieces_of(addresses: tuple[str, str], *, ttl: int) -> list[Packet]:
    """A datagram in fragments, its checksum over all of it."""
    head = IP(src=addresses[0], dst=addresses[1], id=IDENTIFICATION, ttl=ttl)
    whole = head / UDP(sport=5000, dport=9000) / Raw(random.Random(3).randbytes(2000))  # noqa: S311
    pieces = fragment(IP(bytes(whole)), fragsize=PIECE)  # type: ignore[no-untyped-call]
    return [IP(bytes(piece)) for piece in pieces]


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_fragments_in_any_order(
    lab: Lab, way: Way, order: Callable[[list[Packet]], list[Packet]]
) -> None:
    """Each byte as it must be on the wire, and the receiver's kernel makes one datagram of them."""
    sent = order(pieces_of(way.sent, ttl=64))
    expected = [bytes(piece) for piece in order(pieces_of(way.arrives, ttl=63))]
    receiver = lab.hosts.namespace(way.receiver)
    with (
        listening(lab, way.receiver, PYTHON, "-c", RECEIVE_DATAGRAM) as server,
        Capture(receiver, "eth0") as wire,
    ):
        send(lab, way.sender, *sent)
        seen: list[bytes] = []
        while len(seen) < len(expected):
            arrived = wire.until(lambda p: (p[IP].id, p[IP].ttl) == (IDENTIFICATION, 63))
            seen.append(bytes(arrived[-1]))
        assert server.stdout is not None
        received = server.stdout.readline().split()
    assert seen == expected
    assert received[:2] == [way.arrives[0], "2000"]


def test_a_fragment_that_never_gets_its_others_is_forgotten(
    lab: Lab, web: Instance, other: Instance
) -> None:
    """Nothing waits in the gateway: as many fragments without a first as there are, all pass."""
    client, lonely = lab.topology.clients[0], 300
    before = lab.counters()
    sent = [
        IP(src=web.private, dst=client, id=number, frag=100, proto=17) / Raw(b"x" * 32)
        for number in range(lonely)
    ]
    with Capture(lab.uplink, "eth0") as wire:
        send(lab, web.id, *sent)
        send(lab, web.id, IP(src=web.private, dst=client, id=60_000) / ICMP(type=0))
        seen = wire.until(lambda p: bool(p[IP].id == 60_000))
    assert sum(p[IP].frag == 100 for p in seen) == lonely
    translated = lab.counters().reasons["translated"] - before.reasons["translated"]
    assert translated == lonely + 1
