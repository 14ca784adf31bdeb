"""The few system calls that Python 3.11 doesn't have.

unshare(2), setns(2), mount(2), umount2(2), pivot_root(2), prctl(2), capget(2), capset(2).
"""

import ctypes
import os
from typing import Final, NamedTuple

CLONE_NEWNET: Final = 0x40000000
CLONE_NEWNS: Final = 0x00020000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWPID: Final = 0x20000000
MS_RDONLY: Final = 0x1
MS_NOSUID: Final = 0x2
MS_NODEV: Final = 0x4
MS_NOEXEC: Final = 0x8
MS_REMOUNT: Final = 0x20
MS_BIND: Final = 0x1000
MS_REC: Final = 0x4000
MS_PRIVATE: Final = 0x40000
MS_SLAVE: Final = 0x80000
MS_SHARED: Final = 0x100000
MNT_DETACH: Final = 0x2

_CAPABILITY_VERSION_3: Final = 0x20080522  # two 32-bit halves of each set
_HALF: Final = 0xFFFF_FFFF
_PRCTL_ARGUMENTS: Final = 4

_libc = ctypes.CDLL(None, use_errno=True)


class Capabilities(NamedTuple):
    """A thread's sets of capabilities: bit N is capability N of capabilities(7)."""

    effective: int
    permitted: int
    inheritable: int


def unshare(flags: int) -> None:
    """Give this thread namespaces of its own. Raises `OSError`."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(descriptor: int, kinds: int = CLONE_NEWNET) -> None:
    """Move this thread into a namespace, or into a process's namespaces of some kinds.

    The descriptor is of a namespace's file, or of the process. Raises `OSError`.
    """
    _check(_libc.setns(ctypes.c_int(descriptor), ctypes.c_int(kinds)), "setns")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Mount `source` at `target` as mount(2) does. Raises `OSError`."""
    result = _libc.mount(
        source.encode(),
        target.encode(),
        kind.encode(),
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    _check(result, target)


def pivot_root(new: str, put_old: str) -> None:
    """Make `new` the root of this thread's mount namespace, and put the old one at `put_old`."""
    _check(_libc.pivot_root(new.encode(), put_old.encode()), new)


def unmount(target: str) -> None:
    """Detach what is mounted at `target`. Raises `OSError`."""
    _check(_libc.umount2(target.encode(), ctypes.c_int(MNT_DETACH)), target)


def prctl(option: int, *arguments: int) -> int:
    """Do or ask one thing of this thread; the answer, mostly 0. Raises `OSError`."""
    # All are passed, as the kernel refuses some options when an unused one isn't zero.
    padded = (*arguments, 0, 0, 0, 0)[:_PRCTL_ARGUMENTS]
    result: int = _libc.prctl(ctypes.c_int(option), *map(ctypes.c_ulong, padded))
    _check(min(result, 0), f"prctl {option}")
    return result


def capget() -> Capabilities:
    """Ask the kernel for this thread's capabilities. Raises `OSError`."""
    halves = (ctypes.c_uint32 * 6)()
    _check(_libc.capget(_capability_header(), halves), "capget")
    low, high = halves[:3], halves[3:]
    return Capabilities(*(one | other << 32 for one, other in zip(low, high, strict=True)))


def capset(capabilities: Capabilities) -> None:
    """Set this thread's capabilities; only inheritable ones can be gained. Raises `OSError`."""
    low = (wanted & _HALF for wanted in capabilities)
    high = (wanted >> 32 for wanted in capabilities)
    _check(_libc.capset(_capability_header(), (ctypes.c_uint32 * 6)(*low, *high)), "capset")


def _capability_header() -> "ctypes.Array[ctypes.c_uint32]":
    return (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)  # 0: of the calling thread


def _check(result: int, subject: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), subject)
