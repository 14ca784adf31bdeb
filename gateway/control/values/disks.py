"""Disks: what an instance is bought with beside its size. They are declared, and hold nothing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class DiskType(StrEnum):
    """`DiskType` of the cvm API: the kinds of disks that a purchase may name."""

    LOCAL_BASIC = "LOCAL_BASIC"
    LOCAL_SSD = "LOCAL_SSD"
    CLOUD_BASIC = "CLOUD_BASIC"
    CLOUD_SSD = "CLOUD_SSD"
    CLOUD_PREMIUM = "CLOUD_PREMIUM"
    CLOUD_BSSD = "CLOUD_BSSD"
    CLOUD_HSSD = "CLOUD_HSSD"
    CLOUD_TSSD = "CLOUD_TSSD"

    @property
    def is_local(self) -> bool:
        """Whether such a disk is in the machine, and not on the network."""
        return self in (DiskType.LOCAL_BASIC, DiskType.LOCAL_SSD)


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk as it was declared; it has its id when it is bought, and goes with its instance."""

    kind: DiskType = DiskType.CLOUD_PREMIUM
    size_gib: int = 50
    name: str = ""
    disk_id: str = ""
    with_instance: bool = True  # whether it was to go with its instance
    encrypted: bool = False
    key_id: str = ""
    extra_mib_s: int = 0


SYSTEM_DISK: Final = Disk()
