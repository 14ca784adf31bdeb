"""Whole packets through the gateway: sent on one side, compared byte by byte on the other.

The expected packet is built by Scapy from the sent one: other address, one hop less, checksums
computed from nothing. So every field that must not change is compared, too.
"""

from collections.abc import Callable, Iterator

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP, in4_chksum
from scapy.layers.l2 import GRE
from scapy.layers.sctp import SCTP, SCTPChunkInit
from scapy.packet import Packet, Raw
from support.labs import Instance, Lab, eventually
from support.peers import transfer
from support.wire import Capture, send

from gateway.dataplane.queues import queues
from gateway.dataplane.record import OFF
from gateway.engine import nfqueue, queue_socket
from gateway.net import namespace

LONGEST = 1500 - 20
UDP_LITE, DCCP = 136, 33

ROWS = {
    "tcp-syn": IP() / TCP(sport=40000, dport=80, flags="S", seq=1, options=[("MSS", 1460)]),
    "tcp-data": IP() / TCP(sport=40000, dport=80, flags="PA", seq=2) / Raw(b"GET / HTTP/1.0\r\n"),
    "tcp-odd-length": IP() / TCP(sport=40000, dport=80, flags="A") / Raw(b"odd"),
    "tcp-longest": IP() / TCP(sport=40000, dport=80, flags="A") / Raw(b"x" * (LONGEST - 20)),
    "udp": IP() / UDP(sport=5000, dport=53) / Raw(b"question"),
    "udp-no-checksum": IP() / UDP(sport=5000, dport=53, chksum=0) / Raw(b"question"),
    "udp-empty": IP() / UDP(sport=5000, dport=53),
    "udp-longest": IP() / UDP(sport=5000, dport=53) / Raw(b"x" * (LONGEST - 8)),
    "udp-lite": IP(proto=UDP_LITE) / Raw(bytes.fromhex("1388 0035 0000 0000") + b"question"),
    "dccp-request": IP(proto=DCCP) / Raw(bytes.fromhex("1388 0035 0500 0000") + bytes(12)),
    "icmp-echo": IP() / ICMP(type=8, id=77, seq=3) / Raw(b"payload"),
    "icmp-echo-reply": IP() / ICMP(type=0, id=77, seq=3) / Raw(b"payload"),
    "icmp-timestamp": IP() / ICMP(type=13, id=77, seq=3),
    "icmp-of-no-known-type": IP() / ICMP(type=253) / Raw(b"payload"),
    "sctp-init": IP() / SCTP(sport=5000, dport=9) / SCTPChunkInit(),
    "gre": IP() / GRE() / IP(src="192.0.2.1", dst="192.0.2.2") / ICMP(),
    "ipip": IP() / IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=1, dport=2),
    "esp": IP(proto=50) / Raw(b"\0\0\1\0" + b"secret" * 8),
    "experimental-protocol": IP(proto=253) / Raw(b"anything"),
    "no-payload": IP(proto=253),
    "more-fragments-of-an-unknown-protocol": IP(proto=253, flags="MF") / Raw(b"x" * 64),
    "later-fragment-of-tcp": IP(proto=6, frag=9) / Raw(b"short"),
    "later-fragment-of-udp": IP(proto=17, frag=9) / Raw(b"x"),
}

DROPPED = {
    "tcp-cut": ("transport-truncated", IP(proto=6) / Raw(b"\0" * 19)),
    "udp-cut": ("transport-truncated", IP(proto=17) / Raw(b"\0" * 7)),
    "icmp-cut": ("transport-truncated", IP(proto=1) / Raw(b"\0" * 7)),
    "dccp-cut": ("transport-truncated", IP(proto=DCCP) / Raw(b"\0" * 11)),
    "tiny-first-fragment": ("transport-truncated", IP(proto=6, flags="MF") / Raw(b"\0" * 16)),
    "authentication-header": ("authentication-header", IP(proto=51) / Raw(b"\0" * 24)),
    "redirect": ("unsupported-icmp", IP() / ICMP(type=5) / Raw(b"\0" * 28)),
}

MARTIANS = (
    "0.0.0.1",
    "10.1.2.3",
    "127.0.0.1",
    "169.254.1.1",
    "172.16.0.1",
    "192.168.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
)


def addressed(packet: Packet, **fields: object) -> Packet:
    """The packet with these fields of its IP header, as bytes and dissected again."""
    made = packet.copy()
    for name, value in fields.items():
        setattr(made[IP], name, value)
    protocol, data = made[IP].proto, bytes(made[IP].payload)
    if protocol in (UDP_LITE, DCCP):
        summed = in4_chksum(protocol, made[IP], data[:6] + b"\0\0" + data[8:])
        made = IP(**made[IP].fields) / Raw(data[:6] + summed.to_bytes(2) + data[8:])
    return IP(bytes(made))


def through(packet: Packet, **addresses: str) -> Packet:
    """The packet as it must arrive: `addresses` replaced, a hop less, checksums computed anew."""
    expected = packet.copy()
    ip = expected[IP]
    del ip.chksum
    if TCP in expected:
        del expected[TCP].chksum
    if isinstance(ip.payload, UDP) and ip.payload.chksum != 0:
        del ip.payload.chksum
    return addressed(expected, ttl=ip.ttl - 1, **addresses)


@pytest.fixture
def inbound_wire(web: Instance) -> Iterator[Capture]:
    with Capture(web.namespace, "eth0") as capture:
        yield capture


@pytest.fixture
def outbound_wire(lab: Lab) -> Iterator[Capture]:
    with Capture(lab.uplink, "eth0") as capture:
        yield capture


def marked(number: int) -> Callable[[Packet], bool]:
    return lambda packet: packet[IP].id == number


