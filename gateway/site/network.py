"""The gateway's network in the kernel: its addresses, what it forwards, its guard, its uplink.

Each function says what shall be; what is there already stays as it is. The uplink is up only after
its guard stands, so there is no moment in which a private address could leave.
"""

from gateway.dataplane import record
from gateway.net import namespace
from gateway.net.links import Links
from gateway.site.site import Site, Uplink
from gateway.steering import kernel
from gateway.steering.ruleset import Steering


def build(site: Site) -> None:
    """Build, or repair, the network of a gateway that has a namespace of its own with its uplink.

    Raises `OSError`, `NetlinkError` or `SteeringError`.
    """
    with Links(site.namespace) as links, site.inside():
        for address in site.addresses:
            links.address("lo", address, 32)
        for network in site.private:
            # Without a route of its own a private address would take the default one, to the
            # uplink.
            links.blackhole(network)
        _set_forwarding(site.uplink)
        kernel.install(_in_service(site))
        kernel.know(link for link in links.hosts() if link[0] != site.uplink.interface)
        _switch_on(site.uplink, links)
        namespace.set_sysctl("ipv4.ip_forward", 1)


def _in_service(site: Site) -> Steering:
    """The steering to the workers in service, who may be of the version before."""
    found = record.load(site.places.run)
    return site.steering(found.queues, found.bits)


def _set_forwarding(uplink: Uplink) -> None:
    # A redirect would tell an instance to go around the gateway.
    for scope in ("all", "default"):
        namespace.set_sysctl(f"ipv4.conf.{scope}.send_redirects", 0)
    # The internet can ask for the uplink's own address only, and no source of the VPC's or of an
    # instance's can come from there (RFC 3704).
    namespace.set_sysctl("ipv4.conf.all.rp_filter", 0)
    namespace.set_sysctl(f"ipv4.conf.{uplink.interface}.rp_filter", 1)
    namespace.set_sysctl(f"ipv4.conf.{uplink.interface}.arp_ignore", 1)


def _switch_on(uplink: Uplink, links: Links) -> None:
    links.address(uplink.interface, uplink.address, uplink.prefix)
    links.up(uplink.interface)
    # The router is the only neighbour: to scan the uplink's network would fill the machine's table
    # of neighbours.
    links.route(f"{uplink.next_hop}/32", dev=uplink.interface)
    links.route("default", via=uplink.next_hop)
