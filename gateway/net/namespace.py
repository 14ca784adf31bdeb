"""Named network namespaces, as iproute2 keeps them: a mount of the namespace at /run/netns/NAME.

A namespace belongs to a thread, so everything here acts on the calling thread only and a process
with several threads can work in several namespaces. A socket stays in the one it was opened in.
"""

import errno
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from gateway.net import libc

RUN: Final = Path("/run/netns")
ETC: Final = Path("/etc/netns")  # files here stand over those in /etc: see ip-netns(8)

Result = TypeVar("Result")


def path(name: str) -> Path:
    """The path at which the namespace is mounted."""
    return RUN / name


def exists(name: str) -> bool:
    """Whether a namespace is mounted there; a mount point without one is half-made."""
    try:
        return path(name).stat().st_dev != RUN.stat().st_dev
    except FileNotFoundError:
        return False


def names(prefix: str) -> list[str]:
    """The names that begin with `prefix`, half-made ones included."""
    return sorted(p.name for p in RUN.glob(f"{prefix}*")) if RUN.is_dir() else []


def create(name: str) -> None:
    """Make the namespace unless it is there. Raises `OSError`."""
    if exists(name):
        return
    _share()
    with suppress(FileNotFoundError):
        path(name).unlink()
    failure: list[OSError] = []

    def make() -> None:
        try:
            libc.unshare(libc.CLONE_NEWNET)
            # In its thread, because a process with threads can't safely fork to get a fresh one.
            os.close(os.open(path(name), os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0))
            libc.mount("/proc/thread-self/ns/net", str(path(name)), "none", libc.MS_BIND)
        except OSError as error:
            failure.append(error)

    maker = threading.Thread(target=make, name=f"make-{name}")
    maker.start()
    maker.join()
    if failure:
        raise failure[0]


def _share() -> None:
    """Let other mount namespaces see what is mounted in RUN from now on, as iproute2 does."""
    RUN.mkdir(exist_ok=True)
    folder = os.open(RUN, os.O_RDONLY)
    try:
        # Two at once would mount it twice, and hide what came between.
        fcntl.flock(folder, fcntl.LOCK_EX)
        shared = libc.MS_SHARED | libc.MS_REC
        try:
            libc.mount("", str(RUN), "none", shared)
        except OSError:  # a plain directory, until the first namespace is made
            libc.mount(str(RUN), str(RUN), "none", libc.MS_BIND | libc.MS_REC)
            libc.mount("", str(RUN), "none", shared)
    finally:
        os.close(folder)


def remove(name: str) -> None:
    """Unmount the namespace and forget its files in /etc; does nothing if it isn't there.

    The kernel keeps it for as long as a process or a socket is in it: see `processes`.
    """
    with suppress(OSError):  # not mounted: half-made
        libc.unmount(str(path(name)))
    path(name).unlink(missing_ok=True)
    files = ETC / name
    if files.is_dir():
        for file in files.iterdir():
            file.unlink()
        files.rmdir()


@contextmanager
def inside(name: str) -> Iterator[None]:
    """Run the block's thread in the namespace. Raises `OSError` if it doesn't exist."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        enter(name)
        try:
            yield
        finally:
            libc.setns(here)
    finally:
        os.close(here)


def enter(name: str) -> None:
    """Move this thread into the namespace for good. Raises `OSError` if it doesn't exist."""
    there = os.open(path(name), os.O_RDONLY)
    try:
        libc.setns(there)
    finally:
        os.close(there)


def apart(work: Callable[[], Result]) -> Result:
    """Do the work in a network of its own, which is gone afterwards. Raises what `work` raises."""

    def work_apart() -> Result:
        libc.unshare(libc.CLONE_NEWNET)
        return work()

    with ThreadPoolExecutor(1) as thread:  # another's namespace is never left
        return thread.submit(work_apart).result()


def processes(name: str) -> list[int]:
    """The ids of the processes in the namespace."""
    ids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [process for process in ids if has_process(name, process)]


def has_process(name: str, process: int) -> bool:
    """Whether the process is in the namespace, rather than ended or elsewhere."""
    try:
        return path(name).samefile(f"/proc/{process}/ns/net")
    except OSError:
        return False


def sysctl(key: str) -> str:
    """Read `net.…` of this thread's namespace, e.g. `ipv4.ip_forward`. Raises `OSError`."""
    return _sysctl_path(key).read_text().strip()


def set_sysctl(key: str, value: int | str) -> None:
    """Set `net.…` in this thread's namespace, e.g. `ipv4.ip_forward`. Raises `OSError`."""
    _sysctl_path(key).write_text(f"{value}\n")


def _sysctl_path(key: str) -> Path:
    return Path("/proc/sys/net", *key.split("."))


def read_etc(name: str) -> dict[str, str]:
    """The files in /etc of the namespace's processes, empty without any. Raises `OSError`."""
    folder = ETC / name
    files = folder.iterdir() if folder.is_dir() else ()
    return {file.name: file.read_text(errors="replace") for file in files}


def write_etc(name: str, files: dict[str, str]) -> None:
    """Give the namespace's processes these files in /etc, e.g. `{"hosts": …}`."""
    folder = ETC / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (folder / file).write_text(text)


def leave_mounts() -> None:
    """Give this thread mounts of its own, which nobody else sees. Raises `OSError`."""
    libc.unshare(libc.CLONE_NEWNS)
    try:
        libc.mount("", "/", "none", libc.MS_SLAVE | libc.MS_REC)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise OSError(
            "'/' is no mount point, as in a plain chroot, so a host can't have files of its own: "
            "'mount --bind DIR DIR' before 'chroot DIR' makes it one"
        ) from error


def enter_as_host(name: str) -> None:
    """Make this process one of that host: its network, its /etc files, its view of /sys.

    For a process that is about to become another program; it can't come back. Raises `OSError`.
    """
    enter(name)
    leave_mounts()
    with suppress(OSError):  # some containers can't; /sys/class/net then shows other links
        libc.unmount("/sys")
    with suppress(OSError):
        libc.mount(name, "/sys", "sysfs", 0)
    files = ETC / name
    for file in files.iterdir() if files.is_dir() else ():
        with suppress(FileNotFoundError):  # nothing there to stand over
            libc.mount(str(file), str(Path("/etc", file.name).resolve()), "none", libc.MS_BIND)
