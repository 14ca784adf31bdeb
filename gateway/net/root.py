"""A root of its own for a mount namespace: the machine's files, and what is written stays private.

::

    /                  an overlay: the machine's files below, what is changed in memory above
    /home, /var, …     file systems of the machine's own: an overlay each
    /tmp /run /dev     new, empty but for the usual
    /proc /sys         of the namespaces; nothing there can be changed but /proc/sys/net
    hidden             empty

What can be written takes the machine's memory, so each part has a bound.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.net import libc

STAGE: Final = "/run"  # where the new root is made, in a mount namespace that no one else sees
CHANGES: Final = "size=512m,nr_inodes=200k,mode=755"  # all that is changed in the machine's files
QUIET: Final = libc.MS_NOSUID | libc.MS_NODEV | libc.MS_NOEXEC
OWN: Final = ("/proc", "/sys", "/dev", "/run", "/tmp")  # noqa: S108  the machine's mounts there aren't taken
EMPTY: Final = {"/run": "size=64m,mode=755", "/tmp": "size=256m"}  # noqa: S108
DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty", "net/tun")
LINKS: Final = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
# Of /proc: what is the machine's and would be root's to change, and what tells of others.
KEPT: Final = "/dev/shm"  # noqa: S108  where /proc/sys/net is while what is around it is made fast
FIXED: Final = ("sys", "sysrq-trigger", "irq", "bus", "fs")
MASKED: Final = ("kcore", "keys", "key-users", "kmsg", "timer_list", "sched_debug", "acpi", "scsi")


def build(hidden: Iterable[str], files: Mapping[str, str]) -> None:
    """Give this thread's mount namespace, which must be new, such a root. Raises `OSError`.

    `files` are texts that stand in /etc; /proc is still empty: see `close_proc`.
    """
    libc.mount("", "/", "none", libc.MS_PRIVATE | libc.MS_REC)
    others = list(_other_mounts())
    libc.mount("tmpfs", STAGE, "tmpfs", libc.MS_NOSUID | libc.MS_NODEV, CHANGES)
    root = Path(STAGE, "root")
    for number, place in enumerate(["/", *others]):
        _overlay(place, root, number)
    _devices(root / "dev")
    for place, options in EMPTY.items():
        libc.mount("tmpfs", f"{root}{place}", "tmpfs", libc.MS_NOSUID | libc.MS_NODEV, options)
    with suppress(OSError):  # some containers can't; /sys is then empty
        libc.mount("sysfs", f"{root}/sys", "sysfs", QUIET | libc.MS_RDONLY)
    for place in hidden:
        _hide(root, place)
    for name, text in files.items():
        file = root / "etc" / name
        file.unlink(missing_ok=True)  # the machine's may be a link to what isn't here
        file.write_text(text)
    os.chdir(root)
    libc.pivot_root(".", ".")
    libc.unmount(".")  # the old root, which lies over the new one
    os.chdir("/")


def close_proc() -> None:
    """Make fast in /proc what isn't the namespaces' own. Raises `OSError`."""
    libc.mount("/proc/sys/net", KEPT, "none", libc.MS_BIND)
    for name in FIXED:
        if Path("/proc", name).exists():
            _bind_fixed(f"/proc/{name}", f"/proc/{name}", QUIET)
    libc.mount(KEPT, "/proc/sys/net", "none", libc.MS_BIND)
    libc.unmount(KEPT)
    for name in MASKED:
        _hide(Path("/"), f"/proc/{name}")


def _other_mounts() -> Iterator[str]:
    """The folders at which other file systems are mounted on the machine, the outer ones first."""
    found = set()
    for line in Path("/proc/thread-self/mountinfo").read_text().splitlines():
        place = line.split()[4].encode().decode("unicode_escape")
        if place != "/" and not any(f"{place}/".startswith(f"{own}/") for own in OWN):
            found.add(place)
    return iter(sorted(place for place in found if Path(place).is_dir()))


def _overlay(place: str, root: Path, number: int) -> None:
    """Put a file system of the machine's in its place below `root`, to be changed here only."""
    upper, work, target = (
        Path(STAGE, f"upper{number}"),
        Path(STAGE, f"work{number}"),
        f"{root}{place}",
    )
    for folder in (upper, work, Path(target)):
        folder.mkdir(exist_ok=True, parents=True)
    status = Path(place).stat()
    upper.chmod(status.st_mode & 0o7777)
    os.chown(upper, status.st_uid, status.st_gid)
    options = f"lowerdir={_escaped(place)},upperdir={upper},workdir={work}"
    try:
        libc.mount("overlay", target, "overlay", libc.MS_NODEV, options)
    except OSError:
        if place == "/":
            raise
        # Not every file system can lie below an overlay: such a one can't be changed.
        _bind_fixed(place, target, libc.MS_NODEV | libc.MS_NOSUID)


def _escaped(place: str) -> str:
    """The path as an option of overlay, where a colon and a comma part things."""
    return place.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def _devices(folder: Path) -> None:
    libc.mount("tmpfs", str(folder), "tmpfs", libc.MS_NOSUID | libc.MS_NOEXEC, "size=64k,mode=755")
    for name in DEVICES:
        device = Path("/dev", name)
        if device.exists():
            file = folder / name
            file.parent.mkdir(exist_ok=True)
            file.touch()
            _bind_fixed(str(device), str(file), libc.MS_NOSUID | libc.MS_NOEXEC)
    for name in ("pts", "shm"):
        (folder / name).mkdir()
    libc.mount(
        "devpts",
        f"{folder}/pts",
        "devpts",
        libc.MS_NOSUID | libc.MS_NOEXEC,
        "newinstance,ptmxmode=0666,mode=620",
    )
    libc.mount("tmpfs", f"{folder}/shm", "tmpfs", libc.MS_NOSUID | libc.MS_NODEV, "size=64m")
    for name, target in LINKS.items():
        (folder / name).symlink_to(target)


def _hide(root: Path, place: str) -> None:
    """Put something empty in the place of a file or a folder, if it is there."""
    target = f"{root}{place}" if root != Path("/") else place
    if Path(target).is_dir():
        libc.mount("tmpfs", target, "tmpfs", QUIET | libc.MS_RDONLY, "size=4k")
    elif Path(target).exists():
        _bind_fixed("/dev/null", target, libc.MS_NOSUID | libc.MS_NOEXEC)


def _bind_fixed(source: str, target: str, flags: int) -> None:
    """Show `source` at `target`, where neither its content nor its mode can be changed."""
    libc.mount(source, target, "none", libc.MS_BIND)
    libc.mount("", target, "none", libc.MS_REMOUNT | libc.MS_BIND | libc.MS_RDONLY | flags)
