"""The network that everything is measured in: three namespaces of this process, and nothing else.

::

    client ── uplink ── gateway ── lan ── server
    198.51.100.10       .254                all private addresses are the server's own
    generator, asker    the peer            sink, answerer

The pool is routed from the client to the gateway, private addresses from there to the server.
Neighbours are permanent, so that no packet waits for ARP. The sink is a rule of the server's that
counts and drops before routing: it costs little, and the same for every peer.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Interface
from pathlib import Path
from shutil import rmtree
from signal import SIGKILL
from tempfile import TemporaryDirectory, gettempdir
from typing import Final

from bench.mappings import PRIVATE_NETWORK, Mappings
from bench.processes import run
from pyroute2 import IPRoute

from gateway.net import namespace
from gateway.net.links import Links
from gateway.net.plan import Route

PREFIX: Final = "tgwbench"
CLIENT_ADDRESS: Final = "198.51.100.10"
UPLINK_ADDRESS: Final = "198.51.100.254"
UPLINK_PREFIX: Final = 24
LAN_ADDRESS: Final = "10.0.0.1"
SERVER_ADDRESS: Final = "10.0.0.2"
LAN_PREFIX: Final = 30
UPLINK: Final = "uplink"
LAN: Final = "lan"
SECOND: Final = "second"
HOST_LINK: Final = "eth0"
DISCARD_PORT: Final = 9
LOCAL_ROUTE: Final = 2  # RTN_LOCAL
MAIN_TABLE: Final = 254

SINK: Final = f"""
table ip sink {{
  chain in {{
    type filter hook prerouting priority raw; policy accept;
    udp dport {DISCARD_PORT} counter drop
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Rig:
    """The names of the namespaces, and where the client's packets go first."""

    client: str
    gateway: str
    server: str
    next_hop: str = ""  # the uplink's hardware address


def names(of: str = "") -> Rig:
    """The names of this process's namespaces; `of` tells one network's from another's."""
    hosts = (f"{PREFIX}.{os.getpid()}.{of}{host}" for host in ("client", "gateway", "server"))
    return Rig(*hosts)


@contextmanager
def rig_for(mappings: Mappings, of: str = "") -> Iterator[Rig]:
    """A fresh network in the block, with the routes that these mappings need."""
    hosts = names(of)
    try:
        yield _build(hosts, mappings)
    finally:
        for host in (hosts.client, hosts.gateway, hosts.server):
            _remove(host)


def remove_stale() -> None:
    """Remove what runs that were killed have left: of processes that are no more."""
    for name in namespace.names(f"{PREFIX}."):
        if _is_stale(name):
            _remove(name)
    for directory in Path(gettempdir()).glob(f"{PREFIX}.*"):
        if _is_stale(directory.name) and directory.stat().st_uid == os.geteuid():
            rmtree(directory)


@contextmanager
def neighbour_of(rig: Rig, address: str) -> Iterator[str]:
    """A second instance in the block, at a link of its own: its namespace."""
    host = rig.server.removesuffix("server") + "second"
    try:
        namespace.create(host)
        with Links(rig.gateway) as links:
            links.veth(SECOND, peer=HOST_LINK, peer_namespace=host)
            gateway_mac, own_mac = macs(rig.gateway)[SECOND], macs(host)[HOST_LINK]
            links.up(SECOND)
            links.neighbour(SECOND, address, own_mac)
            links.put(Route(f"{address}/32", link=SECOND))
        with Links(host) as links:
            links.address(HOST_LINK, address, 32)
            links.up(HOST_LINK)
            links.neighbour(HOST_LINK, LAN_ADDRESS, gateway_mac)
            links.put(Route(f"{LAN_ADDRESS}/32", link=HOST_LINK))
            links.put(Route("default", via=LAN_ADDRESS))
        sink(host)
        yield host
    finally:
        _remove(host)


def sink(host: str) -> None:
    """Have the host count what it gets, and answer none of it."""
    with namespace.inside(host):
        run(["nft", "-f", "-"], stdin=SINK)


@contextmanager
def directory_of_files() -> Iterator[Path]:
    """A directory for what the run needs; gone after the block."""
    with TemporaryDirectory(prefix=f"{PREFIX}.{os.getpid()}.") as name:
        directory = Path(name)
        directory.chmod(0o755)  # a data plane may give up root
        yield directory


def _remove(name: str) -> None:
    """Remove a namespace of ours, and what still runs in it."""
    for process in namespace.processes(name):
        with suppress(ProcessLookupError):
            os.kill(process, SIGKILL)
    namespace.remove(name)


def _is_stale(name: str) -> bool:
    owner = re.match(rf"{PREFIX}\.(\d+)\.", name)
    return owner is not None and not Path("/proc", owner[1]).exists()


def received(rig: Rig) -> int:
    """How many packets the server's link has taken in."""
    with namespace.inside(rig.server):
        lines = Path("/proc/thread-self/net/dev").read_text().splitlines()
    (fields,) = (line.split(":")[1] for line in lines if line.strip().startswith(f"{HOST_LINK}:"))
    return int(fields.split()[1])


def _build(rig: Rig, mappings: Mappings) -> Rig:
    for host in (rig.client, rig.gateway, rig.server):
        namespace.create(host)
        with Links(host) as links, namespace.inside(host):
            for scope in ("all", "default"):
                namespace.set_sysctl(f"ipv6.conf.{scope}.disable_ipv6", 1)
            links.up("lo")
    with Links(rig.gateway) as links:
        links.veth(UPLINK, peer=HOST_LINK, peer_namespace=rig.client)
        links.veth(LAN, peer=HOST_LINK, peer_namespace=rig.server)
    known = {host: macs(host) for host in (rig.client, rig.gateway, rig.server)}
    _build_client(rig, mappings, known[rig.gateway][UPLINK])
    _build_server(rig, known[rig.gateway][LAN])
    _build_gateway(rig, known)
    return Rig(rig.client, rig.gateway, rig.server, known[rig.gateway][UPLINK])


def _build_client(rig: Rig, mappings: Mappings, gateway_mac: str) -> None:
    with Links(rig.client) as links:
        _join(links, HOST_LINK, CLIENT_ADDRESS, UPLINK_PREFIX)
        links.neighbour(HOST_LINK, UPLINK_ADDRESS, gateway_mac)
        for network in (mappings.pool, PRIVATE_NETWORK):  # plain forwarding has no pool
            links.put(Route(network, via=UPLINK_ADDRESS))


def _build_server(rig: Rig, gateway_mac: str) -> None:
    with Links(rig.server) as links:
        _join(links, HOST_LINK, SERVER_ADDRESS, LAN_PREFIX)
        links.neighbour(HOST_LINK, LAN_ADDRESS, gateway_mac)
        links.put(Route("default", via=LAN_ADDRESS))
    with namespace.inside(rig.server), IPRoute() as route:
        (loopback,) = route.link_lookup(ifname="lo")
        # In the main table, where a link's route is narrower.
        route.route(
            "add",
            dst=PRIVATE_NETWORK,
            oif=loopback,
            type=LOCAL_ROUTE,
            table=MAIN_TABLE,
            scope=254,
        )
    sink(rig.server)


def _build_gateway(rig: Rig, known: dict[str, dict[str, str]]) -> None:
    with Links(rig.gateway) as links, namespace.inside(rig.gateway):
        for scope in ("all", "default"):
            namespace.set_sysctl(f"ipv4.conf.{scope}.send_redirects", 0)
        # As the lab's gateway has it.
        namespace.set_sysctl("ipv4.conf.all.rp_filter", 0)
        namespace.set_sysctl(f"ipv4.conf.{UPLINK}.rp_filter", 1)
        _join(links, UPLINK, UPLINK_ADDRESS, UPLINK_PREFIX)
        _join(links, LAN, LAN_ADDRESS, LAN_PREFIX)
        links.neighbour(UPLINK, CLIENT_ADDRESS, known[rig.client][HOST_LINK])
        links.neighbour(LAN, SERVER_ADDRESS, known[rig.server][HOST_LINK])
        links.put(Route(PRIVATE_NETWORK, via=SERVER_ADDRESS))
        links.put(Route("default", via=CLIENT_ADDRESS))
        namespace.set_sysctl("ipv4.ip_forward", 1)


def _join(links: Links, interface: str, address: str, prefix: int) -> None:
    """Put a host into the network of the address."""
    links.address(interface, address, prefix)
    links.up(interface)
    links.put(Route(str(IPv4Interface(f"{address}/{prefix}").network), link=interface))


def macs(host: str) -> dict[str, str]:
    """The hardware address of each interface in a namespace."""
    with namespace.inside(host), IPRoute() as route:
        return {
            str(link.get_attr("IFLA_IFNAME")): str(link.get_attr("IFLA_ADDRESS"))
            for link in route.get_links()
        }
