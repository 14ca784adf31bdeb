"""The texts of policies and templates: ports, services and addresses, as numbers.

`80`, `8000-8010`, `80,443` and `ALL` are ports; `tcp:80,443`, `icmp` and `all` are services;
`10.0.0.1`, `10.0.0.0/8` and `10.0.0.1-10.0.0.9` are addresses.
"""

from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Final, NamedTuple

PORT_MAX: Final = 65_535
ALL_PORTS: Final = "ALL"
PORTS_LISTED_MAX: Final = 15  # ports and ranges in one text

Range = tuple[int, int]  # the first and the last


class Protocol(StrEnum):
    """`Protocol` of a policy: what runs over IP, or all of that."""

    TCP = "TCP"
    UDP = "UDP"
    ICMP = "ICMP"
    GRE = "GRE"
    ALL = "ALL"

    @property
    def has_ports(self) -> bool:
        """Whether packets of the protocol have ports that a policy may name."""
        return self in (Protocol.TCP, Protocol.UDP)


class Service(NamedTuple):
    """A protocol, and for TCP and UDP the ports."""

    protocol: Protocol
    ports: str = ALL_PORTS

    @property
    def ranges(self) -> tuple[Range, ...]:
        """The ports as ranges in their order, none of which touches another one."""
        return port_ranges(self.ports)

    def __str__(self) -> str:
        """The service as templates have it, e.g. `tcp:80`."""
        ports = f":{self.ports.lower()}" if self.protocol.has_ports else ""
        return f"{self.protocol.lower()}{ports}"


def port_ranges(text: str) -> tuple[Range, ...]:
    """The ports of a text as ranges. Raises `ValueError` with one line that says why."""
    return merged(_ports(text))


def ports(text: str) -> str:
    """The text for ports in one form, e.g. `80,443`. Raises `ValueError`, as `port_ranges` does."""
    found = _ports(text)
    if found == [(0, PORT_MAX)]:
        return ALL_PORTS
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def _ports(text: str) -> list[Range]:
    if text.strip().upper() == ALL_PORTS:
        return [(0, PORT_MAX)]
    parts = text.split(",")
    if len(parts) > PORTS_LISTED_MAX:
        raise ValueError(f"a policy names at most {PORTS_LISTED_MAX} ports and ranges of ports")
    return [_port_range(part.strip()) for part in parts]


def _port_range(text: str) -> Range:
    first, dash, last = text.partition("-")
    if not _is_port(first) or (dash and not _is_port(last)):
        raise ValueError(
            f"{text[:80]!r} is no port: 0 to {PORT_MAX}, a range 8000-8010, a list 80,443 or ALL is"
        )
    if dash and int(last) < int(first):
        raise ValueError(f"the range of ports {text} ends before it begins")
    return int(first), int(last if dash else first)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= PORT_MAX


def service(text: str) -> Service:
    """The service of a text. Raises `ValueError` with one line that says why."""
    word, _, of_it = text.partition(":")
    try:
        protocol = Protocol(word.strip().upper())
    except ValueError as error:
        words = ", ".join(Protocol)
        raise ValueError(f"{word[:80]!r} is no protocol: use one of {words}") from error
    canonical = ports(of_it.strip() or ALL_PORTS)
    if canonical != ALL_PORTS and not protocol.has_ports:
        raise ValueError(f"{protocol} has no ports: leave {canonical} out, or say ALL")
    return Service(protocol, canonical)


def address_range(text: str) -> Range:
    """The addresses of a text, as numbers. Raises `ValueError` with one line that says why."""
    first, dash, last = text.partition("-")
    try:
        if dash:
            ends = int(IPv4Address(first.strip())), int(IPv4Address(last.strip()))
        else:
            network = IPv4Network(text.strip(), strict=False)
            ends = int(network.network_address), int(network.broadcast_address)
    except (AddressValueError, ValueError) as error:
        raise ValueError(
            f"{text[:80]!r} is no IPv4 address, and no network of the form 10.0.0.0/8"
        ) from error
    if ends[1] < ends[0]:
        raise ValueError(f"the range of addresses {text} ends before it begins")
    return ends


def cidr(text: str) -> str:
    """A network or an address in one form. Raises `ValueError` with one line that says why."""
    address_range(text)
    if "-" in text:
        raise ValueError(f"{text[:80]!r} is a range: a policy has a network, a template has ranges")
    address, slash, length = text.strip().partition("/")
    if not slash:
        return address
    network = IPv4Network(f"{address}/{length}", strict=False)
    # As the cloud has it: 0.0.0.0/n is any address, whatever n is.
    return str(network.supernet(new_prefix=0) if address == str(IPv4Address(0)) else network)


def merged(ranges: list[Range]) -> tuple[Range, ...]:
    """The same numbers as ranges in their order, with a gap between each and the next."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)
