"""Names of what tests make on the machine, and the end of what interrupted runs have left.

A name is `tPID-WORD`, with the id of the process that makes it, so whoever finds one knows whether
it is still in use. Labs are called so; a namespace is `tgw.NAME.HOST`, as a lab's are; a folder in
bpffs is `tgw-NAME`. What belongs to a living process, or has another name, is nobody else's to end.
"""

import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

from gateway.fastpath import bpffs
from gateway.net import namespace
from gateway.site import places

# A lab's directories may have a dot before them, its lock a word behind it.
OURS: Final = re.compile(r"\.?(?:tgw[.-])?(?P<lab>t(?P<pid>[0-9]+)-[a-z0-9]+(-[a-z])?)(\.[^/]*)?")
BENCHES: Final = re.compile(r"(?:tgw-)?tgwbench[.-](?P<pid>[0-9]+)[.-][^/]*")  # of scripts/bench

_numbers = count(1)


def fresh() -> str:
    """A name that no other test has, in this process or another: a lab may have it."""
    return f"t{os.getpid()}-{next(_numbers)}"


class Left(NamedTuple):
    """What a process that is gone has left: a file, and the lab that it is of, if it is of one."""

    path: Path
    lab: str | None


def left() -> Iterator[Left]:
    """All that is on the machine of test processes that are gone."""
    for folder in (namespace.RUN, namespace.ETC, places.RUN, places.STATE, bpffs.BPFFS):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            found = OURS.fullmatch(path.name) or BENCHES.fullmatch(path.name)
            if found and not Path("/proc", found["pid"]).exists():
                yield Left(path, found.groupdict().get("lab"))


def sweep() -> list[str]:
    """Remove all that is left of test processes that are gone; the labs, and what else it was."""
    labs = list(dict.fromkeys(one.lab for one in left() if one.lab))
    for lab in labs:
        _take_down(lab)
    others = [one.path for one in left()]
    for path in others:
        _remove(path)
    return [*labs, *map(str, others)]


def _take_down(lab: str) -> None:
    """End the lab with all of its processes. What can't be is removed as files are."""
    from gateway.lab import lifecycle  # only now: a run that finds nothing needs none of it

    with suppress(lifecycle.LabError):
        lifecycle.down(lab)


def _remove(path: Path) -> None:
    if path.parent == namespace.RUN:
        for process in namespace.processes(path.name):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        namespace.remove(path.name)
    elif path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