@pytest.mark.parametrize("packet", ROWS.values(), ids=ROWS)
def test_inbound(lab: Lab, web: Instance, inbound_wire: Capture, packet: Packet) -> None:
    client = lab.topology.clients[0]
    sent = addressed(packet, src=client, dst=web.public, id=4321, ttl=40, tos=0x10)
    send(lab, "internet", sent)
    arrived = inbound_wire.until(marked(4321))[-1]
    assert bytes(arrived) == bytes(through(sent, dst=web.private))


@pytest.mark.parametrize("packet", ROWS.values(), ids=ROWS)
def test_outbound(lab: Lab, web: Instance, outbound_wire: Capture, packet: Packet) -> None:
    sent = addressed(packet, src=web.private, dst=lab.topology.clients[0], id=4322, ttl=40)
    send(lab, web.id, sent)
    arrived = outbound_wire.until(marked(4322))[-1]
    assert bytes(arrived) == bytes(through(sent, src=web.public))


def test_ip_options_and_padding(lab: Lab, web: Instance, inbound_wire: Capture) -> None:
    plain = IP(src=lab.topology.clients[0], dst=web.public, options=[IPOption_NOP()] * 4)
    sent = addressed(plain / UDP(sport=1, dport=2) / Raw(b"x"), id=4323)
    send(lab, "internet", IP(bytes(sent)) / Raw(b"\0" * 17))
    arrived = inbound_wire.until(marked(4323))[-1]
    assert bytes(arrived) == bytes(through(sent, dst=web.private))


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
@pytest.mark.parametrize(("reason", "packet"), DROPPED.values(), ids=DROPPED)
def test_what_is_dropped_has_its_reason(
    lab: Lab, web: Instance, direction: str, reason: str, packet: Packet
) -> None:
    client = lab.topology.clients[0]
    if direction == "inbound":
        host, sent = "internet", addressed(packet, src=client, dst=web.public)
    else:
        host, sent = web.id, addressed(packet, src=web.private, dst=client)
    before = lab.reasons()
    send(lab, host, sent)
    eventually(lambda: lab.reasons()[reason] == before[reason] + 1)
    assert lab.reasons() == before | {reason: before[reason] + 1}


def test_what_cannot_come_from_the_internet_is_a_martian(lab: Lab, web: Instance) -> None:
    """Nor can our own addresses: the pool's, whether someone has them or not."""
    other = lab.instance("other")
    sources = (*MARTIANS, web.private, other.public, "203.0.113.0", "203.0.113.200")
    before = lab.reasons()
    send(lab, "internet", *(IP(src=source, dst=web.public) / ICMP() for source in sources))
    send(lab, "internet", IP(src=web.public, dst=web.public) / ICMP())
    expected = before | {
        "martian": before["martian"] + len(sources),
        "land": before["land"] + 1,
    }
    eventually(lambda: lab.reasons()["land"] == expected["land"])
    assert lab.reasons() == expected
    other.terminate()


def test_counters_are_ip_bytes_by_address_and_direction(lab: Lab, web: Instance) -> None:
    client, public = lab.topology.clients[0], web.public
    before = lab.ask("counters")["addresses"].get(
        public, dict.fromkeys(("packets_in", "bytes_in"), 0)
    )
    sizes = (0, 1, 500)
    # To a protocol nobody answers: an echo reply that nobody asked for
    send(
        lab,
        "internet",
        *(IP(src=client, dst=public) / ICMP(type=0) / Raw(b"x" * size) for size in sizes),
    )

    def counted() -> tuple[int, int]:
        after = lab.ask("counters")["addresses"][public]
        return (
            after["packets_in"] - before["packets_in"],
            after["bytes_in"] - before["bytes_in"],
        )

    eventually(lambda: counted()[0] == len(sizes))
    assert counted() == (len(sizes), sum(28 + size for size in sizes))


@pytest.mark.parametrize("fastpath", [OFF])
@pytest.mark.parametrize(
    ("engine", "copied", "mtu", "too_long"),
    [
        pytest.param("batch", queue_socket.COPY_RANGE, 65535, [65532, 65535], id="batch"),
        pytest.param(
            "netfilterqueue",
            nfqueue.COPY_RANGE,
            9000,
            [nfqueue.COPY_RANGE + 1, 4016, 4017, 5028, 8028],
            id="netfilterqueue",
        ),
    ],
)
def test_a_packet_above_what_the_queue_copies_is_dropped_as_truncated(
    own_lab: Lab, engine: str, copied: int, mtu: int, too_long: list[int]
) -> None:
    """To send on what was copied would cut the packet; to lose it would fill the queue."""
    assert own_lab.run("dataplane", "restart", "--engine", engine).returncode == 0
    web = own_lab.instance("web")
    for host, interface in (
        (own_lab.uplink, "eth0"),
        (own_lab.gateway, "uplink"),
        (own_lab.gateway, web.id),
        (web.namespace, "eth0"),
    ):
        own_lab.exec_in(host, "ip", "link", "set", interface, "mtu", str(mtu))
    ping = ("ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s")
    assert own_lab.exec("internet", *ping, f"{copied - 28}", web.public).returncode == 0
    for size in too_long:
        assert own_lab.exec("internet", *ping, f"{size - 28}", web.public).returncode != 0
    assert own_lab.reasons()["truncated"] == len(too_long)
    with namespace.inside(own_lab.gateway):
        assert not any(queue.waiting for queue in queues())


def test_a_tcp_transfer_of_some_megabytes_is_whole(lab: Lab, web: Instance) -> None:
    """Many packets, segmented aggregates and all: what arrives is what was sent."""
    caller = transfer(lab, "internet", web.id, web.public, blocks=64)
    assert caller == lab.topology.internet_address
