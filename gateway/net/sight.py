"""What a namespace's network is now: values of a plan, each with the message that told of it.

A look is one dump for each kind of thing, and one socket, whatever is compared with it afterwards:
thousands of namespaces are looked at one after the other.
"""

import os
import socket
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.net import namespace, netlink
from gateway.net.netlink import Message, Netlink, TooManyError, attribute, attributes
from gateway.net.plan import LOCAL, Address, Neighbour, Plan, Route

_LINK: Final = struct.Struct("=BxHiII")  # struct ifinfomsg: family, type, index, flags, change
_ADDRESS: Final = struct.Struct("=BBBBi")  # struct ifaddrmsg: family, prefix, flags, scope, index
_NEIGHBOUR: Final = struct.Struct("=BxxxiHBB")  # struct ndmsg: family, index, state, flags, type
_ROUTE: Final = struct.Struct("=BBBBBBBBI")  # struct rtmsg; struct fib_rule_hdr has the same places
_FAMILY: Final = struct.Struct("=B3x")  # struct rtgenmsg

_IFNAME, _MTU, _PEER_INDEX, _MASTER, _PEER_NSID, _LINK_MAC = 3, 4, 5, 10, 37, 1
_FAMILIES, _EXTENT, _SKIP_STATS = 26, 29, 1 << 3
_NDA_DST, _NDA_LLADDR, _NDA_INDEX, _PERMANENT = 1, 2, 8, 0x80
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_DST, _OIF, _GATEWAY, _PRIORITY, _TABLE = 1, 4, 5, 6, 15
_FRA_PRIORITY, _FRA_SUPPRESSOR, _FRA_TABLE, _FRA_PROTOCOL = 6, 14, 15, 21
_NSID, _NSID_FD = 1, 3
_ANY_LINK: Final = _LINK.pack(0, 0, 0, 0, 0)
_WITHOUT_STATS: Final = attribute(_EXTENT, struct.pack("=I", _SKIP_STATS))
_UP: Final = 0x1
_NO_ARP: Final = 0x80
_KINDS: Final = {1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast"} | {
    6: "blackhole",
    7: "unreachable",
    8: "prohibit",
}
# Modules of tunnels put them into every namespace, and nothing can remove them.
FALLBACKS: Final = frozenset(
    f"{kind}0"
    for kind in ("tunl", "gre", "gretap", "erspan", "sit", "ip_vti", "ip6_vti", "ip6tnl", "ip6gre")
)
# Sysctls of a link that its message tells, `{}` being its name: the family, the attribute with all
# of the family's, and the place there.
_TOLD: Final[Mapping[str, tuple[int, int, int]]] = {
    "ipv4.conf.{}.forwarding": (socket.AF_INET, 1, 0),
    "ipv4.conf.{}.proxy_arp": (socket.AF_INET, 1, 2),
    "ipv4.conf.{}.rp_filter": (socket.AF_INET, 1, 7),
    "ipv4.conf.{}.arp_ignore": (socket.AF_INET, 1, 18),
    "ipv6.conf.{}.disable_ipv6": (socket.AF_INET6, 2, 26),
}
_NEIGH: Final = "ipv4.neigh."
_PARAMETERS, _INDEX, _PROXY_DELAY = 6, 1, 13  # of a table of neighbours, and of a link there
_USER_MS: Final = 1000 // os.sysconf("SC_CLK_TCK")  # what a file's unit of time is, in ms
FREE_MAX: Final = 4096  # things of a kind in a host that is its root's: it may have filled it
# The rules of every namespace: priority and table.
ORDINARY_RULES: Final = ((0, 255), (32766, 254), (32767, 253))


