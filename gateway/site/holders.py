"""The processes of a site, found by what they hold: no file has to be where it was.

Each process of a site holds a lock: on the file of its role, or on a worker's page. The kernel
lists who holds locks, and the open files of each process under the names they have now, also of a
file that was removed, or renamed along with its directory.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.runtime.locks import lockers
from gateway.runtime.waiting import looks

LOCKED: Final = ("*.lock", "worker-*.page")  # the files by whose locks a process is known
REMOVED: Final = " (deleted)"  # what the kernel adds to the name of a file that has none any more
ASKED_WITHIN_S: Final = 2.0  # to end by itself; then it is killed
KILLED_WITHIN_S: Final = 5.0


class HoldersError(RuntimeError):
    """A process doesn't end; the text is one line that names it."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has a file open, by this descriptor, and whether that file is in its place."""

    pid: int
    descriptor: int
    file: Path
    in_place: bool

    def __str__(self) -> str:
        """Tell which process it is, and what it holds, in words for a person."""
        return f"process {self.pid} holds {self.file}{'' if self.in_place else ', which is gone'}"


def holders(*directories: Path) -> list[Holder]:
    """What a site's processes have open in its directories, be it removed or not."""
    found = []
    for pid in lockers("POSIX", "FLOCK") - {os.getpid()}:
        mine = [holder for holder in _held(pid) if holder.file.parent in directories]
        if any(holder.file.match(pattern) for holder in mine for pattern in LOCKED):
            found += mine
    return found


def end(found: list[Holder]) -> None:
    """End the processes, asked first and then killed. Raises `HoldersError` if one stays."""
    for number, within_s in ((signal.SIGTERM, ASKED_WITHIN_S), (signal.SIGKILL, KILLED_WITHIN_S)):
        for holder in found:
            _tell(holder, number)
        for _ in looks(within_s, 0.01):
            found = [holder for holder in found if is_held(holder)]
            if not found:
                return
    raise HoldersError(f"{found[0]} doesn't end")


def lost(*directories: Path) -> list[Holder]:
    """What they have open and is gone from its place: no process reads what they write there."""
    return [found for found in holders(*directories) if not found.in_place]


def is_shared(file: Path) -> bool:
    """Whether processes share the file: neither one's own lock, page or log is."""
    return not any(map(file.match, (*LOCKED, "*.log")))


def _held(pid: int) -> Iterator[Holder]:
    """What the process has open; nothing if it has ended."""
    with suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                name = os.readlink(entry)  # noqa: PTH115  a path would lose what the kernel adds
                if name.startswith("/"):
                    file = Path(name.removesuffix(REMOVED))
                    yield Holder(pid, int(entry.name), file, _is_at(entry, file))


def _is_at(entry: Path, file: Path) -> bool:
    """Whether the process finds the file at its name, where it may have mounts of its own."""
    with suppress(OSError):
        return entry.samefile(f"{entry.parent.parent}/root{file}")
    return False


def is_held(holder: Holder) -> bool:
    """Whether the process is there, and has the file open under the name that it had."""
    return any(found.file == holder.file for found in _held(holder.pid))


def _tell(holder: Holder, number: int) -> None:
    with suppress(OSError):
        handle = os.pidfd_open(holder.pid)
        try:
            # Only now is the id sure to stay that process's, so look again what it holds.
            if is_held(holder):
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)
