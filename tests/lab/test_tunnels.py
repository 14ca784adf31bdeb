"""Tunnels through the gateway: what a sender leaves unfinished inside is finished by the kernel.

The default engine takes packets uncut and unfinished. Where a checksum is unfinished inside a
tunnel only the kernel knows: such a packet goes to a second queue, for which the kernel finishes.
"""

import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import GRE, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw
from support.labs import Instance, Lab
from support.peers import PORT, bound, transfer
from support.wire import ETH_P_IP, mac
from vectors.unfinished import left

from gateway.dataplane.record import OFF
from gateway.lab.hosts import INTERNET
from gateway.lab.topology import UPLINK
from gateway.net import namespace

FASTPATH = OFF
SOL_PACKET, PACKET_VNET_HDR = 263, 15
# struct virtio_net_hdr: flags, kind of aggregate, header's length, segment's, where to sum, and to
VNET = struct.Struct("=BBHHHH")
NEEDS_CHECKSUM = 1
NEAR, FAR = "192.0.2.1", "192.0.2.2"  # inside the tunnel

INNER_MACS = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
GENEVE = Raw(b"\0\0\x65\x58\0\0\x07\0")  # no options, an Ethernet frame, network 7
TUNNELS = {
    "vxlan": UDP(sport=5000, dport=4789, chksum=0) / VXLAN(vni=7) / INNER_MACS,
    "vxlan-with-a-checksum": UDP(sport=5000, dport=4789) / VXLAN(vni=7) / INNER_MACS,
    "geneve": UDP(sport=5000, dport=6081, chksum=0) / GENEVE / Raw(bytes(INNER_MACS / IP())[:14]),
    "gre": GRE(),
    "ip-in-ip": None,
}
TRANSPORTS = {
    "tcp": (TCP(sport=1, dport=2, flags="PA") / Raw(b"inner data"), 16),
    "udp": (UDP(sport=1, dport=2) / Raw(b"inner data"), 6),
    "icmp": (ICMP(id=7) / Raw(b"inner data"), None),
}


@pytest.fixture(params=["inbound", "outbound"])
def ends(request: pytest.FixtureRequest, lab: Lab, web: Instance) -> tuple[str, str, str, str]:
    """The sending host, its address, the receiving host, and its address as the sender knows it."""
    client = lab.topology.clients[0]
    if request.param == "inbound":
        return INTERNET, client, web.id, web.public
    return web.id, web.private, INTERNET, client


def wrapped(source: str, destination: str, tunnel: Packet | None, inner: Packet) -> bytes:
    outer = IP(src=source, dst=destination)
    return bytes(outer / tunnel / inner if tunnel else outer / inner)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("tunnel", TUNNELS)
def test_what_is_inside_a_tunnel_arrives_finished(
    lab: Lab, ends: tuple[str, str, str, str], tunnel: str, transport: str
) -> None:
    sender, source, receiver, destination = ends
    above, field = TRANSPORTS[transport]
    inner = IP(src=NEAR, dst=FAR) / above
    whole = bytes(inner)
    packet = wrapped(source, destination, TUNNELS[tunnel], inner)
    before = lab.reasons()
    with capturing(lab, receiver) as link:
        send(lab, sender, packet, len(packet) - len(whole) + 20, field)
        got = next(raw[14:] for raw in iter(lambda: link.recv(2000), b"") if whole[20:] in raw)
    assert got[-len(whole) :] == whole, "as Scapy finishes it"
    assert got == with_checksums(got), "and the outer ones are right as well"
    assert lab.reasons()["unfinished"] == before["unfinished"]


def with_checksums(raw: bytes) -> bytes:
    """The packet with the outer checksums as Scapy computes them."""
    packet = IP(raw)
    del packet.chksum
    if UDP in packet and packet[UDP].chksum:
        del packet[UDP].chksum
    return bytes(packet)


@contextmanager
def capturing(lab: Lab, host: str) -> Iterator[socket.socket]:
    """All IPv4 packets that arrive on the host's link."""
    with namespace.inside(lab.hosts.namespace(host)):
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
        link.bind(("eth0", ETH_P_IP))
    with link:
        link.settimeout(5)
        yield link


def send(lab: Lab, host: str, packet: bytes, at: int, field: int | None) -> None:
    """Put a packet on the host's link; its checksum at `at` + `field` is left to the card."""
    towards = mac(lab.gateway, UPLINK if host == INTERNET else host)
    head = bytes(VNET.size)
    if field is not None:
        packet = packet[: at - 20] + left(packet[at - 20 :])
        head = VNET.pack(NEEDS_CHECKSUM, 0, 0, 0, 14 + at, field)
    frame = bytes(Ether(dst=towards, type=ETH_P_IP)) + packet
    with (
        namespace.inside(lab.hosts.namespace(host)),
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link,
    ):
        link.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        link.bind(("eth0", ETH_P_IP))
        link.send(head + frame)


@pytest.fixture
def tunnel(lab: Lab, web: Instance) -> Iterator[None]:
    """A network of VXLAN's between the instance and the internet, by their kernels."""
    client = lab.topology.clients[0]
    sides = (
        (web.id, web.private, client, NEAR),
        (INTERNET, client, web.public, FAR),
    )
    with ExitStack() as stack:
        for host, local, remote, address in sides:
            ip = ("ip", "-n", lab.hosts.namespace(host), "link")
            kind = ("type", "vxlan", "id", "7", "dev", "eth0", "dstport", "4789")
            made = run(*ip, "add", "tunnel", *kind, "local", local, "remote", remote)
            if "Unknown device type" in made:
                pytest.skip("this kernel has no VXLAN")
            stack.callback(run, *ip, "del", "tunnel")
            run(
                "ip",
                "-n",
                lab.hosts.namespace(host),
                "addr",
                "add",
                f"{address}/30",
                "dev",
                "tunnel",
            )
            assert run(*ip, "set", "tunnel", "up") == ""
        yield


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize("receiver", ["instance", "internet"])
def test_a_network_through_a_tunnel_works_as_it_is(
    lab: Lab, web: Instance, tunnel: None, receiver: str
) -> None:
    """TCP in aggregates, datagrams and ping, without a word to ethtool."""
    near, far = (web.id, NEAR), (INTERNET, FAR)
    (host, address), (sender, _) = (near, far) if receiver == "instance" else (far, near)
    before = lab.reasons()["unfinished"]
    assert lab.pings(sender, address, within_s=5)
    transfer(lab, sender, host, address, blocks=16)
    with bound(lab, host) as sink, bound(lab, sender) as source:
        for size in (1, 1000, 1400):
            source.sendto(b"\xa5" * size, (address, PORT))
            assert sink.recv(2000) == b"\xa5" * size
    assert lab.reasons()["unfinished"] == before
