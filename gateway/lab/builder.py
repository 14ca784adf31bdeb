"""The lab's fixed part in the kernel: the internet, the gateway, and the link between them.

Each function says what shall be; what is there already stays as it is. The gateway's uplink is up
only after its guard stands, so there is no moment in which a private address could leave.
"""

from gateway.dataplane import record
from gateway.lab.places import GATEWAY, INTERNET, Places
from gateway.lab.topology import API_ADDRESS, API_NAMES, METADATA_ADDRESS, METADATA_NAME, Topology
from gateway.net import namespace
from gateway.net.links import Links
from gateway.steering import kernel, ruleset

UPLINK = "uplink"


def build(topology: Topology) -> None:
    """Build, or repair, the fixed part. Raises `OSError`, `NetlinkError` or `SteeringError`."""
    places = Places(topology.name)
    internet, gateway = places.namespace(INTERNET), places.namespace(GATEWAY)
    for host in (internet, gateway):
        make_host(host, topology)
    with Links(gateway) as links:
        links.veth(UPLINK, peer="eth0", peer_namespace=internet)
    _build_internet(internet, topology)
    _build_gateway(gateway, topology)


def steering_of(topology: Topology) -> ruleset.Steering:
    """What the gateway queues and guards, with the queues that its data plane serves."""
    queues = record.load(Places(topology.name).run).queues
    return ruleset.Steering(UPLINK, topology.uplink_address, (topology.pool,), queues)


def make_host(name: str, topology: Topology) -> None:
    """A namespace with its loopback and its files in /etc."""
    namespace.create(name)
    with Links(name) as links, namespace.inside(name):
        for scope in ("all", "default"):
            namespace.set_sysctl(f"ipv6.conf.{scope}.disable_ipv6", 1)
        links.up("lo")
    namespace.write_etc(name, _etc_files(topology))


def _build_internet(name: str, topology: Topology) -> None:
    with Links(name) as links, namespace.inside(name):
        namespace.set_sysctl("ipv4.ip_forward", 0)
        for address in (topology.internet_address, *topology.clients):
            links.address("eth0", address, topology.internet_prefix)
        links.up("eth0")
        links.route(topology.pool, via=topology.uplink_address)


def _build_gateway(name: str, topology: Topology) -> None:
    with Links(name) as links, namespace.inside(name):
        for address in (topology.vpc_gateway, METADATA_ADDRESS, API_ADDRESS):
            links.address("lo", address, 32)
        # Without a route of its own a private address would take the default one, to the uplink.
        links.blackhole(topology.vpc)
        # A redirect would tell an instance to go around the gateway.
        for scope in ("all", "default"):
            namespace.set_sysctl(f"ipv4.conf.{scope}.send_redirects", 0)
        # The internet can ask for the uplink's own address only, and no source of the VPC's or of
        # an instance's can come from there (RFC 3704).
        namespace.set_sysctl("ipv4.conf.all.rp_filter", 0)
        namespace.set_sysctl(f"ipv4.conf.{UPLINK}.rp_filter", 1)
        namespace.set_sysctl(f"ipv4.conf.{UPLINK}.arp_ignore", 1)
        kernel.install(steering_of(topology))
        links.address(UPLINK, topology.uplink_address, topology.internet_prefix)
        links.up(UPLINK)
        links.route("default", via=topology.internet_address)
        namespace.set_sysctl("ipv4.ip_forward", 1)


def _etc_files(topology: Topology) -> dict[str, str]:
    hosts = (
        ("127.0.0.1", "localhost"),
        (METADATA_ADDRESS, METADATA_NAME),
        (API_ADDRESS, " ".join(API_NAMES)),
        (topology.internet_address, INTERNET),
    )
    lines = "".join(f"{address}\t{name}\n" for address, name in hosts)
    return {"hosts": lines, "resolv.conf": "# the lab has no name server: names are in hosts\n"}
