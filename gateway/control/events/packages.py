"""What happened to bandwidth packages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PackageCreated:
    """A bandwidth package was created, with this number in the table."""

    package_id: str
    number: int
    name: str
    bandwidth_mbps: int
    charge_type: str
    network_type: str


@dataclass(frozen=True, slots=True)
class PackageChanged:
    """The attributes of a bandwidth package changed to these."""

    package_id: str
    name: str
    bandwidth_mbps: int
    charge_type: str


@dataclass(frozen=True, slots=True)
class PackageDeleted:
    """A bandwidth package was deleted; its number is free."""

    package_id: str


@dataclass(frozen=True, slots=True)
class PackageJoined:
    """An EIP or an ordinary public IP joined: the package pays for it."""

    package_id: str
    address_id: str


@dataclass(frozen=True, slots=True)
class PackageLeft:
    """An address left: it pays on its own, with this charge type and bandwidth."""

    package_id: str
    address_id: str
    charge_type: str
    bandwidth_mbps: int


PackageEvent = PackageCreated | PackageChanged | PackageDeleted | PackageJoined | PackageLeft
