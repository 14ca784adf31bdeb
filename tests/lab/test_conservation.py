"""Nothing is lost without a count: under a flood, too, each packet that was sent is found again.

    sent      = reasons (accepted and dropped) + guard + kernel's queue + kernel's header check
    delivered = accepted

The kernel checks the IPv4 header before it shows a packet to anybody (RFC 1812, 5.2.2), and counts
what it drops there in /proc/net. None of these packets is answered by who receives it.
"""

import random
from collections import Counter
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Packet, Raw
from support.blows import paused_workers
from support.labs import Instance, Lab, eventually
from support.wire import link

from gateway.dataplane.queues import queues
from gateway.dataplane.record import AUTO, OFF
from gateway.exchange.worker_page import Traffic
from gateway.lab.topology import UPLINK
from gateway.net import namespace

FLOOD = 60_000  # packets
ANSWER = ICMP(type=0, id=9)  # to nobody's question: not answered itself
RESET = TCP(sport=40000, dport=80, flags="R")
UNREACHABLE = ICMP(type=3, code=1)
NOBODY = "203.0.113.200"

Rows = dict[str, tuple[str, Packet]]  # the counter, and the packet it counts


class Account(NamedTuple):
    """What was counted, and what the links of the hosts carried."""

    counted: Counter[str]
    sent: Counter[str]  # by host
    delivered: Counter[str]

    def since(self, before: "Account") -> "Account":
        return Account(*(after - old for after, old in zip(self, before, strict=True)))


class Site(NamedTuple):
    """A lab with the instances that take part."""

    lab: Lab
    web: Instance
    other: Instance
    slow: Instance
    quiet: Instance

    @property
    def instances(self) -> list[Instance]:
        return [self.web, self.other, self.slow, self.quiet]


@pytest.fixture(scope="module", params=[AUTO, OFF])
def fastpath(request: pytest.FixtureRequest) -> str:
    """All that is counted is counted alike, whichever path a packet takes."""
    return str(request.param)


@pytest.fixture(scope="module")
def site(lab: Lab) -> Site:
    """Instances that are bought with different bandwidths, and one without any."""
    web, other = lab.instance("web", bandwidth=100), lab.instance("other", bandwidth=100)
    return Site(lab, web, other, lab.instance("slow", bandwidth=1), lab.instance("", bandwidth=0))


def quote(source: str, target: str) -> Packet:
    return UNREACHABLE / IP(src=source, dst=target) / UDP(sport=1, dport=2) / Raw(b"x" * 9)


def inbound_rows(site: Site) -> Rows:
    client, web, private = site.lab.topology.clients[0], site.web.public, site.web.private
    to_web = IP(src=client, dst=web)
    return {
        "echo": ("translated", to_web / ANSWER / Raw(b"x" * 100)),
        "reset": ("translated", to_web / RESET),
        "fragment": ("translated", IP(src=client, dst=web, frag=99) / Raw(b"x" * 8)),
        "error": ("translated", to_web / quote(web, client)),
        "to-other": ("translated", IP(src=client, dst=site.other.public) / ANSWER),
        "to-slow": ("translated", IP(src=client, dst=site.slow.public) / ANSWER),
        "unused": ("unknown-public", IP(src=client, dst=NOBODY) / ANSWER),
        "private-source": ("martian", IP(src="192.168.1.1", dst=web) / ANSWER),
        "our-own-source": ("martian", IP(src=site.other.public, dst=web) / ANSWER),
        "our-own-unused-source": ("martian", IP(src=NOBODY, dst=web) / ANSWER),
        "land": ("land", IP(src=web, dst=web) / ANSWER),
        "cut": ("transport-truncated", IP(src=client, dst=web, proto=6) / Raw(b"x" * 9)),
        "ah": ("authentication-header", IP(src=client, dst=web, proto=51) / Raw(b"x" * 24)),
        "redirect": ("unsupported-icmp", to_web / ICMP(type=5) / Raw(b"x" * 28)),
        "quote-cut": ("quote-truncated", to_web / UNREACHABLE / Raw(b"x" * 19)),
        "quote-of-another": ("quote-mismatch", to_web / quote(site.other.public, client)),
        "to-the-vpc": ("guard_foreign", IP(src=client, dst=private) / ANSWER),
        "to-the-gateway": (
            "guard_foreign",
            IP(src=client, dst=site.lab.topology.uplink_address) / ANSWER,
        ),
        "version": ("header", IP(src=client, dst=web, version=6) / ANSWER),
        "header-length": ("header", IP(src=client, dst=web, ihl=4) / ANSWER),
        "checksum": ("header", IP(src=client, dst=web, chksum=1) / ANSWER),
        "total-length": ("header", IP(src=client, dst=web, len=19) / ANSWER),
        "truncated": ("header", IP(src=client, dst=web, len=200) / ANSWER),
    }


