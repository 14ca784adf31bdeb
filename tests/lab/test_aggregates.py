"""What senders leave to a network card crosses the gateway right: aggregates and checksums.

The receiving kernel checks every checksum here: what the gateway has rewritten comes without the
sender's promise that it is right. All this is of the batch engine, the default.
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import GRE, Ether
from scapy.packet import Raw
from support.labs import Instance, Lab, eventually
from support.peers import transfer
from support.wire import ETH_P_IP, mac

from gateway.lab.hosts import INTERNET
from gateway.lab.topology import UPLINK
from gateway.nat.reasons import Reason
from gateway.net import namespace

SOL_UDP, UDP_SEGMENT = 17, 103
SOL_PACKET, PACKET_VNET_HDR = 263, 15
# struct virtio_net_hdr: flags, kind of aggregate, header's length, segment's, where to sum, and to
VNET = struct.Struct("=BBHHHH")
NEEDS_CHECKSUM = 1
PORT = 9100
SEGMENT, SEGMENTS = 1000, 20
BLOCKS = 64  # of 64 KiB
TCP_PACKET = 1448  # bytes of data in a packet


@contextmanager
def bound(lab: Lab, host: str) -> Iterator[socket.socket]:
    """A UDP socket of the host."""
    with namespace.inside(lab.hosts.namespace(host)):
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with found:
        found.settimeout(5)
        found.bind(("", PORT))
        yield found


@pytest.fixture(params=["inbound", "outbound", "hairpin"])
def way(request: pytest.FixtureRequest, lab: Lab, web: Instance) -> Iterator[tuple[str, str, str]]:
    """Sender, receiver, and the address that the sender calls."""
    if request.param == "inbound":
        yield INTERNET, web.id, web.public
    elif request.param == "outbound":
        yield web.id, INTERNET, lab.topology.clients[0]
    else:
        other = lab.instance("other")
        yield other.id, web.id, web.public
        other.terminate()


def test_tcp_crosses_in_aggregates(lab: Lab, way: tuple[str, str, str]) -> None:
    sender, receiver, address = way
    before = lab.reasons()["translated"]
    transfer(lab, sender, receiver, address, blocks=BLOCKS)
    # Acknowledgements included; one by one, the data alone would be four times as many.
    assert lab.reasons()["translated"] - before < BLOCKS * 65536 / TCP_PACKET / 4


def test_an_aggregate_of_datagrams_is_cut_into_right_ones(
    lab: Lab, way: tuple[str, str, str]
) -> None:
    sender, receiver, address = way
    parts = [bytes([number]) * SEGMENT for number in range(SEGMENTS)]
    with bound(lab, sender) as source, bound(lab, receiver) as sink:
        source.setsockopt(SOL_UDP, UDP_SEGMENT, SEGMENT)
        source.sendto(b"".join(parts), (address, PORT))
        assert [sink.recv(2 * SEGMENT) for _ in parts] == parts


def test_a_datagram_whose_checksum_was_left_unfinished_arrives(
    lab: Lab, way: tuple[str, str, str]
) -> None:
    sender, receiver, address = way
    with bound(lab, sender) as source, bound(lab, receiver) as sink:
        for size in (0, 1, 2, 3, 1399, 1400):
            source.sendto(b"\xa5" * size, (address, PORT))
            assert sink.recv(2000) == b"\xa5" * size


def test_a_checksum_left_unfinished_inside_a_tunnel_is_a_reason(lab: Lab, web: Instance) -> None:
    """Only the sender's kernel knows where it is: better no packet than one that is wrong."""
    client = lab.topology.clients[0]
    inner = IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=1, dport=2) / Raw(b"inner")
    packet = bytes(IP(src=client, dst=web.public) / GRE() / inner)
    before = lab.reasons()
    send_unfinished(lab, packet, at=20 + 4 + 20, field=6)
    eventually(lambda: lab.reasons() != before)
    after = lab.reasons()
    dropped = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert dropped == {Reason.UNFINISHED.label: 1}


def send_unfinished(lab: Lab, packet: bytes, *, at: int, field: int) -> None:
    """Put a packet on the internet's link whose checksum at `at` + `field` is to be finished."""
    frame = bytes(Ether(dst=mac(lab.gateway, UPLINK), type=ETH_P_IP)) + packet
    head = VNET.pack(NEEDS_CHECKSUM, 0, 0, 0, 14 + at, field)
    with (
        namespace.inside(lab.hosts.namespace(INTERNET)),
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link,
    ):
        link.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        link.bind(("eth0", ETH_P_IP))
        link.send(head + frame)
