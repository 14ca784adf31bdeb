"""Locks on a whole open file, which the kernel takes back when the process ends.

They belong to the opened file, not to the process (F_OFD_SETLK), so two files that one process has
opened keep each other out, too. Unlike with `flock`, only who may write a file can lock it for
writing: a reader can't keep other readers out.
"""

import fcntl
import struct
from contextlib import suppress
from typing import Final

_WHOLE: Final = struct.Struct("hhqqi4x")  # struct flock: from 0 to the end of the file


def lock_to_read(file: int) -> bool:
    """Keep writers out; False if one has locked the file. Raises `OSError`."""
    return _set(file, fcntl.F_RDLCK)


def lock_to_write(file: int) -> bool:
    """Keep readers and other writers out; False if one has locked the file. Raises `OSError`."""
    return _set(file, fcntl.F_WRLCK)


def unlock(file: int) -> None:
    """Give up the lock. To close the file isn't enough: what maps it into memory holds it open."""
    _set(file, fcntl.F_UNLCK)


def _set(file: int, kind: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, _WHOLE.pack(kind, 0, 0, 0, 0))
        return True
    return False