@dataclass(frozen=True, slots=True)
class SeenLink:
    """A link as it is. `peer_nsid` is where its far end is: -1 for this namespace itself."""

    index: int
    name: str
    up: bool
    mtu: int
    mac: str
    peer_index: int
    peer_nsid: int
    master: int
    has_no_arp: bool
    sysctls: Mapping[str, str]  # those that the kernel tells of along with the link


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was looked for in one namespace, each value with the message that told of it.

    `sysctls` are those that are told along with the rest: to read a file of thousands of namespaces
    takes the kernel longer with each namespace. `numbers` are those by which its messages mean
    other namespaces. If there is `too_many` of something, which is said in a line, all but the
    planned links is left out.
    """

    links: dict[str, SeenLink] = field(default_factory=dict)
    addresses: dict[Address, Message] = field(default_factory=dict)
    neighbours: dict[Neighbour, Message] = field(default_factory=dict)
    routes: dict[Route, Message] = field(default_factory=dict)
    rules: dict[tuple[int, int], Message] = field(default_factory=dict)
    odd_rules: dict[str, Message] = field(default_factory=dict)
    sysctls: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    too_many: str = ""


def see(plan: Plan, beside: Collection[str] = ()) -> Seen | None:
    """Look at the plan's namespace, None if it isn't there, and its numbers for those `beside` it.

    Raises `OSError`.
    """
    if not namespace.exists(plan.namespace):
        return None
    try:
        with Netlink(plan.namespace, FREE_MAX if plan.free else None) as kernel:
            found = _look(kernel, plan)
            found.numbers.update((name, _number_of(kernel, name)) for name in beside)
    except TooManyError as error:
        with Netlink(plan.namespace) as kernel:
            links = (link_of(kernel, link.name) for link in plan.links)
            found = Seen({link.name: link for link in links if link}, too_many=str(error))
            found.numbers.update((name, _number_of(kernel, name)) for name in beside)
    return found


def _look(kernel: Netlink, plan: Plan) -> Seen:
    """See all of the namespace, or what belongs to the plan's links, and routes without one."""
    if plan.whole:
        found = _seen(kernel, list(_links(kernel)), 0)
        if any(key.startswith(_NEIGH) for key, _ in plan.sysctls):
            found.sysctls.update(_neighbour_sysctls(kernel, found.links))
        return found
    found = Seen()
    for planned in plan.links:
        link = link_of(kernel, planned.name)
        if link is not None:
            part = _seen(kernel, [link], link.index)
            found.links.update(part.links)
            found.sysctls.update(part.sysctls)
            found.addresses.update(part.addresses)
            found.neighbours.update(part.neighbours)
            found.routes.update(part.routes)
    if not all(route.link for route in plan.routes):
        everywhere = _routes(kernel, {}, 0)
        found.routes.update((route, told) for route, told in everywhere if not route.link)
    return found


def link_of(kernel: Netlink, name: str) -> SeenLink | None:
    """The link of this name; None if there is none. Raises `OSError`."""
    asked = attribute(_IFNAME, name.encode() + b"\0") + _WITHOUT_STATS
    told = kernel.one(netlink.GET_LINK, _ANY_LINK, asked)
    return _link(told) if told else None


def _number_of(kernel: Netlink, name: str) -> int:
    """The number by which the kernel's messages mean this namespace; -1 if it has none."""
    try:
        file = os.open(namespace.path(name), os.O_RDONLY)
    except FileNotFoundError:
        return -1
    try:
        asked = attribute(_NSID_FD, struct.pack("=I", file))
        told = kernel.one(netlink.GET_NSID, _FAMILY.pack(0), asked)
    finally:
        os.close(file)
    return _signed(told.word(_NSID, 0xFFFF_FFFF)) if told else -1


def _links(kernel: Netlink) -> Iterator[SeenLink]:
    for told in kernel.all(netlink.GET_LINK, _ANY_LINK, _WITHOUT_STATS):
        yield _link(told)


def _link(told: Message) -> SeenLink:
    _family, _type, index, flags, _change = _LINK.unpack(told.header)
    name = told.text(_IFNAME)
    return SeenLink(
        index=index,
        name=name,
        up=bool(flags & _UP),
        mtu=told.word(_MTU),
        mac=told.attributes.get(_LINK_MAC, b"").hex(":"),
        peer_index=told.word(_PEER_INDEX),
        peer_nsid=_signed(told.word(_PEER_NSID, 0xFFFF_FFFF)),
        master=told.word(_MASTER),
        has_no_arp=bool(flags & _NO_ARP),
        sysctls=dict(_sysctls(name, told.attributes.get(_FAMILIES, b""))),
    )


