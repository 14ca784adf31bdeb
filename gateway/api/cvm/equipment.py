"""What a purchase declares beside size and addresses: disks, and how to log in.

It is checked, kept and shown. A lab has no block storage, and nobody logs in over the network.
"""

from string import ascii_lowercase, ascii_uppercase, digits, punctuation
from typing import Annotated, Any, Final

from gateway.api.errors import ApiError
from gateway.api.fields import Flag, Refusal, Request, Whole
from gateway.api.services import CVM
from gateway.api.unused import complete
from gateway.control.values import SYSTEM_DISK, Disk, Purchase, disks

NO_SNAPSHOT: Final = "InvalidParameter.SnapshotNotFound"
BAD_PASSWORD: Final = "InvalidPassword"  # noqa: S105  a code
PASSWORD_LENGTHS: Final = range(8, 31)
PASSWORD_KINDS_MIN: Final = 2
_KINDS: Final = (ascii_lowercase, ascii_uppercase, digits, punctuation)
_KEEP: Final = {"": False, "FALSE": False, "TRUE": True}


class _Disk(Request):
    """What the disk of the system and a disk for data declare alike."""

    DiskName: str = ""
    Encrypt: Flag = False
    KmsKeyId: str = ""


@complete(CVM, "SystemDisk")
class SystemDisk(_Disk):
    """Declare the disk that the system is on; there is none in truth."""

    DiskType: disks.DiskType = SYSTEM_DISK.kind
    DiskSize: Whole = SYSTEM_DISK.size_gib

    def value(self) -> Disk:
        return Disk(
            self.DiskType,
            self.DiskSize,
            self.DiskName,
            encrypted=self.Encrypt,
            key_id=self.KmsKeyId,
        )


@complete(CVM, "DataDisk")
class DataDisk(_Disk):
    """Declare a disk for data; one of size 0 isn't bought."""

    DiskSize: Whole
    DiskType: disks.DiskType = disks.DiskType.LOCAL_BASIC
    DeleteWithInstance: Flag = True
    SnapshotId: Annotated[Any, Refusal(NO_SNAPSHOT)] = None
    ThroughputPerformance: Whole = 0

    def value(self) -> Disk:
        return Disk(
            self.DiskType,
            self.DiskSize,
            self.DiskName,
            with_instance=self.DeleteWithInstance,
            encrypted=self.Encrypt,
            key_id=self.KmsKeyId,
            extra_mib_s=self.ThroughputPerformance,
        )


@complete(CVM, "LoginSettings")
class LoginSettings(Request):
    """Declare how one logs in. Keys are shown again; a password is checked, and kept nowhere."""

    Password: str = ""
    KeyIds: tuple[str, ...] = ()
    KeepImageLogin: str = ""

    def check(self) -> None:
        """Raises `ApiError` for a password that can't be one, or for two ways to log in."""
        keep = _KEEP.get(self.KeepImageLogin.upper())
        if keep is None:
            raise ApiError("InvalidParameterValue", "KeepImageLogin is TRUE or FALSE")
        if sum((bool(self.Password), bool(self.KeyIds), keep)) > 1:
            raise ApiError(
                "InvalidParameterCombination",
                "Password, KeyIds and KeepImageLogin exclude each other",
            )
        if self.Password and not _is_password(self.Password):
            raise ApiError(
                BAD_PASSWORD,
                f"a password has {PASSWORD_LENGTHS[0]} to {PASSWORD_LENGTHS[-1]} characters of at "
                f"least {PASSWORD_KINDS_MIN} kinds: small letters, capital ones, digits, others",
            )


def _is_password(text: str) -> bool:
    letters = set(text)
    kinds = sum(not letters.isdisjoint(kind) for kind in _KINDS)
    fits = len(text) in PASSWORD_LENGTHS and letters.issubset("".join(_KINDS))
    return fits and kinds >= PASSWORD_KINDS_MIN


def disks_view(purchase: Purchase) -> dict[str, Any]:
    """The disks of an `Instance`, and the keys to log in with."""
    return {
        "SystemDisk": _disk_view(purchase.system_disk),
        "DataDisks": [
            _disk_view(disk)
            | {"DeleteWithInstance": disk.with_instance, "ThroughputPerformance": disk.extra_mib_s}
            for disk in purchase.data_disks
        ],
        "LoginSettings": {"KeyIds": list(purchase.key_ids)},
    }


def _disk_view(disk: Disk) -> dict[str, Any]:
    return {
        "DiskId": disk.disk_id,
        "DiskType": disk.kind.value,
        "DiskSize": disk.size_gib,
        "DiskName": disk.name,
        "Encrypt": disk.encrypted,
        "KmsKeyId": disk.key_id,
    }
