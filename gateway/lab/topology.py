"""The lab as data: who is in it and which networks join them. Nothing here touches the kernel.

::

    internet ──────────── uplink │ gateway │ ins-… ──────────── eth0  instance
    client addresses             │         │                    private address only
                                  public pool (on no interface: the data plane's table has it)
"""

import json
import tomllib
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from math import inf
from pathlib import Path
from typing import Any, Final, Self

from gateway.control.values.ranges import unusable
from gateway.lab.hosts import GATEWAY, Hosts
from gateway.nat.checks import is_martian
from gateway.nat.mark import DEFAULT_BITS, MarkBits
from gateway.runtime.files import replace_text
from gateway.site.places import NAME, TOPOLOGY, Places
from gateway.site.site import API_ADDRESS, METADATA_ADDRESS, NO_SERVICE_ADDRESS, Site, Uplink

UPLINK: Final = "uplink"
BYTES_MAX: Final = 1 << 20  # of a TOML file
PREFIX_MIN: Final = 12  # a million addresses; more would cost control minutes and gigabytes


class TopologyError(ValueError):
    """The topology can't be built; the text is one line that says why."""


@dataclass(frozen=True, slots=True)
class Topology:
    """Networks, and the place each host has in them. Raises `TopologyError` if they clash.

    Every field can be set in a TOML file by its name.
    """

    name: str = "lab"
    internet: str = "198.51.100.0/24"
    clients: tuple[str, ...] = ("198.51.100.10", "198.51.100.11", "198.51.100.12")
    pool: str = "203.0.113.0/24"
    vpc: str = "10.0.0.0/16"
    quarantine_s: float = 60.0
    mark_mask: int = DEFAULT_BITS.mask

    def __post_init__(self) -> None:
        """Check what the types of the fields can't say."""
        if not NAME.fullmatch(self.name):
            raise TopologyError(
                f"{self.name!r} can't name a lab: use up to 20 of a-z, 0-9 and '-', a letter first"
            )
        if not 0 <= self.quarantine_s < inf:
            raise TopologyError("quarantine_s is a time in seconds: 0 or more")
        try:
            MarkBits(self.mark_mask)
        except ValueError as error:
            raise TopologyError(f"mark_mask: {error}") from None
        networks = {field: _network(field, getattr(self, field)) for field in NETWORKS}
        for first, second in (("internet", "pool"), ("internet", "vpc"), ("pool", "vpc")):
            if networks[first].overlaps(networks[second]):
                raise TopologyError(f"{first} and {second} overlap")
        for client in self.clients:
            if _address("clients", client) not in networks["internet"]:
                raise TopologyError(f"client {client} is not in the internet {self.internet}")
            if client in (self.internet_address, self.uplink_address):
                raise TopologyError(f"client {client} is taken by the internet's router or uplink")
            if IPv4Address(client) in (networks["internet"][0], networks["internet"][-1]):
                raise TopologyError(f"client {client} is the internet's network or broadcast")
        if is_martian(int(networks["internet"][0])):
            raise TopologyError(f"internet: {self.internet} can't be on the internet (RFC 6890)")
        if len(set(self.clients)) != len(self.clients):
            raise TopologyError("a client is there twice")

    @classmethod
    def load(cls, path: Path) -> Self:
        """The topology in a TOML file; what it leaves out is as by default."""
        try:
            with path.open("rb") as file:
                raw = file.read(BYTES_MAX + 1)
            if len(raw) > BYTES_MAX:
                raise TopologyError(f"{path}: it has more than {BYTES_MAX} bytes")
            values = tomllib.loads(raw.decode())
        except OSError as error:
            raise TopologyError(f"{path}: {error.strerror}") from error
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
            raise TopologyError(f"{path}: {error}") from error
        return cls.from_values(values)

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Self:
        """The topology with these fields, as TOML or JSON give them."""
        kinds: dict[str, tuple[type, ...]] = {
            "clients": (list, tuple),
            "quarantine_s": (int, float),
            "mark_mask": (int,),
        }
        known = {field.name for field in fields(cls)}
        for key, value in values.items():
            if key not in known:
                raise TopologyError(f"unknown field {key!r}: there are {', '.join(sorted(known))}")
            if not isinstance(value, kinds.get(key, (str,))) or isinstance(value, bool):
                raise TopologyError(f"{key} has a value of the wrong type: {value!r}")
        if "clients" in values:
            values = values | {"clients": tuple(values["clients"])}
        return cls(**values)

    @property
    def internet_address(self) -> str:
        """The internet host's own address, the next hop of the gateway."""
        return str(_parsed(self.internet)[1])

    @property
    def uplink_address(self) -> str:
        """The gateway's address on the uplink, the internet's next hop to the pool."""
        return str(_parsed(self.internet)[-2])

    @property
    def internet_prefix(self) -> int:
        """The number of bits in the internet's prefix."""
        return _parsed(self.internet).prefixlen

    @property
    def vpc_gateway(self) -> str:
        """The gateway's address in the VPC, every instance's next hop."""
        return str(_parsed(self.vpc)[1])

    @property
    def vpc_prefix(self) -> int:
        """The number of bits in the VPC's prefix."""
        return _parsed(self.vpc).prefixlen

    @property
    def site(self) -> Site:
        """The lab's gateway, as a site like any other."""
        return Site(
            self.name,
            Hosts(self.name).namespace(GATEWAY),
            Uplink(UPLINK, self.uplink_address, self.internet_prefix, self.internet_address),
            pools=(self.pool,),
            addresses=(self.vpc_gateway, METADATA_ADDRESS, API_ADDRESS, NO_SERVICE_ADDRESS),
            private=(self.vpc,),
            bits=MarkBits(self.mark_mask),
        )


