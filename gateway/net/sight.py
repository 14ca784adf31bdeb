"""What a namespace's network is now: values of a plan, each with the message that told of it."""

import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.net import netlink
from gateway.net.netlink import Message, Netlink, attribute
from gateway.net.plan import LOCAL, Address, Neighbour, Route

_LINK: Final = struct.Struct("=BxHiII")  # struct ifinfomsg: family, type, index, flags, change
_ADDRESS: Final = struct.Struct("=BBBBi")  # struct ifaddrmsg: family, prefix, flags, scope, index
_NEIGHBOUR: Final = struct.Struct("=BxxxiHBB")  # struct ndmsg: family, index, state, flags, type
_ROUTE: Final = struct.Struct("=BBBBBBBBI")  # struct rtmsg; struct fib_rule_hdr has the same places
_FAMILY: Final = struct.Struct("=B3x")  # struct rtgenmsg

_IFNAME, _MTU, _PEER_INDEX, _MASTER, _PEER_NSID, _LINK_MAC = 3, 4, 5, 10, 37, 1
_NDA_DST, _NDA_LLADDR, _NDA_INDEX, _PERMANENT = 1, 2, 8, 0x80
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_DST, _OIF, _GATEWAY, _PRIORITY, _TABLE = 1, 4, 5, 6, 15
_FRA_PRIORITY, _FRA_SUPPRESSOR, _FRA_TABLE, _FRA_PROTOCOL = 6, 14, 15, 21
_NSID, _NSID_FD = 1, 3
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


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was looked for in one namespace, each value with the message that told of it."""

    links: dict[str, SeenLink] = field(default_factory=dict)
    addresses: dict[Address, Message] = field(default_factory=dict)
    neighbours: dict[Neighbour, Message] = field(default_factory=dict)
    routes: dict[Route, Message] = field(default_factory=dict)
    rules: dict[tuple[int, int], Message] = field(default_factory=dict)
    odd_rules: dict[str, Message] = field(default_factory=dict)


def look(kernel: Netlink, only: Iterable[str] | None = None, *, linkless: bool = False) -> Seen:
    """See all of the namespace, or what belongs to some links; `linkless` routes too, if asked.

    Raises `OSError`.
    """
    if only is None:
        return _seen(kernel, list(_links(kernel)), 0)
    found = Seen()
    for name in only:
        link = link_of(kernel, name)
        if link is not None:
            part = _seen(kernel, [link], link.index)
            found.links.update(part.links)
            found.addresses.update(part.addresses)
            found.neighbours.update(part.neighbours)
            found.routes.update(part.routes)
    if linkless:
        everywhere = _routes(kernel, {}, 0)
        found.routes.update((route, told) for route, told in everywhere if not route.link)
    return found


def link_of(kernel: Netlink, name: str) -> SeenLink | None:
    """The link of this name; None if there is none. Raises `OSError`."""
    told = kernel.one(
        netlink.GET_LINK, _LINK.pack(0, 0, 0, 0, 0), attribute(_IFNAME, name.encode() + b"\0")
    )
    return _link(told) if told else None


def nsid_of(kernel: Netlink, file: int) -> int:
    """The number by which the kernel's messages mean the namespace of a file; -1 if it has none."""
    told = kernel.one(
        netlink.GET_NSID, _FAMILY.pack(0), attribute(_NSID_FD, struct.pack("=I", file))
    )
    return _signed(told.word(_NSID, 0xFFFF_FFFF)) if told else -1


def _links(kernel: Netlink) -> Iterator[SeenLink]:
    for told in kernel.all(netlink.GET_LINK, _LINK.pack(0, 0, 0, 0, 0)):
        yield _link(told)


def _link(told: Message) -> SeenLink:
    _family, _type, index, flags, _change = _LINK.unpack(told.header)
    return SeenLink(
        index=index,
        name=told.text(_IFNAME),
        up=bool(flags & _UP),
        mtu=told.word(_MTU),
        mac=told.attributes.get(_LINK_MAC, b"").hex(":"),
        peer_index=told.word(_PEER_INDEX),
        peer_nsid=_signed(told.word(_PEER_NSID, 0xFFFF_FFFF)),
        master=told.word(_MASTER),
        has_no_arp=bool(flags & _NO_ARP),
    )


def _seen(kernel: Netlink, links: list[SeenLink], only: int) -> Seen:
    found = Seen({link.name: link for link in links})
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
