"""What a namespace's network shall be, as values: the builder makes it, and the check compares it.

A plan that is *whole* names all there may be: anything else is a difference. Another one names some
links and what belongs to them, and says nothing of the rest.
"""

from dataclasses import dataclass
from ipaddress import IPv4Interface
from typing import Final

LOOPBACK: Final = "lo"
MAIN, LOCAL = 254, 255  # routing tables
MTU: Final = 1500
LOOPBACK_MTU: Final = 65536


@dataclass(frozen=True, slots=True)
class End:
    """One end of a pair of links: its namespace, its name, and its MAC address."""

    namespace: str
    link: str
    mac: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two links, each the other's far end. What is sent into one comes out of the other."""

    one: End
    other: End


@dataclass(frozen=True, slots=True)
class Link:
    """A link, and whether it is on. Of one that is off addresses and routes may be any."""

    name: str
    up: bool = True
    mtu: int = MTU


@dataclass(frozen=True, slots=True)
class Address:
    """An address of a link, with the length of its network's prefix; no route comes with it."""

    link: str
    address: str
    prefix: int

    def __str__(self) -> str:
        """Tell of it as a difference is told of."""
        return f"address {self.address}/{self.prefix} on {self.link}"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A neighbour on a link whose MAC address is known for good."""

    link: str
    address: str
    mac: str

    def __str__(self) -> str:
        """Tell of it as a difference is told of."""
        return f"neighbour {self.address} at {self.mac} on {self.link}"


@dataclass(frozen=True, slots=True)
class Route:
    """Where packets to a network go: to a neighbour, out of a link, or nowhere."""

    destination: str  # "default", or a network with its prefix
    via: str = ""
    link: str = ""
    kind: str = "unicast"
    table: int = MAIN
    metric: int = 0

    def __str__(self) -> str:
        """Tell of it as a difference is told of."""
        words = ["route"] if self.kind == "unicast" else [f"{self.kind} route"]
        words += [f"to {self.destination}"]
        words += [f"via {self.via}"] if self.via else []
        words += [f"on {self.link}"] if self.link else []
        words += [f"in table {self.table}"] if self.table != MAIN else []
        words += [f"with metric {self.metric}"] if self.metric else []
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Plan:
    """The network of one namespace. `files` are those that stand over /etc for its processes.

    `free` is a host that may have links of its own beside these, with what belongs to them: an
    instance's root makes a tunnel, say. Of `unsure` links nothing is known. Of sysctls the last are
    set when all else is there.
    """

    namespace: str
    links: tuple[Link, ...] = ()
    addresses: tuple[Address, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    routes: tuple[Route, ...] = ()
    sysctls: tuple[tuple[str, str], ...] = ()
    last_sysctls: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    whole: bool = True
    free: bool = False
    unsure: tuple[str, ...] = ()

    @property
    def all_routes(self) -> tuple[Route, ...]:
        """The routes, and before them those that the kernel makes for addresses."""
        return (*(route for one in self.addresses for route in _implied(one)), *self.routes)


ALL_LINKS: Final = ("all", "default")  # as sysctls call those there are, and those to come


def no_ipv6(*links: str) -> tuple[tuple[str, str], ...]:
    """The sysctls by which these links have no IPv6."""
    return tuple((f"ipv6.conf.{link}.disable_ipv6", "1") for link in links)


def loopback() -> tuple[Link, Address]:
    """The loopback of any namespace: the link and its address."""
    return Link(LOOPBACK, mtu=LOOPBACK_MTU), Address(LOOPBACK, "127.0.0.1", 8)


def _implied(one: Address) -> list[Route]:
    networks = [f"{one.address}/32"]
    if one.address.startswith("127."):
        networks += [str(IPv4Interface(f"{one.address}/{one.prefix}").network)]
    return [Route(network, link=one.link, kind="local", table=LOCAL) for network in networks]
