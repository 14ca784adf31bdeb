"""The lab's fixed part in the kernel: the internet, the gateway, and the link between them.

Each function says what shall be; what is there already stays as it is.
"""

from gateway.lab.hosts import GATEWAY, INTERNET, INTERNET_MAC, UPLINK_MAC, Hosts
from gateway.lab.topology import UPLINK, Topology
from gateway.net import namespace
from gateway.net.links import Links
from gateway.site import network
from gateway.site.site import API_ADDRESS, API_NAMES, METADATA_ADDRESS, METADATA_NAME


def build(topology: Topology) -> None:
    """Build, or repair, the fixed part. Raises `OSError`, `NetlinkError` or `SteeringError`."""
    hosts = Hosts(topology.name)
    internet, gateway = hosts.namespace(INTERNET), hosts.namespace(GATEWAY)
    for host in (internet, gateway):
        make_host(host, topology)
    with Links(gateway) as links:
        links.veth(UPLINK, peer="eth0", peer_namespace=internet)
        links.mac(UPLINK, UPLINK_MAC)
        _build_internet(internet, topology)
        network.build(topology.site)
        links.neighbour(UPLINK, topology.internet_address, INTERNET_MAC)


def make_host(name: str, topology: Topology) -> None:
    """Make a namespace with its loopback and its files in /etc."""
    namespace.create(name)
    with Links(name) as links, namespace.inside(name):
        for scope in ("all", "default"):
            namespace.set_sysctl(f"ipv6.conf.{scope}.disable_ipv6", 1)
        links.up("lo")
    namespace.write_etc(name, etc_files(topology))


def _build_internet(name: str, topology: Topology) -> None:
    with Links(name) as links, namespace.inside(name):
        namespace.set_sysctl("ipv4.ip_forward", 0)
        for address in (topology.internet_address, *topology.clients):
            links.address("eth0", address, topology.internet_prefix)
        links.mac("eth0", INTERNET_MAC)
        links.up("eth0")
        links.neighbour("eth0", topology.uplink_address, UPLINK_MAC)
        links.route(f"{topology.uplink_address}/32", dev="eth0")
        links.route(topology.pool, via=topology.uplink_address)


def etc_files(topology: Topology) -> dict[str, str]:
    """The files in /etc that each host of the lab has, by their names."""
    hosts = (
        ("127.0.0.1", "localhost"),
        (METADATA_ADDRESS, METADATA_NAME),
        (API_ADDRESS, " ".join(API_NAMES)),
        (topology.internet_address, INTERNET),
    )
    lines = "".join(f"{address}\t{name}\n" for address, name in hosts)
    return {"hosts": lines, "resolv.conf": "# the lab has no name server: names are in hosts\n"}
