"""The processes of a site, found by the locks they hold: no file has to be where it was.

Each process of a site holds a lock on a file of its own: a role's lock, or a worker's page. The
kernel lists the locks, and the open files of each process under the names they have now, also of a
file that was removed or renamed along with its directory.
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

REMOVED: Final = " (deleted)"  # what the kernel adds to the name of a file that has none any more
ASKED_WITHIN_S: Final = 2.0  # to end by itself; then it is killed
KILLED_WITHIN_S: Final = 5.0


class HoldersError(RuntimeError):
    """A process doesn't end; the text is one line that names it."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has locked a file, and whether that file is the one at its place now."""

    pid: int
    file: Path
    in_place: bool

    def __str__(self) -> str:
        """Tell which process it is, and what it holds, in words for a person."""
        return f"process {self.pid}, which holds {self.file}"


def holders(*directories: Path) -> list[Holder]:
    """The processes that have locked files in these directories, be they removed or not."""
    wanted = {str(directory) for directory in directories}
    return [
        holder
        for pid in lockers("POSIX", "FLOCK")
        for holder in _held(pid)
        if str(holder.file.parent) in wanted and holder.pid != os.getpid()
    ]


def end(found: list[Holder]) -> None:
    """End the processes, asked first and then killed. Raises `HoldersError` if one stays."""
    for number, within_s in ((signal.SIGTERM, ASKED_WITHIN_S), (signal.SIGKILL, KILLED_WITHIN_S)):
        for holder in found:
            _tell(holder, number)
        for _ in looks(within_s, 0.01):
            found = [holder for holder in found if _is_held(holder)]
            if not found:
                return
    raise HoldersError(f"{found[0]} doesn't end")


def _held(pid: int) -> Iterator[Holder]:
    """The lock files and pages that the process has open; nothing if it has ended."""
    with suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                name = os.readlink(entry)  # noqa: PTH115  a path would lose what the kernel adds
                file = Path(name.removesuffix(REMOVED))
                if file.match("*.lock") or file.match("worker-*.page"):
                    yield Holder(pid, file, _is_at(entry, file))


def _is_at(entry: Path, file: Path) -> bool:
    with suppress(OSError):
        return entry.samefile(file)
    return False


def _is_held(holder: Holder) -> bool:
    return any(found.file == holder.file for found in _held(holder.pid))


def _tell(holder: Holder, number: int) -> None:
    with suppress(OSError):
        handle = os.pidfd_open(holder.pid)
        try:
            # Only now is the id sure to stay that process's, so look again what it holds.
            if _is_held(holder):
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)
