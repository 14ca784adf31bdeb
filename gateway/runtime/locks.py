"""Which processes hold locks on files, by the kernel's list of them."""

from pathlib import Path
from typing import Final

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
