"""Links, addresses and routes in one namespace: `with Links(NAME) as links: links.up("eth0")`.

Everything here says what shall be, so that doing it twice is doing it once.
Errors of the kernel are pyroute2's `NetlinkError`.

An index is asked of the kernel by if_nametoindex(3). A link that pyroute2 reads is some 200 objects
in reference cycles: they wait for a full garbage collection, which comes late in a large process,
and the heap grows meanwhile.
"""

import os
import socket
from ipaddress import IPv4Interface
from typing import Final, Self

from pyroute2 import IPRoute

from gateway.net import namespace

IFA_F_NOPREFIXROUTE: Final = 0x200
NUD_PERMANENT: Final = 0x80
TABLE_MAIN: Final = 254


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

    def is_up(self, interface: str) -> bool:
        """Whether the interface is there and switched on."""
        index = self.index(interface)
        return index is not None and bool(self._route.get_links(index)[0]["flags"] & 1)

    def veth(
        self, interface: str, *, peer: str, peer_namespace: str, mac: str | None = None
    ) -> None:
        """A pair of links: `interface` here, `peer` over there with the address `mac`."""
        if self.index(interface) is not None:
            return
        there = os.open(namespace.path(peer_namespace), os.O_RDONLY)
        try:
            far_end = {"ifname": peer, "net_ns_fd": there} | ({"address": mac} if mac else {})
            self._route.link("add", ifname=interface, kind="veth", peer=far_end)
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

    def mac(self, interface: str, mac: str) -> None:
        """Give the interface this hardware address, up or down."""
        self._route.link("set", index=self._index(interface), address=mac)

    def address(self, interface: str, address: str, prefix: int) -> None:
        """Give the interface an address, e.g. `("eth0", "10.0.0.2", 16)`, and no route with it.

        So the rest of its network is no neighbour: a route says through whom it is reached.
        """
        index = self._index(interface)
        broadcast = IPv4Interface(f"{address}/{prefix}").network.broadcast_address
        self._route.addr(
            "replace",
            index=index,
            address=address,
            prefixlen=prefix,
            flags=IFA_F_NOPREFIXROUTE,
            **({"broadcast": str(broadcast)} if prefix < 31 else {}),
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

    def route(self, destination: str, *, via: str | None = None, dev: str | None = None) -> None:
        """Send `destination` ("default" or a network) to a neighbour or out of an interface."""
        target: dict[str, str | int] = {"gateway": via} if via else {}
        if dev:
            target |= {"oif": self._index(dev)} | ({} if via else {"scope": "link"})
        self._route.route("replace", dst=destination, **target)

    def hosts(self) -> list[tuple[str, str]]:
        """Each single address that has a route out of an interface: the interface, the address."""
        routes = list(self._route.get_routes(family=socket.AF_INET, dst_len=32, table=TABLE_MAIN))
        with namespace.inside(self._namespace):
            return [
                (socket.if_indextoname(route.get_attr("RTA_OIF")), route.get_attr("RTA_DST"))
                for route in routes
                if route.get_attr("RTA_OIF")
            ]

    def blackhole(self, destination: str) -> None:
        """Drop what has no narrower route to `destination`."""
        self._route.route("replace", dst=destination, type="blackhole")

    def _index(self, interface: str) -> int:
        index = self.index(interface)
        if index is None:
            raise LookupError(f"no interface {interface}")
        return index
