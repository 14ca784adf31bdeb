"""The few system calls that Python 3.11 doesn't have: unshare(2), mount(2), umount2(2)."""

import ctypes
import os
from typing import Final

CLONE_NEWNET: Final = 0x40000000
CLONE_NEWNS: Final = 0x00020000
MS_BIND: Final = 0x1000
MS_REC: Final = 0x4000
MS_SLAVE: Final = 0x80000
MS_SHARED: Final = 0x100000
MNT_DETACH: Final = 0x2

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Give this thread namespaces of its own. Raises `OSError`."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str, flags: int) -> None:
    """Mount `source` at `target`. Raises `OSError`."""
    result = _libc.mount(
        source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), None
    )
    _check(result, target)


def unmount(target: str) -> None:
    """Detach what is mounted at `target`. Raises `OSError`."""
    _check(_libc.umount2(target.encode(), ctypes.c_int(MNT_DETACH)), target)


def _check(result: int, subject: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), subject)
