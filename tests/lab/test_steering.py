"""No path lets an untranslated packet out: seen on the wire of the uplink."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Packet, Raw
from support.blows import kill_dataplane, remove_queue_rules
from support.labs import Instance, Lab, eventually
from support.wire import Capture, send, until_marked

from gateway.dataplane.record import AUTO, OFF
from gateway.lab.topology import Topology
from gateway.nat.mark import DEFAULT_BITS
from gateway.net import namespace
from gateway.net.links import Links
from gateway.net.plan import Route
from gateway.site.site import METADATA_ADDRESS
from gateway.steering import kernel, ruleset
from gateway.steering.ruleset import CONNECTIONS_PER_S

# What nothing but the workers may carry, and what holds for both paths.
slow = pytest.mark.parametrize("fastpath", [OFF])
both = pytest.mark.parametrize("fastpath", [OFF, AUTO])


@pytest.fixture
def client() -> str:
    return Topology().clients[0]


def outbound(source: str, target: str) -> list[Packet]:
    """One packet of each kind, as an instance sends it."""
    ip = IP(src=source, dst=target)
    return [
        ip / TCP(sport=1000, dport=80, flags="S"),
        ip / UDP(sport=1000, dport=53) / Raw(b"question"),
        ip / ICMP(id=7) / Raw(b"ping"),
        ip / ICMP(type=3, code=3) / IP(src=target, dst=source) / UDP(sport=53, dport=1000),
        IP(src=source, dst=target, proto=47) / Raw(b"\0" * 8),
        IP(src=source, dst=target, flags="MF", proto=17) / Raw(b"\0" * 64),
    ]


@contextmanager
def nothing_leaves(lab: Lab, instance: Instance, client: str, but: str = "") -> Iterator[None]:
    """While packets of all kinds are sent, the wire carries none, `but` those of one address."""
    with Capture(lab.uplink, "eth0") as wire:
        yield
        send(lab, instance.id, *outbound(instance.private, client))
        # A packet from the internet's side ends the wait: what came before it has been captured.
        send(lab, "internet", IP(src=client, dst=lab.topology.uplink_address) / UDP(dport=9))
        seen = wire.until(lambda packet: packet[IP].dst == lab.topology.uplink_address)
    strangers = [p.summary() for p in seen if p[IP].src not in (client, but)]
    assert strangers == []


@slow
def test_with_the_data_plane_down_nothing_leaves(own_lab: Lab, client: str) -> None:
    web = own_lab.instance("web")
    assert own_lab.pings(web.id, client)
    with nothing_leaves(own_lab, web, client):
        kill_dataplane(own_lab)


@both
def test_with_no_queue_rule_nothing_leaves(own_lab: Lab, client: str, fastpath: str) -> None:
    """The guard is a second line: it needs neither data plane nor queue.

    The kernel's programs need neither, too: what they carry is translated.
    """
    web = own_lab.instance("web")
    translated = web.public if fastpath == AUTO else ""
    with namespace.inside(own_lab.gateway):
        before = kernel.guard_drops()["guard_untranslated"]
        remove_queue_rules()
        with nothing_leaves(own_lab, web, client, but=translated):
            pass
        assert kernel.guard_drops()["guard_untranslated"] > before


def test_an_unmapped_instance_sends_nothing_out(lab: Lab, client: str) -> None:
    quiet = lab.instance("quiet", bandwidth=0)
    with nothing_leaves(lab, quiet, client):
        pass


def test_from_the_internet_only_the_pool_is_there(lab: Lab) -> None:
    """Neither the VPC, nor the metadata service, nor the gateway itself."""
    web = lab.instance("web")
    before = lab.counters().guard["guard_foreign"]
    inside = (web.private, lab.topology.vpc_gateway, "169.254.0.23")
    with Links(lab.uplink) as links:
        for address in inside:
            links.put(Route(f"{address}/32", via=lab.topology.uplink_address))
    for address in (*inside, lab.topology.uplink_address):
        assert not lab.pings("internet", address)
    assert lab.curl("internet", "http://169.254.0.23/meta-data/") is None
    assert lab.counters().guard["guard_foreign"] >= before + 4


def test_an_unused_public_address_goes_in_no_circles(lab: Lab) -> None:
    before = lab.reasons()["unknown-public"]
    assert not lab.pings("internet", "203.0.113.200")
    assert lab.reasons()["unknown-public"] == before + 1


def test_the_gateway_tracks_no_connections(lab: Lab) -> None:
    web = lab.instance("web")
    assert lab.pings("internet", web.public)
    with namespace.inside(lab.gateway):
        tracked = Path("/proc/thread-self/net/stat/nf_conntrack")
        entries = tracked.read_text().splitlines()[1:] if tracked.exists() else []
    assert all(int(line.split()[0], 16) == 0 for line in entries)


def test_steering_is_installed_once(lab: Lab) -> None:
    """To install it again would drop what is queued, and forget what the guard counted."""
    assert not lab.pings("internet", lab.topology.uplink_address)
    with namespace.inside(lab.gateway):
        before = kernel.guard_drops()
        kernel.install(lab.topology.site.steering(range(1), DEFAULT_BITS))
        assert kernel.guard_drops() == before != dict.fromkeys(ruleset.GUARD_COUNTERS, 0)


def test_an_owners_rules_in_the_same_chains_survive(own_lab: Lab) -> None:
    """Through a restart of the data plane, and through a repair after all queue rules went."""
    web = own_lab.instance("web")
    owners = [f"-A {hook} -p udp -j TOS --set-tos 0x10/0x3f" for hook in ruleset.IPTABLES_CHAINS]
    with namespace.inside(own_lab.gateway):
        mangle("iptables-restore", "--noflush", script="\n".join(["*mangle", *owners, "COMMIT\n"]))
    for command in (("dataplane", "restart"), ("lab", "up")):
        assert own_lab.run(*command).returncode == 0
        assert own_lab.pings("internet", web.public)
        with namespace.inside(own_lab.gateway):
            assert set(owners) <= set(mangle("iptables-save", "-t", "mangle").splitlines())
            for jump in ruleset.IPTABLES_JUMPS:  # which the second command puts back
                subprocess.run(["iptables", "-t", "mangle", "-D", *jump.split()[1:]], check=False)
            left = mangle("iptables-save", "-t", "mangle").splitlines()
            assert not set(ruleset.IPTABLES_JUMPS) & set(left)


def mangle(*command: str, script: str = "") -> str:
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=True)
    return done.stdout


@both
def test_an_instance_speaks_with_its_own_address_only(own_lab: Lab, client: str) -> None:
    """Whoever it calls: the internet, a public address, the VPC or the gateway."""
    web, other = own_lab.instance("web"), own_lab.instance("other")
    targets = (client, other.public, other.private, own_lab.topology.vpc_gateway)
    sources = (other.private, other.public, web.public, client, "127.0.0.1", "10.171.199.99")
    false = [IP(src=source, dst=target) / ICMP() for source in sources for target in targets]
    before = own_lab.counters()
    with Capture(own_lab.uplink, "eth0") as uplink, Capture(other.namespace, "eth0") as link:
        send(own_lab, web.id, *false)
        assert [p.summary() for p in until_marked(uplink, own_lab, web)[:-1]] == []
        assert own_lab.pings(other.id, own_lab.topology.vpc_gateway)
        seen = link.until(lambda packet: packet[IP].src == own_lab.topology.vpc_gateway)
    assert {packet[IP].src for packet in seen} == {other.private, own_lab.topology.vpc_gateway}
    after = own_lab.counters()
    assert after.guard == before.guard | {
        "guard_spoofed": before.guard["guard_spoofed"] + len(false)
    }
    assert after.reasons == before.reasons | {"translated": before.reasons["translated"] + 1}


def test_an_instance_opens_so_many_connections_a_second_and_others_more(lab: Lab) -> None:
    """What it reaches in the gateway; what passes to others isn't counted."""
    hasty, other = lab.instance("hasty"), lab.instance("other")
    syn = IP(src=hasty.private, dst=METADATA_ADDRESS) / TCP(dport=80, flags="S")
    passing = IP(src=hasty.private, dst=other.private) / TCP(dport=80, flags="S")
    sent = 4 * CONNECTIONS_PER_S
    frames = [Raw(bytes(syn))] * sent  # built once: to build each takes longer than to send it
    before = lab.counters().guard["guard_hasty"]
    began = time.monotonic()
    send(lab, hasty.id, *frames)
    most = CONNECTIONS_PER_S * (1 + time.monotonic() - began)  # a burst, and what came after it
    assert lab.curl(other.id, f"http://{METADATA_ADDRESS}/latest/meta-data/instance-id")
    dropped = lab.counters().guard["guard_hasty"]
    assert sent - most - 1 <= dropped - before < sent
    send(lab, hasty.id, *([passing] * 100))
    assert lab.counters().guard["guard_hasty"] == dropped