def outbound_rows(site: Site) -> Rows:
    """Of web, whichever instance sends them: of another's they are spoofed."""
    client, web, private = site.lab.topology.clients[0], site.web.public, site.web.private
    out, hairpin = IP(src=private, dst=client), IP(src=private, dst=site.other.public)
    return {
        "echo": ("translated", out / ANSWER / Raw(b"x" * 100)),
        "reset": ("translated", out / RESET),
        "fragment": ("translated", IP(src=private, dst=client, frag=99) / Raw(b"x" * 8)),
        "error": ("translated", out / quote(client, private)),
        "hairpin": ("translated", hairpin / ANSWER),
        "hairpin-error": ("translated", hairpin / quote(site.other.public, private)),
        "own": ("translated", IP(src=private, dst=web) / ANSWER),
        "unused": ("unknown-public", IP(src=private, dst=NOBODY) / ANSWER),
        "cut": ("transport-truncated", IP(src=private, dst=client, proto=17) / Raw(b"x" * 7)),
        "ah": ("authentication-header", IP(src=private, dst=client, proto=51) / Raw(b"x" * 24)),
        "source-quench": ("unsupported-icmp", out / ICMP(type=4) / Raw(b"x" * 28)),
        "quote-cut": ("quote-truncated", out / UNREACHABLE / Raw(b"x" * 19)),
        "quote-of-nobody": ("quote-unknown", out / quote(client, "10.171.199.99")),
        "quote-of-another": ("quote-mismatch", out / quote(client, site.other.private)),
        "spoofed": ("guard_spoofed", IP(src=site.other.private, dst=client) / ANSWER),
        "spoofed-hairpin": ("guard_spoofed", IP(src=web, dst=site.other.public) / ANSWER),
        "version": ("header", IP(src=private, dst=client, version=5) / ANSWER),
        "checksum": ("header", IP(src=private, dst=client, chksum=1) / ANSWER),
    }


def quiet_rows(site: Site) -> Rows:
    """Of an instance without a public address."""
    private = site.quiet.private
    return {
        "out": ("unknown-private", IP(src=private, dst=site.lab.topology.clients[0]) / ANSWER),
        "hairpin": ("unknown-private", IP(src=private, dst=site.web.public) / ANSWER),
    }


def rows_by_host(site: Site, sides: str) -> dict[str, Rows]:
    found = {"internet": inbound_rows(site)} if "internet" in sides else {}
    if "instances" in sides:
        found |= {site.web.id: outbound_rows(site), site.quiet.id: quiet_rows(site)}
    return found


def account_of(site: Site) -> Account:
    """What was counted so far, once nothing is under way any more."""

    def is_quiet() -> bool:
        with namespace.inside(site.lab.gateway):
            waiting = sum(queue.waiting for queue in queues())
        return not waiting and _account(site) == _account(site)

    eventually(is_quiet, within_s=60)
    return _account(site)


