"""What can be asked for bandwidth packages."""

from dataclasses import dataclass

from gateway.control.values.charging import ChargeType
from gateway.control.values.packages import NetworkType, PackageChargeType
from gateway.control.values.tags import Tag


@dataclass(frozen=True, slots=True)
class CreatePackages:
    """Create bandwidth packages that differ only in their ids."""

    name: str
    bandwidth_mbps: int
    charge_type: PackageChargeType
    network_type: NetworkType
    count: int = 1
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangePackageBandwidth:
    """Change the limit that the members of a bandwidth package share, or remove it."""

    package_id: str
    bandwidth_mbps: int


@dataclass(frozen=True, slots=True)
class ChangePackageAttributes:
    """Change the name or the charge type of a bandwidth package, where it isn't None."""

    package_id: str
    name: str | None
    charge_type: PackageChargeType | None


@dataclass(frozen=True, slots=True)
class DeletePackage:
    """Delete a bandwidth package that has no members."""

    package_id: str


@dataclass(frozen=True, slots=True)
class JoinPackage:
    """Add addresses to a bandwidth package: EIPs, or ordinary public IPs by their ids."""

    package_id: str
    address_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeavePackage:
    """Remove addresses from a bandwidth package; each then pays on its own."""

    package_id: str
    address_ids: tuple[str, ...]
    charge_type: ChargeType = ChargeType.TRAFFIC_POSTPAID_BY_HOUR
    bandwidth_mbps: int | None = None  # None keeps its own, up to what the charge type permits


PackageCommand = (
    CreatePackages
    | ChangePackageBandwidth
    | ChangePackageAttributes
    | DeletePackage
    | JoinPackage
    | LeavePackage
)
