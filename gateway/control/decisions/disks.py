"""Disks of a purchase: which can be declared, and the ids that they get."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from gateway.control import errors
from gateway.control.decisions.moment import Moment
from gateway.control.decisions.requirements import NAME_MAX
from gateway.control.state import State
from gateway.control.values import Disk, DiskType, Purchase

SYSTEM_GIB: Final = (20, 2048)
DATA_GIB: Final = (10, 32_000)
STEP_GIB: Final = 10
CLOUD_MAX: Final = 20  # data disks of an instance
LOCAL_MAX: Final = 1
FASTER: Final = (DiskType.CLOUD_HSSD, DiskType.CLOUD_TSSD)  # than their size gives, if paid for


def check(purchase: Purchase) -> None:
    """Check that these disks can be declared. Raises a `DomainError`."""
    _check_size(purchase.system_disk, *SYSTEM_GIB)
    local = sum(disk.kind.is_local for disk in purchase.data_disks)
    if local > LOCAL_MAX or len(purchase.data_disks) - local > CLOUD_MAX:
        raise errors.DiskCountError(
            f"an instance has at most {CLOUD_MAX} data disks of the cloud's, and {LOCAL_MAX} local"
        )
    for disk in purchase.data_disks:
        _check_size(disk, *DATA_GIB)
        if disk.size_gib % STEP_GIB:
            raise errors.RangeError(f"a data disk's size is a multiple of {STEP_GIB} GiB")
        if disk.extra_mib_s and (disk.kind not in FASTER or disk.extra_mib_s < 0):
            raise errors.DiskKindError(
                f"no {disk.kind.value} is sold with {disk.extra_mib_s} MiB/s more"
            )
    for disk in purchase.disks:
        _check_texts(disk)


def with_ids(purchase: Purchase, state: State, at: Moment, taken: Collection[str]) -> Purchase:
    """The same purchase with an id for each disk, none of which is one of `taken`."""
    disk_ids: list[str] = []
    for _ in purchase.disks:
        disk_ids.append(at.new_id("disk", state.disks, taken, disk_ids))
    system, *data = (
        replace(disk, disk_id=disk_id)
        for disk, disk_id in zip(purchase.disks, disk_ids, strict=True)
    )
    return replace(purchase, system_disk=system, data_disks=tuple(data))


def _check_size(disk: Disk, least: int, most: int) -> None:
    if not least <= disk.size_gib <= most:
        raise errors.RangeError(f"a disk of {disk.size_gib} GiB isn't possible: {least} to {most}")


def _check_texts(disk: Disk) -> None:
    for text in (disk.name, disk.key_id):
        if len(text) > NAME_MAX or not text.isprintable():
            raise errors.InvalidValueError(
                f"the name and the key of a disk have at most {NAME_MAX} printable characters"
            )
