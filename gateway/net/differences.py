"""A plan compared with what is there: each difference is named, and knows how to mend itself.

The builder is the same: a network that isn't there yet differs from its plan in everything.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

from pyroute2.netlink.exceptions import NetlinkError

from gateway.net import namespace, netlink
from gateway.net.links import Links
from gateway.net.netlink import Message, Netlink
from gateway.net.plan import LOCAL, Address, Link, Neighbour, Pair, Plan, Route
from gateway.net.sight import FALLBACKS, ORDINARY_RULES, Seen, see

# What is mended lets others be seen: a link's address only when the link is there.
ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """What isn't as planned in one place, and what makes it so; None if it is to stay."""

    where: str
    what: str
    mend: Callable[[], object] | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        """Name the difference in one line, with its place."""
        return f"{self.where}: {self.what}"


Look = Callable[[], list[Difference]]


class Left(NamedTuple):
    """What isn't as planned after all was mended that can be: why each failed, and what stays."""

    failed: list[str]
    stays: list[str]


def repair(look: Look) -> None:
    """Mend all that `look` sees, until it sees nothing. Raises `OSError` with what can't be."""
    failed = mend(look).failed
    if failed:
        raise OSError(failed[0])


def mend(look: Look, rounds: int = ROUNDS) -> Left:
    """Mend all that `look` sees, until it sees only what is to stay."""
    failures: dict[str, Exception] = {}
    for _ in range(rounds):
        found = look()
        if not any(one.mend for one in found):
            break
        failures = _mended(found)
    else:
        found = look()
    return Left(
        failed=[
            f"{one}, and that can't be mended: {failures.get(str(one), 'it came again')}"
            for one in found
            if one.mend
        ],
        stays=[str(one) for one in found if not one.mend],
    )


def _mended(found: list[Difference]) -> dict[str, Exception]:
    """Mend what was found, what has one name once; why what can't be mended can't."""
    failures: dict[str, Exception] = {}
    for text, mend_it in {str(one): one.mend for one in found if one.mend}.items():
        try:
            mend_it()
        except (OSError, NetlinkError, LookupError) as error:
            failures[text] = error
    return failures


def differences(plan: Plan) -> list[Difference]:
    """Compare one namespace with its plan. Raises `OSError` if it can't be looked at."""
    return compared(plan, see(plan))


def compared(plan: Plan, found: Seen | None) -> list[Difference]:
    """Compare what was seen of a namespace with its plan; None if it isn't there."""
    name = plan.namespace
    if found is None:
        missing = Difference(name, "the namespace is missing", partial(namespace.create, name))
        return [missing, *_files(plan)]
    if found.too_many:
        return [Difference(name, found.too_many)]
    told: Iterable[tuple[str, Callable[[], object]]] = (
        *_sysctls(plan, plan.sysctls, found),
        *_links(plan, found),
        *_addresses(plan, found),
        *_neighbours(plan, found),
        *_routes(plan, found),
        *(_rules(plan, found) if plan.whole else ()),
        *_sysctls(plan, plan.last_sysctls, found),
    )
    return [*(Difference(name, what, mend) for what, mend in told), *_files(plan)]


def pair_differences(pair: Pair) -> list[Difference]:
    """Look whether two links are each other's far ends. Raises `OSError`."""
    near, far = (
        Plan(end.namespace, links=(Link(end.link),), whole=False) for end in (pair.one, pair.other)
    )
    return pair_compared(pair, see(near), see(far, beside=[near.namespace]))


def pair_compared(pair: Pair, near: Seen | None, far: Seen | None) -> list[Difference]:
    """Compare two links that were seen, the far one with the number of the near one's namespace."""
    ends = ((pair.one, near), (pair.other, far))
    found = [(end, seen.links.get(end.link) if seen else None) for end, seen in ends]
    links = [(end, link) for end, link in found if link]
    if len(links) < len(found):
        missing = next(end for end, link in found if link is None)
        where, what = missing.namespace, f"link {missing.link} is missing"
        return [Difference(where, what, partial(_join, pair))]
    (_, one), (_, other) = links
    there = far.numbers[pair.one.namespace] if far else -1
    if (one.peer_index, other.peer_index, other.peer_nsid) != (other.index, one.index, there):
        what = f"link {one.name} leads elsewhere"
        return [Difference(pair.one.namespace, what, partial(_join, pair))]
    return [
        Difference(
            end.namespace,
            f"link {end.link} has the MAC address {link.mac}, not {end.mac}",
            partial(_set_mac, end.namespace, link.index, end.mac),
        )
        for end, link in links
        if end.mac != link.mac
    ]


def _join(pair: Pair) -> None:
    """Make the pair. What has the name of one of its ends goes, and with it its own far end."""
    one, other = pair.one, pair.other
    with Links(other.namespace) as there:
        there.remove(other.link)
    with Links(one.namespace) as here:
        here.remove(one.link)
        here.veth(
            one.link,
            peer=other.link,
            peer_namespace=other.namespace,
            mac=one.mac,
            peer_mac=other.mac,
        )


def _set_mac(name: str, index: int, mac: str) -> None:
    with Links(name) as links:
        links.change(index, address=mac)


def _sysctls(
    plan: Plan, wanted: Iterable[tuple[str, str]], found: Seen
) -> Iterator[tuple[str, Callable[[], object]]]:
    absent = {link.name for link in plan.links} - found.links.keys()
    for key, value in wanted:
        if absent and absent & set(key.split(".")):
            continue  # the link itself is named as missing
        now = found.sysctls.get(key) or _sysctl(plan.namespace, key)
        if now != value:
            yield f"{key} is {now}, not {value}", partial(_set, plan.namespace, key, value)