@slow
def test_with_no_queue_rule_a_public_address_is_not_called_outside(own_lab: Lab) -> None:
    """Not even by its name: to the uplink it would go round and round."""
    web, other = own_lab.instance("web"), own_lab.instance("other")
    with namespace.inside(own_lab.gateway):
        remove_queue_rules()
    with Capture(own_lab.uplink, "eth0") as wire:
        assert not own_lab.pings(web.id, other.public)
        send(own_lab, "internet", IP(dst=own_lab.topology.uplink_address) / UDP(dport=9))
        seen = wire.until(lambda packet: packet[IP].dst == own_lab.topology.uplink_address)
    assert len(seen) == 1
    assert own_lab.counters().guard["guard_unknown"] == 1


def test_nobody_outside_is_the_gateway(lab: Lab) -> None:
    """The kernel would refuse such a packet after its translation, and count it nowhere."""
    web, before = lab.instance("web"), lab.counters()
    send(lab, "internet", IP(src=lab.topology.uplink_address, dst=web.public) / ICMP(type=0))
    spoofed = before.guard["guard_spoofed"] + 1
    eventually(lambda: lab.ask("counters")["guard"]["guard_spoofed"] == spoofed)
    assert lab.reasons()["translated"] == before.reasons["translated"]


def test_no_recorded_route_tells_of_the_inside(lab: Lab, client: str) -> None:
    web, before = lab.instance("web"), lab.reasons()["private-option"]
    recording = ("ping", "-n", "-R", "-c", "1", "-W", "1")
    assert lab.exec(web.id, *recording, client).returncode != 0
    done = lab.exec("internet", *recording, web.public)
    assert web.private not in done.stdout
    assert lab.topology.vpc_gateway not in done.stdout
    assert lab.reasons()["private-option"] == before + 2


def test_a_header_that_the_kernel_refuses_is_shown(lab: Lab, client: str) -> None:
    web, before = lab.instance("web"), lab.ask("counters")["kernel"]["bad_header"]
    send(lab, "internet", IP(src=client, dst=web.public, chksum=1) / ICMP())
    eventually(lambda: lab.ask("counters")["kernel"]["bad_header"] == before + 1)