def _account(site: Site) -> Account:
    counters = site.lab.counters()
    with namespace.inside(site.lab.gateway):
        header = _kernel("snmp", "Ip", "InHdrErrors") + _kernel(
            "netstat", "IpExt", "InTruncatedPkts"
        )
    counted = Counter(counters.reasons) + Counter(counters.guard)
    counted += Counter({f"queue_{name}": drops for name, drops in counters.queue.items()})
    counted["header"] += header
    sent, delivered = Counter[str](), Counter[str]()
    for host in ("internet", *(instance.id for instance in site.instances)):
        interface = UPLINK if host == "internet" else host
        sent[host], lost = _link(site.lab.gateway, interface)
        delivered[host], _ = _link(site.lab.hosts.namespace(host), "eth0")
        assert lost == 0, f"the kernel lost packets between {host} and the gateway"
    return Account(counted, sent, delivered)


def _kernel(file: str, group: str, name: str) -> int:
    lines = Path("/proc/thread-self/net", file).read_text().splitlines()
    names, values = (line.split() for line in lines if line.startswith(f"{group}: "))
    return int(dict(zip(names, values, strict=True))[name])


def _link(host: str, interface: str) -> tuple[int, int]:
    """Packets that an interface received, and that it had to drop."""
    with namespace.inside(host):
        lines = Path("/proc/thread-self/net/dev").read_text().splitlines()
    line = next(line for line in lines if line.strip().startswith(f"{interface}:"))
    _bytes, packets, _errors, dropped, *_ = map(int, line.partition(":")[2].split())
    return packets, dropped


@pytest.fixture(params=["internet", "instances", "internet and instances"])
def sides(request: pytest.FixtureRequest) -> str:
    side: str = request.param
    return side


def test_each_packet_is_counted_once_and_rightly(site: Site, sides: str) -> None:
    """At leisure: every packet under the counter that it should be under."""
    rows = rows_by_host(site, sides)
    before = account_of(site)
    for host, packets in rows.items():
        with link(site.lab, host) as put:
            for _, packet in packets.values():
                put(bytes(packet))
    after = account_of(site).since(before)
    expected = Counter(name for name, _ in chain(*(packets.values() for packets in rows.values())))
    assert after.counted == expected
    assert after.sent == {host: len(packets) for host, packets in rows.items()}
    assert after.delivered.total() == expected["translated"]


def test_in_a_flood_nothing_is_lost_without_a_count(site: Site, sides: str) -> None:
    """More than the data plane takes: sent is what was counted, accepted is what was delivered."""
    rows = rows_by_host(site, sides)
    chosen = random.Random(5)  # noqa: S311
    mixed = [(host, bytes(packet)) for host in rows for _, packet in rows[host].values()]
    before, traffic = account_of(site), site.lab.counters().addresses
    sent = flood(site.lab, chosen.choices(mixed, k=FLOOD))
    with paused_workers(site.lab):
        sent += flood(site.lab, chosen.choices(mixed, k=FLOOD))
    after = account_of(site).since(before)
    assert after.counted["queue_dropped_full"] + after.counted["queue_dropped_socket"]
    assert after.sent == sent
    assert after.counted.total() == sent.total(), after
    assert after.delivered.total() == after.counted["translated"], after
    now, none = site.lab.counters().addresses, Traffic(0, 0, 0, 0)
    for instance in (site.web, site.other, site.slow):
        arrived = (old.get(instance.public, none).packets_in for old in (traffic, now))
        assert after.delivered[instance.id] == -next(arrived) + next(arrived)


def flood(lab: Lab, packets: list[tuple[str, bytes]]) -> Counter[str]:
    """Send as fast as can be, from all hosts in turn; how many each sent."""
    with ExitStack() as stack:
        puts = {}
        for host in sorted({host for host, _ in packets}):
            puts[host] = stack.enter_context(link(lab, host))
        for host, packet in packets:
            puts[host](packet)
    return Counter(host for host, _ in packets)