def _sysctl(name: str, key: str) -> str:
    try:
        with namespace.inside(name):
            return namespace.sysctl(key)
    except FileNotFoundError:
        return "missing"


def _set(name: str, key: str, value: str) -> None:
    with namespace.inside(name):
        namespace.set_sysctl(key, value)


def _links(plan: Plan, found: Seen) -> Iterator[tuple[str, Callable[[], object]]]:
    change = partial(_change, plan.namespace)
    for link in plan.links:
        there = found.links.get(link.name)
        if there is None:
            continue  # pairs are looked at by themselves
        if there.mtu != link.mtu:
            what = f"link {link.name} has an MTU of {there.mtu}, not {link.mtu}"
            yield what, partial(change, there.index, mtu=link.mtu)
        if there.has_no_arp:
            yield f"link {link.name} takes no ARP", partial(change, there.index, arp=True)
        if there.master:
            yield f"link {link.name} is another's", partial(change, there.index, master=0)
        if there.up != link.up:
            state = "up" if link.up else "down"
            what = f"link {link.name} is {'up' if there.up else 'down'}, not {state}"
            yield what, partial(change, there.index, state=state)
    if plan.whole and not plan.free:
        known = {link.name for link in plan.links} | FALLBACKS | set(plan.unsure)
        for name in found.links.keys() - known:
            yield f"link {name} doesn't belong here", partial(_remove_link, plan.namespace, name)


def _addresses(plan: Plan, found: Seen) -> Iterator[tuple[str, Callable[[], object]]]:
    planned = _looked_at(plan, found)
    wanted = {one for one in plan.addresses if one.link in planned}
    for one in plan.addresses:  # in this order: the first of a network is the kernel's choice
        if one in wanted and one not in found.addresses:
            yield f"{one} is missing", partial(_add_address, plan.namespace, one)
    for extra, told in found.addresses.items():
        if extra.link in planned and extra not in wanted:
            mend = partial(_remove, plan.namespace, netlink.DEL_ADDRESS, told)
            yield f"{extra} doesn't belong here", mend


def _neighbours(plan: Plan, found: Seen) -> Iterator[tuple[str, Callable[[], object]]]:
    planned, wanted = _looked_at(plan, found), set(plan.neighbours)
    for one in plan.neighbours:
        if one.link in planned and one not in found.neighbours:
            yield f"{one} is missing", partial(_add_neighbour, plan.namespace, one)
    for extra, told in found.neighbours.items():
        if extra.link in planned and extra not in wanted:
            mend = partial(_remove, plan.namespace, netlink.DEL_NEIGHBOUR, told)
            yield f"{extra} doesn't belong here", mend


def _routes(plan: Plan, found: Seen) -> Iterator[tuple[str, Callable[[], object]]]:
    planned = _looked_at(plan, found) | {""}
    wanted = dict.fromkeys(one for one in plan.all_routes if one.link in planned)
    for one in wanted:
        if one not in found.routes:
            yield f"{one} is missing", partial(_add_route, plan.namespace, one)
    for extra, told in found.routes.items():
        if not (extra.link or plan.whole):
            continue
        # A local one comes and goes with its address.
        if extra.link in planned and extra not in wanted and not _is_implied(extra, found):
            mend = partial(_remove, plan.namespace, netlink.DEL_ROUTE, told)
            yield f"{extra} doesn't belong here", mend


def _is_implied(route: Route, found: Seen) -> bool:
    """Whether the route is there for an address that doesn't belong there: it goes with it."""
    return route.table == LOCAL and any(
        one.link == route.link and f"{one.address}/32" == route.destination
        for one in found.addresses
    )


def _rules(plan: Plan, found: Seen) -> Iterator[tuple[str, Callable[[], object]]]:
    for priority, table in ORDINARY_RULES:
        if (priority, table) not in found.rules:
            what = f"rule {priority}, to table {table}, is missing"
            yield what, partial(_add_rule, plan.namespace, priority, table)
    for what, told in found.odd_rules.items():
        mend = partial(_remove, plan.namespace, netlink.DEL_RULE, told)
        yield f"{what}, doesn't belong here", mend


def _looked_at(plan: Plan, found: Seen) -> set[str]:
    """The links of the plan whose addresses and routes are compared."""
    return {link.name for link in plan.links if link.up and link.name in found.links}


def _files(plan: Plan) -> list[Difference]:
    if not plan.files:
        return []
    there = namespace.read_etc(plan.namespace)
    wanted = dict(plan.files)
    write = partial(namespace.write_etc, plan.namespace, wanted)
    return [
        *(
            Difference(str(namespace.ETC / plan.namespace / name), "is not as written", write)
            for name, text in wanted.items()
            if there.get(name) != text
        ),
    ]


def _change(name: str, index: int, **values: object) -> None:
    with Links(name) as links:
        links.change(index, **values)


def _remove_link(name: str, link: str) -> None:
    with Links(name) as links:
        links.remove(link)


def _add_address(name: str, one: Address) -> None:
    with Links(name) as links:
        links.address(one.link, one.address, one.prefix)


def _add_neighbour(name: str, one: Neighbour) -> None:
    with Links(name) as links:
        links.neighbour(one.link, one.address, one.mac)


def _add_route(name: str, one: Route) -> None:
    with Links(name) as links:
        links.put(one)


def _add_rule(name: str, priority: int, table: int) -> None:
    with Links(name) as links:
        links.rule(priority, table)


def _remove(name: str, kind: int, told: Message) -> None:
    with Netlink(name) as kernel:
        kernel.remove(kind, told)
