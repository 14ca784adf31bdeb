"""Whole packets through the gateway: sent on one side, compared byte by byte on the other.

The expected packet is built by Scapy from the sent one: other address, one hop less, checksums
computed from nothing. So every field that must not change is compared, too.
"""

from collections.abc import Callable, Iterator

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP
from scapy.packet import Packet, Raw
from support.labs import Instance, Lab, eventually
from support.wire import Capture, send

from gateway.engine.nfqueue import COPY_RANGE
from gateway.engine.queues import queues
from gateway.net import namespace

LONGEST = 1500 - 20

ROWS = {
    "tcp-syn": TCP(sport=40000, dport=80, flags="S", seq=1, options=[("MSS", 1460)]),
    "tcp-data": TCP(sport=40000, dport=80, flags="PA", seq=2, ack=9)
    / Raw(b"GET / HTTP/1.0\r\n\r\n"),
    "tcp-odd-length": TCP(sport=40000, dport=80, flags="A") / Raw(b"odd"),
    "tcp-longest": TCP(sport=40000, dport=80, flags="A") / Raw(b"x" * (LONGEST - 20)),
    "udp": UDP(sport=5000, dport=53) / Raw(b"question"),
    "udp-no-checksum": UDP(sport=5000, dport=53, chksum=0) / Raw(b"question"),
    "udp-empty": UDP(sport=5000, dport=53),
    "udp-longest": UDP(sport=5000, dport=53) / Raw(b"x" * (LONGEST - 8)),
    "icmp-echo": ICMP(type=8, id=77, seq=3) / Raw(b"payload"),
    "icmp-echo-reply": ICMP(type=0, id=77, seq=3) / Raw(b"payload"),
}

DROPPED = {
    "unsupported-protocol": (IP(proto=47), Raw(b"\0" * 16)),
    "unsupported-icmp": (IP(), ICMP(type=13)),
    "unsupported-fragment": (IP(flags="MF", proto=17), Raw(b"\0" * 24)),
    "transport-truncated": (IP(proto=6), Raw(b"\0" * 12)),
}


def through(packet: Packet, **addresses: str) -> Packet:
    """The packet as it must arrive: `addresses` replaced, a hop less, checksums computed anew."""
    expected = packet.copy()
    ip = expected[IP]
    for name, address in addresses.items():
        setattr(ip, name, address)
    ip.ttl -= 1
    del ip.chksum
    if TCP in expected:
        del expected[TCP].chksum
    if UDP in expected and packet[UDP].chksum != 0:
        del expected[UDP].chksum
    return IP(bytes(expected))


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


@pytest.mark.parametrize("payload", ROWS.values(), ids=ROWS)
def test_inbound(lab: Lab, web: Instance, inbound_wire: Capture, payload: Packet) -> None:
    sent = IP(src=lab.topology.clients[0], dst=web.public, id=4321, ttl=40, tos=0x10) / payload
    send(lab, "internet", sent)
    arrived = inbound_wire.until(marked(4321))[-1]
    assert bytes(arrived) == bytes(through(IP(bytes(sent)), dst=web.private))


@pytest.mark.parametrize("payload", ROWS.values(), ids=ROWS)
def test_outbound(lab: Lab, web: Instance, outbound_wire: Capture, payload: Packet) -> None:
    sent = IP(src=web.private, dst=lab.topology.clients[0], id=4322, ttl=40, flags="DF") / payload
    send(lab, web.id, sent)
    arrived = outbound_wire.until(marked(4322))[-1]
    assert bytes(arrived) == bytes(through(IP(bytes(sent)), src=web.public))


def test_ip_options_and_padding(lab: Lab, web: Instance, inbound_wire: Capture) -> None:
    options = [IPOption_NOP()] * 4
    sent = IP(src=lab.topology.clients[0], dst=web.public, id=4323, options=options)
    sent = sent / UDP(sport=1, dport=2) / Raw(b"x")
    send(lab, "internet", sent / Raw(b"\0" * 17))
    sent = sent.__class__(bytes(sent))
    arrived = inbound_wire.until(marked(4323))[-1]
    assert arrived[IP].options == sent[IP].options
    assert arrived[IP].dst == web.private


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
@pytest.mark.parametrize(("reason", "layers"), DROPPED.items(), ids=DROPPED)
def test_what_is_dropped_has_its_reason(
    lab: Lab, web: Instance, direction: str, reason: str, layers: tuple[Packet, Packet]
) -> None:
    before = lab.reasons()
    head, payload = layers[0].copy(), layers[1]
    client = lab.topology.clients[0]
    if direction == "inbound":
        head.src, head.dst = client, web.public
        send(lab, "internet", head / payload)
    else:
        head.src, head.dst = web.private, client
        send(lab, web.id, head / payload)
    eventually(lambda: lab.reasons()[reason] == before[reason] + 1)
    after = lab.reasons()
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        reason: 1
    }


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


def test_a_packet_above_what_the_queue_copies_is_dropped_as_truncated(own_lab: Lab) -> None:
    """To send on what was copied would cut the packet; to lose it would fill the queue."""
    web = own_lab.instance("web")
    for host, interface in (
        (own_lab.uplink, "eth0"),
        (own_lab.gateway, "uplink"),
        (own_lab.gateway, web.id),
        (web.namespace, "eth0"),
    ):
        own_lab.exec_in(host, "ip", "link", "set", interface, "mtu", "9000")
    ping = ("ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s")
    fits = COPY_RANGE - 28
    assert own_lab.exec("internet", *ping, f"{fits}", web.public).returncode == 0
    too_long = [fits + 1, 4016 - 28, 4017 - 28, 5000, 8000]
    for size in too_long:
        assert own_lab.exec("internet", *ping, f"{size}", web.public).returncode != 0
    assert own_lab.reasons()["truncated"] == len(too_long)
    with namespace.inside(own_lab.gateway):
        assert [queue.waiting for queue in queues()] == [0]


def test_a_tcp_transfer_of_some_megabytes_is_whole(lab: Lab, web: Instance) -> None:
    """Many packets, segmented aggregates and all: what arrives is what was sent."""
    script = (
        "import socket,hashlib,sys\n"
        "s=socket.create_server(('0.0.0.0',9000))\n"
        "print('ready',flush=True)\n"
        "c,_=s.accept(); h=hashlib.sha256()\n"
        "while d:=c.recv(65536): h.update(d)\n"
        "print(h.hexdigest(),flush=True)\n"
    )
    client = (
        "import socket,hashlib,sys\n"
        f"c=socket.create_connection(('{web.public}',9000),timeout=10); h=hashlib.sha256()\n"
        "block=bytes(range(256))*256\n"
        "for _ in range(64): c.sendall(block); h.update(block)\n"
        "c.close(); print(h.hexdigest())\n"
    )
    with lab.start(web.id, "python3", "-c", script) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        sent = lab.exec("internet", "python3", "-c", client)
        received = server.stdout.readline()
    assert sent.stdout == received != ""
