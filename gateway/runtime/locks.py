"""Locks on files: which processes hold them, by the kernel's list, and how a process takes one."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.runtime.waiting import looks

LOCKS: Final = Path("/proc/locks")


def lockers(*kinds: str) -> set[int]:
    """The ids of all processes that keep others from some file, by locks of these kinds.

    The kinds are the kernel's words, e.g. "FLOCK". Raises `OSError`.
    """
    found = set()
    for line in LOCKS.read_text().splitlines():
        _number, *words = line.split()
        # Who only looks whether a lock is held shares it for a moment; "->" still waits for one.
        if words[0] in kinds and words[2] == "WRITE" and int(words[3]) > 0:
            found.add(int(words[3]))
    return found


def lock(file: int) -> bool:
    """Keep all others from an open file, by `flock`; False if another has it. Raises `OSError`."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def turn(path: Path, *, mode: int, within_s: float, every_s: float, late: str) -> Iterator[None]:
    """Have the file at `path` locked during the block; it is made with `mode` if it isn't there.

    Raises `OSError`, and `TimeoutError` with the text `late` if another has it for too long.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
    try:
        if not any(lock(file) for _ in looks(within_s, every_s)):
            raise TimeoutError(late)
        yield
    finally:
        os.close(file)
