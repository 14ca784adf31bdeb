"""The lab as plans: its fixed part, which is the internet, the gateway and the link between them,
and the machine of each instance with its end in the gateway.

What builds the lab and what checks it read the same plans.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from gateway.lab.hosts import GATEWAY_MAC, INTERNET, INTERNET_MAC, UPLINK_MAC, Hosts
from gateway.lab.topology import UPLINK, Topology
from gateway.net import namespace
from gateway.net.differences import Difference, differences, pair_differences, repair
from gateway.net.plan import (
    ALL_LINKS,
    Address,
    End,
    Link,
    Neighbour,
    Pair,
    Plan,
    Route,
    loopback,
    no_ipv6,
)
from gateway.site import network
from gateway.site.site import API_ADDRESS, API_NAMES, METADATA_ADDRESS, METADATA_NAME
from gateway.steering import check

ETH0 = "eth0"  # the link of every host but the gateway


def build(topology: Topology) -> None:
    """Build, or repair, the fixed part; it says nothing of what else is there.

    Raises `OSError` or `SteeringError`.
    """
    repair(lambda: _namespaces(topology))
    network.build(topology.site, replace(gateway(topology), whole=False))
    repair(partial(internet_differences, topology))


def _namespaces(topology: Topology) -> list[Difference]:
    """The namespaces and the link between them, all else left out."""
    names = (internet(topology).namespace, topology.site.namespace)
    plans = (Plan(name, files=tuple(etc_files(topology).items()), whole=False) for name in names)
    return [*(one for plan in plans for one in differences(plan)), *uplink(topology)]


def uplink(topology: Topology) -> list[Difference]:
    """Compare the link between gateway and internet with what it shall be."""
    there = End(internet(topology).namespace, ETH0, INTERNET_MAC)
    return pair_differences(Pair(End(topology.site.namespace, UPLINK, UPLINK_MAC), there))


def internet_differences(topology: Topology) -> list[Difference]:
    """Compare the host, which has no rules of ours. Raises `OSError` or `SteeringError`."""
    plan = internet(topology)
    if not namespace.exists(plan.namespace):
        return differences(plan)
    with namespace.inside(plan.namespace):
        rules = check.compare(None)
    return [*differences(plan), *network.strange_rules(plan.namespace, rules.others)]


def internet(topology: Topology) -> Plan:
    """The host that is all of the internet."""
    lo, own = loopback()
    addresses = (topology.internet_address, *topology.clients)
    return Plan(
        Hosts(topology.name).namespace(INTERNET),
        links=(lo, Link(ETH0)),
        addresses=(own, *(Address(ETH0, one, topology.internet_prefix) for one in addresses)),
        neighbours=(Neighbour(ETH0, topology.uplink_address, UPLINK_MAC),),
        routes=(
            Route(f"{topology.uplink_address}/32", link=ETH0),
            Route(topology.pool, via=topology.uplink_address, link=ETH0),
        ),
        sysctls=(*no_ipv6(*ALL_LINKS, lo.name, ETH0), ("ipv4.ip_forward", "0")),
        files=tuple(etc_files(topology).items()),
    )


def gateway(topology: Topology, ends: Iterable[Plan] = (), unsure: tuple[str, ...] = ()) -> Plan:
    """The gateway with these ends of its instances' links; of `unsure` links nothing is known."""
    plan = network.plan(topology.site)
    parts = (plan, *ends)
    return replace(
        plan,
        links=tuple(link for part in parts for link in part.links),
        neighbours=(
            Neighbour(UPLINK, topology.internet_address, INTERNET_MAC),
            *(neighbour for part in parts for neighbour in part.neighbours),
        ),
        routes=tuple(route for part in parts for route in part.routes),
        sysctls=tuple(sysctl for part in parts for sysctl in part.sysctls),
        last_sysctls=tuple(sysctl for part in parts for sysctl in part.last_sysctls),
        files=tuple(etc_files(topology).items()),
        unsure=unsure,
    )


def machine(topology: Topology, host: str, private_ip: str, *, up: bool) -> Plan:
    """An instance's machine: what its root adds on links of its own is its affair."""
    lo, own = loopback()
    return Plan(
        Hosts(topology.name).namespace(host),
        links=(lo, Link(ETH0, up=up)),
        addresses=(own, Address(ETH0, private_ip, topology.vpc_prefix)),
        neighbours=(Neighbour(ETH0, topology.vpc_gateway, GATEWAY_MAC),),
        routes=(
            Route(f"{topology.vpc_gateway}/32", link=ETH0),
            Route("default", via=topology.vpc_gateway, link=ETH0),
        ),
        # Its own links' only: the rest is its root's affair.
        sysctls=(*no_ipv6(lo.name, ETH0), (f"ipv4.conf.{ETH0}.forwarding", "0")),
        files=tuple(etc_files(topology).items()),
        free=True,
    )


def gateway_end(topology: Topology, host: str, private_ip: str, mac: str, *, up: bool) -> Plan:
    """The gateway's end of an instance's link, and what belongs to it."""
    return Plan(
        topology.site.namespace,
        links=(Link(host, up=up),),
        neighbours=(Neighbour(host, private_ip, mac),),
        routes=(Route(f"{private_ip}/32", link=host),),
        sysctls=(
            *no_ipv6(host),
            # The guard checks the source, before a hairpin's becomes a public one that the kernel's
            # own check would not believe.
            (f"ipv4.conf.{host}.rp_filter", "0"),
            (f"ipv4.conf.{host}.proxy_arp", "1"),
            (f"ipv4.neigh.{host}.proxy_delay", "0"),
        ),
        last_sysctls=((f"ipv4.conf.{host}.forwarding", "1"),),
        whole=False,
    )


def link_of(topology: Topology, host: str, mac: str) -> Pair:
    """The link between the gateway and an instance."""
    there = End(Hosts(topology.name).namespace(host), ETH0, mac)
    return Pair(End(topology.site.namespace, host, GATEWAY_MAC), there)


def etc_files(topology: Topology) -> dict[str, str]:
    """The files in every host's /etc that aren't the machine's."""
    hosts = (
        ("127.0.0.1", "localhost"),
        (METADATA_ADDRESS, METADATA_NAME),
        (API_ADDRESS, " ".join(API_NAMES)),
        (topology.internet_address, INTERNET),
    )
    lines = "".join(f"{address}\t{name}\n" for address, name in hosts)
    return {"hosts": lines, "resolv.conf": "# the lab has no name server: names are in hosts\n"}
