"""Links, addresses and routes in one namespace: `with Links(NAME) as links: links.up("eth0")`.

Everything here says what shall be, so that doing it twice is doing it once.
Errors of the kernel are pyroute2's `NetlinkError`.

An index is asked of the kernel by if_nametoindex(3). A link that pyroute2 reads is some 200 objects
in reference cycles: they wait for a full garbage collection, which comes late in a large process,
and the heap grows meanwhile.
"""

import os
import socket
from contextlib import suppress
from ipaddress import IPv4Interface
from typing import Final, Self

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from gateway.net import namespace
from gateway.net.plan import MAIN, Route

IFA_F_NOPREFIXROUTE: Final = 0x200
SCOPE_HOST: Final = 254
PROTO_KERNEL: Final = 2
NUD_PERMANENT: Final = 0x80
# A filter of the kernel's traffic control, in the place before everything else (clsact, ingress).
INGRESS: Final = 0xFFFF_FFF2
ETH_P_ALL: Final = 3
PRIORITY: Final = 0x7467  # other programs' filters have other places
HANDLE: Final = 1


class Links:
    """The links, addresses and routes of one namespace."""

    def __init__(self, name: str) -> None:
        """Open the socket there. Raises `OSError` if there is no such namespace."""
        self._namespace = name
        with namespace.inside(name):
            self._route = IPRoute()

    def __enter__(self) -> Self:
        """Give the links; leaving the block closes the socket."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the netlink socket of this namespace's links."""
        self._route.close()

    def index(self, interface: str) -> int | None:
        """The interface's index, None if it isn't there."""
        with namespace.inside(self._namespace):
            try:
                return socket.if_nametoindex(interface)
            except OSError:  # ENODEV
                return None

    def names(self) -> list[str]:
        """The names of all interfaces that are there."""
        with namespace.inside(self._namespace):
            return [name for _, name in socket.if_nameindex()]

    def is_up(self, interface: str) -> bool:
        """Whether the interface is there and switched on."""
        index = self.index(interface)
        return index is not None and bool(self._route.get_links(index)[0]["flags"] & 1)

    def veth(
        self,
        interface: str,
        *,
        peer: str,
        peer_namespace: str,
        mac: str | None = None,
        peer_mac: str | None = None,
    ) -> None:
        """A pair of links: `interface` here, `peer` over there, with MAC addresses if given."""
        if self.index(interface) is not None:
            return
        there = os.open(namespace.path(peer_namespace), os.O_RDONLY)
        try:
            near_end = {"ifname": interface} | ({"address": mac} if mac else {})
            far_end = {"ifname": peer} | ({"address": peer_mac} if peer_mac else {})
            self._route.link("add", kind="veth", peer=far_end | {"net_ns_fd": there}, **near_end)
        finally:
            os.close(there)

    def up(self, interface: str) -> None:
        """Switch the interface on, if it isn't on."""
        self._route.link("set", index=self._index(interface), state="up")

    def down(self, interface: str) -> None:
        """Switch the interface off: no packet passes, its routes are gone until it is on again."""
        self._route.link("set", index=self._index(interface), state="down")

    def remove(self, interface: str) -> None:
        """Remove the interface, and with it the peer, if it is there."""
        index = self.index(interface)
        if index is not None:
            self._route.link("del", index=index)

    def address(self, interface: str, address: str, prefix: int) -> None:
        """Give the interface an address, e.g. `("eth0", "10.0.0.2", 16)`, and no route with it.

        So the rest of its network is no neighbour: a route says through whom it is reached.
        """
        index = self._index(interface)
        network = IPv4Interface(f"{address}/{prefix}").network
        self._route.addr(
            "replace",
            index=index,
            address=address,
            prefixlen=prefix,
            flags=IFA_F_NOPREFIXROUTE,
            **({"scope": SCOPE_HOST} if network.is_loopback else {}),
            **({"broadcast": str(network.broadcast_address)} if prefix < 31 else {}),
        )

    def neighbour(self, interface: str, address: str, mac: str) -> None:
        """Know the neighbour's hardware address for good: no ARP asks for it, or changes it."""
        self._route.neigh(
            "replace",
            ifindex=self._index(interface),
            dst=address,
            lladdr=mac,
            state=NUD_PERMANENT,
        )

    def change(self, index: int, **values: object) -> None:
        """Change what a link is: its `state`, `mtu`, MAC `address` or `master`."""
        self._route.link("set", index=index, **values)

    def put(self, route: Route) -> None:
        """Make the route, in the place of another to the same destination."""
        where: dict[str, str | int] = {"dst": route.destination, "type": route.kind}
        if route.via:
            where["gateway"] = route.via
        if route.link:
            where["oif"] = self._index(route.link)
            scope = "host" if route.kind == "local" else "link"
            where |= {} if route.via else {"scope": scope}
        address, _, length = route.destination.partition("/")
        if route.kind == "local" and length == "32":
            # As the kernel makes it for an address: another would stay beside that one.
            where |= {"proto": PROTO_KERNEL, "prefsrc": address}
        self._route.route("replace", table=route.table, priority=route.metric or None, **where)

    def hosts(self) -> list[tuple[str, str]]:
        """Each single address that has a route out of an interface: the interface, the address."""
        routes = list(self._route.get_routes(family=socket.AF_INET, dst_len=32, table=MAIN))
        with namespace.inside(self._namespace):
            return [
                (socket.if_indextoname(route.get_attr("RTA_OIF")), route.get_attr("RTA_DST"))
                for route in routes
                if route.get_attr("RTA_OIF")
            ]

    def rule(self, priority: int, table: int) -> None:
        """Add one of the rules that every namespace begins with."""
        self._route.rule("add", priority=priority, table=table)

    def program(self, interface: str, program: int, name: str) -> None:
        """Let a program of the kernel's, an open file, see each packet that arrives here first.

        It takes the place of the one that was set here before, in one step.
        """
        index = self._index(interface)
        with suppress(NetlinkError):  # it is there: another filter may be, too
            self._route.tc("add", "clsact", index)
        self._route.tc(
            "replace-filter",
            "bpf",
            index,
            handle=HANDLE,
            parent=INGRESS,
            prio=PRIORITY,
            protocol=ETH_P_ALL,
            fd=program,
            name=name,
            direct_action=True,
        )

    def no_program(self, interface: str) -> None:
        """Take the program away that `program` has set; nothing happens if there is none."""
        with suppress(NetlinkError):
            self._route.tc(
                "del-filter", "bpf", self._index(interface), parent=INGRESS, prio=PRIORITY
            )

    def _index(self, interface: str) -> int:
        index = self.index(interface)
        if index is None:
            raise LookupError(f"no interface {interface}")
        return index
