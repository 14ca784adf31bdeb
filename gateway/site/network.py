"""The gateway's network: its addresses, what it forwards, its guard, its uplink.

Rules go in before the uplink is up, so there is no moment in which a private address could leave.
"""

from collections.abc import Callable, Collection, Iterable
from functools import partial

from gateway.dataplane import record
from gateway.net.differences import Difference, differences, repair
from gateway.net.plan import ALL_LINKS, Address, Link, Plan, Route, loopback, no_ipv6
from gateway.site.site import Site
from gateway.steering import arp, check, kernel
from gateway.steering.kernel import SteeringError
from gateway.steering.ruleset import Steering


def build(site: Site, plan: Plan) -> None:
    """Build, or repair, the network of a gateway that has a namespace of its own with its uplink.

    Raises `OSError` or `SteeringError`.
    """
    # First, as a rule too many could keep a process at work from showing that it is.
    repair(partial(rule_differences, site))
    repair(partial(differences, plan))


def plan(site: Site) -> Plan:
    """The gateway's network, without what is at the other ends of its links."""
    uplink = site.uplink
    lo, own = loopback()
    return Plan(
        site.namespace,
        links=(lo, Link(uplink.interface)),
        addresses=(
            own,
            *(Address(lo.name, address, 32) for address in site.addresses),
            Address(uplink.interface, uplink.address, uplink.prefix),
        ),
        routes=(
            # Without a route of its own a private address would take the default one, to the
            # uplink.
            *(Route(network, kind="blackhole") for network in site.private),
            # The router is the only neighbour: to scan the uplink's network would fill the
            # machine's table of neighbours.
            Route(f"{uplink.next_hop}/32", link=uplink.interface),
            Route("default", via=uplink.next_hop, link=uplink.interface),
        ),
        sysctls=(
            *no_ipv6(*ALL_LINKS, lo.name, uplink.interface),
            # A redirect would tell an instance to go around the gateway.
            ("ipv4.conf.all.send_redirects", "0"),
            ("ipv4.conf.default.send_redirects", "0"),
            # The internet can ask for the uplink's own address only, and no source of the VPC's or
            # of an instance's can come from there (RFC 3704).
            ("ipv4.conf.all.rp_filter", "0"),
            (f"ipv4.conf.{uplink.interface}.rp_filter", "1"),
            (f"ipv4.conf.{uplink.interface}.arp_ignore", "1"),
        ),
        last_sysctls=(
            ("ipv4.ip_forward", "1"),
            (f"ipv4.conf.{uplink.interface}.forwarding", "1"),
        ),
    )


def rule_differences(site: Site) -> list[Difference]:
    """Compare the rules of the gateway's namespace with those of its guard and its steering.

    Raises `OSError` or `SteeringError`.
    """
    with site.inside():
        rules = check.compare(_in_service(site))
    return [
        *(
            Difference(site.namespace, what, partial(_inside, site, partial(_restore, site)))
            for what in rules.differences
        ),
        *strange_rules(site.namespace, rules.others),
    ]


def _restore(site: Site) -> None:
    check.restore(_in_service(site))  # a supervisor may have taken over since the look


def strange_rules(name: str, rules: Iterable[str]) -> list[Difference]:
    """Rules in a namespace that its owner has put there: they stay."""
    return [Difference(name, f"{rule} isn't the lab's") for rule in rules]


def arp_differences(
    site: Site, links: Collection[arp.Link], allowed: Collection[arp.Link]
) -> list[Difference]:
    """Compare from which links ARP passes: it shall from `links`, and may from those `allowed`.

    Raises `OSError` or `SteeringError`.
    """
    with site.inside():
        found = check.link_differences(links, allowed)
    return [
        Difference(
            site.namespace,
            f"ARP from {' at '.join(link)} {'is dropped' if link in links else 'passes'}",
            partial(_inside, site, partial(_set_arp, link, known=link in links)),
        )
        for link in found
    ]


def _set_arp(link: arp.Link, *, known: bool) -> None:
    if known:
        kernel.know([link])
    else:
        kernel.forget(link)


def _inside(site: Site, work: Callable[[], object]) -> None:
    try:
        with site.inside():
            work()
    except SteeringError as error:
        raise OSError(str(error)) from error


def _in_service(site: Site) -> Steering:
    """The steering to the workers in service, who may be of the version before."""
    found = record.load(site.places.run)
    return site.steering(found.queues, found.bits)
