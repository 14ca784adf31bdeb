"""The pins of sites in bpffs, the file system of BPF, which may have to be mounted.

Each preparation pins its maps in a folder of its own, below that of the site.
"""

import fcntl
import os
import shutil
from pathlib import Path
from typing import Final

from gateway.exchange import pins
from gateway.net import libc

BPFFS: Final = Path("/sys/fs/bpf")
MOUNTS: Final = Path("/proc/thread-self/mounts")


def folder_of(name: str) -> Path:
    """The folder in bpffs, where no name may have a dot, of the site with this name."""
    return BPFFS / f"tgw-{name}"


def fresh_folder(name: str) -> Path:
    """A path below the site's folder that nothing has yet. Raises `OSError`."""
    parent = folder_of(name)
    parent.mkdir(mode=0o700, exist_ok=True)
    last = max((int(path.name) for path in parent.iterdir()), default=0)
    return parent / str(last + 1)


def remove(name: str, *, but: Path | None = None) -> None:
    """Remove the pins of the site, all but those in one folder; none may be there."""
    parent = folder_of(name)
    for path in [*parent.iterdir()] if parent.is_dir() else []:
        if path != but:
            shutil.rmtree(path)
    if but is None and parent.is_dir():
        parent.rmdir()


def remains(name: str, directory: Path) -> bool:
    """Whether there is a fast path to retire, though perhaps nobody knows of it any more."""
    return pins.is_linked(directory) or folder_of(name).exists()


def mount() -> None:
    """Mount bpffs where iproute2 does, unless it is there. Raises `OSError`."""
    folder = os.open(BPFFS, os.O_RDONLY)
    try:
        # Two at once would mount it twice, and hide what came between.
        fcntl.flock(folder, fcntl.LOCK_EX)
        if not _is_mounted():
            libc.mount("bpf", str(BPFFS), "bpf", 0, "mode=0700")
    finally:
        os.close(folder)


def _is_mounted() -> bool:
    return any(line.split()[1:3] == [str(BPFFS), "bpf"] for line in MOUNTS.read_text().splitlines())
