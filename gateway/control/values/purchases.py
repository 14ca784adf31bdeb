"""What an instance is bought with beside its addresses, and the types that are sold."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.control.values.disks import SYSTEM_DISK, Disk


class InstanceChargeType(StrEnum):
    """`InstanceChargeType` of the cvm API: how the instance itself is paid for."""

    POSTPAID_BY_HOUR = "POSTPAID_BY_HOUR"
    SPOTPAID = "SPOTPAID"
    PREPAID = "PREPAID"
    CDHPAID = "CDHPAID"


@dataclass(frozen=True, slots=True)
class InstanceType:
    """The size that an instance reports; the kernel bounds it where control groups can be used."""

    name: str
    cpus: int
    memory_gib: int

    @property
    def family(self) -> str:
        """The types that are of one kind, e.g. `S5`, and differ in size only."""
        return self.name.partition(".")[0]


_FAMILIES: Final = ("S2", "S3", "S4", "S5", "S6", "SA2", "SA3")
_SIZES: Final = (
    ("SMALL1", 1, 1),
    ("SMALL2", 1, 2),
    ("SMALL4", 1, 4),
    ("MEDIUM2", 2, 2),
    ("MEDIUM4", 2, 4),
    ("MEDIUM8", 2, 8),
    ("LARGE8", 4, 8),
    ("LARGE16", 4, 16),
    ("2XLARGE16", 8, 16),
    ("2XLARGE32", 8, 32),
    ("3XLARGE48", 12, 48),
    ("4XLARGE32", 16, 32),
    ("4XLARGE64", 16, 64),
    ("6XLARGE96", 24, 96),
    ("8XLARGE64", 32, 64),
    ("8XLARGE128", 32, 128),
    ("12XLARGE192", 48, 192),
    ("16XLARGE256", 64, 256),
)
TYPES: Final[Mapping[str, InstanceType]] = {
    f"{family}.{size}": InstanceType(f"{family}.{size}", cpus, memory_gib)
    for family in _FAMILIES
    for size, cpus, memory_gib in _SIZES
}
DEFAULT_TYPE: Final = "S5.SMALL1"
DEFAULT_IMAGE: Final = "img-tgw00001"  # the only image: the system of the machine itself
USER_DATA_MAX: Final = 16 << 10  # bytes, before base64


@dataclass(frozen=True, slots=True)
class Attributes:
    """The terms of a purchase that can be changed later."""

    host_name: str = ""
    user_data: str = ""  # base64, as the request had it
    role: str = ""
    protected: bool = False  # whether termination is refused
    security_groups: tuple[str, ...] = ()  # in the order of their priority


DEFAULT_ATTRIBUTES: Final = Attributes()


@dataclass(frozen=True, slots=True)
class Purchase:
    """The terms that an instance is bought with."""

    image_id: str = DEFAULT_IMAGE
    instance_type: str = DEFAULT_TYPE
    charge_type: InstanceChargeType = InstanceChargeType.POSTPAID_BY_HOUR
    attributes: Attributes = DEFAULT_ATTRIBUTES
    system_disk: Disk = SYSTEM_DISK
    data_disks: tuple[Disk, ...] = ()
    key_ids: tuple[str, ...] = ()  # of the keys that its owner logs in with

    @property
    def size(self) -> InstanceType:
        """The instance type, which tells processors and memory."""
        return TYPES[self.instance_type]

    @property
    def disks(self) -> tuple[Disk, ...]:
        """All disks that were declared, that of the system first."""
        return (self.system_disk, *self.data_disks)


DEFAULT_PURCHASE: Final = Purchase()