def save(topology: Topology, run: Path) -> None:
    """Remember in the lab's directory what the lab was built from."""
    run.mkdir(parents=True, exist_ok=True)
    replace_text(run / TOPOLOGY, json.dumps(asdict(topology)))


def saved(run: Path) -> Topology | None:
    """What the lab was built from; None if the lab isn't up. Raises `TopologyError`."""
    file = run / TOPOLOGY
    try:
        return Topology.from_values(json.loads(file.read_text()))
    except FileNotFoundError:
        return None
    except TopologyError as error:
        raise TopologyError(f"{file}: {error}; was it written by a newer tgw?") from error
    except (ValueError, AttributeError) as error:
        raise TopologyError(f"{file} is damaged: 'tgw lab down' removes it") from error


def standing(places: Places) -> Topology:
    """What the lab was built from. Raises `TopologyError`, also if it isn't up."""
    topology = saved(places.run)
    if topology is None:
        raise TopologyError(f"lab {places.name} is not up: 'tgw lab up' builds it")
    return topology


def known(places: Places) -> Topology | None:
    """What the lab was built from, or the log is of; None if there is neither.

    The directory that stays has it, too, should the other be damaged or gone. Raises
    `TopologyError`.
    """
    try:
        return saved(places.run) or saved(places.state)
    except TopologyError:
        kept = saved(places.state)
        if kept is None:
            raise
        return kept


NETWORKS: Final = ("internet", "pool", "vpc")


@lru_cache(maxsize=64)
def _parsed(network: str) -> IPv4Network:
    """The network, which is asked for with each of thousands of instances."""
    return IPv4Network(network)


def _network(field: str, text: str) -> IPv4Network:
    try:
        network = IPv4Network(text)
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        raise TopologyError(f"{field}: {error}") from error
    if not PREFIX_MIN <= network.prefixlen <= 30:
        raise TopologyError(f"{field}: {text} must have a prefix from /{PREFIX_MIN} to /30")
    if str(network) != text:
        raise TopologyError(f"{field}: write {text} as {network}")
    if reason := unusable(network):
        raise TopologyError(f"{field}: {text} can't work, because {reason}")
    return network


def _address(field: str, text: object) -> IPv4Address:
    if not isinstance(text, str):
        raise TopologyError(f"{field}: {text!r} is no address")
    try:
        return IPv4Address(text)
    except AddressValueError as error:
        raise TopologyError(f"{field}: {error}") from error