def _sysctls(link: str, families: bytes) -> Iterator[tuple[str, str]]:
    parts = {family: attributes(part) for family, part in attributes(families).items()}
    for key, (family, kind, place) in _TOLD.items():
        word = parts.get(family, {}).get(kind, b"")[4 * place :][:4]
        if word:
            yield key.format(link), str(int.from_bytes(word, "little"))


def _neighbour_sysctls(kernel: Netlink, links: Mapping[str, SeenLink]) -> Iterator[tuple[str, str]]:
    names = {link.index: link.name for link in links.values()}
    for told in kernel.all(netlink.GET_NEIGHBOUR_TABLE, _FAMILY.pack(socket.AF_INET)):
        parts = attributes(told.attributes.get(_PARAMETERS, b""))
        name = names.get(int.from_bytes(parts.get(_INDEX, b""), "little"))
        if name and _PROXY_DELAY in parts:
            delay = int.from_bytes(parts[_PROXY_DELAY], "little") // _USER_MS
            yield f"{_NEIGH}{name}.proxy_delay", str(delay)


def _seen(kernel: Netlink, links: list[SeenLink], only: int) -> Seen:
    found = Seen({link.name: link for link in links})
    found.sysctls.update(one for link in links for one in link.sysctls.items())
    names = {link.index: link.name for link in links}
    for told in kernel.all(netlink.GET_ADDRESS, _ADDRESS.pack(0, 0, 0, 0, only)):
        _family, prefix, _flags, _scope, index = _ADDRESS.unpack(told.header)
        if index in names:
            text = told.address(_IFA_LOCAL) or told.address(_IFA_ADDRESS)
            found.addresses[Address(names[index], text, prefix)] = told
    asked = attribute(_NDA_INDEX, struct.pack("=I", only)) if only else b""
    header = _NEIGHBOUR.pack(socket.AF_INET, 0, 0, 0, 0)
    for told in kernel.all(netlink.GET_NEIGHBOUR, header, asked):
        _family, index, state, _flags, _type = _NEIGHBOUR.unpack(told.header)
        if state & _PERMANENT and index in names:
            mac = told.attributes.get(_NDA_LLADDR, b"").hex(":")
            found.neighbours[Neighbour(names[index], told.address(_NDA_DST), mac)] = told
    found.routes.update(_routes(kernel, names, only))
    if not only:
        for told in kernel.all(netlink.GET_RULE, _ROUTE.pack(socket.AF_INET, *[0] * 8)):
            _take_in_rule(found, told)
    return found


def _routes(kernel: Netlink, names: dict[int, str], only: int) -> Iterator[tuple[Route, Message]]:
    asked = attribute(_OIF, struct.pack("=I", only)) if only else b""
    for told in kernel.all(netlink.GET_ROUTE, _ROUTE.pack(socket.AF_INET, *[0] * 8), asked):
        if not only or told.word(_OIF) in names:
            route = _route(told, names)
            if route.table != LOCAL or route.kind == "local":
                yield route, told


def _route(told: Message, names: dict[int, str]) -> Route:
    _family, length, _src, _tos, table, _protocol, _scope, kind, _flags = _ROUTE.unpack(told.header)
    network = told.address(_DST)
    return Route(
        destination=f"{network}/{length}" if length else "default",
        via=told.address(_GATEWAY),
        link=names.get(told.word(_OIF), ""),
        kind=_KINDS.get(kind, f"kind {kind}"),
        table=told.word(_TABLE, table),
        metric=told.word(_PRIORITY),
    )


def _take_in_rule(found: Seen, told: Message) -> None:
    """Sort the rule: one of the three of every namespace, or an odd one, which selects packets."""
    _family, to, source, tos, table, _r1, _r2, action, flags = _ROUTE.unpack(told.header)
    priority, table = told.word(_FRA_PRIORITY), told.word(_FRA_TABLE, table)
    plain = (to, source, tos, action, flags) == (0, 0, 0, 1, 0)
    selects = set(told.attributes) - {_FRA_PRIORITY, _FRA_SUPPRESSOR, _FRA_TABLE, _FRA_PROTOCOL}
    if plain and not selects and (priority, table) in ORDINARY_RULES:
        found.rules[priority, table] = told
    else:
        found.odd_rules[f"rule {priority}, to table {table}"] = told


def _signed(word: int) -> int:
    return word - (1 << 32) if word >> 31 else word
