"""A site's processes: one for each role, started, found and ended without pid files that can lie.

A process holds its role by a POSIX lock on a file in the site's directory. The kernel says which
process holds it (F_GETLK), and forgets the lock when the process ends, however it ends.
"""

import fcntl
import os
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gateway.runtime.version import VERSION
from gateway.runtime.waiting import looks
from gateway.site import heartbeat
from gateway.site.command import Command

_FLOCK: Final = struct.Struct("hhqqi")  # struct flock: type, whence, start, length, pid

CONTROL: Final = "control"
DATAPLANE: Final = "dataplane"
METADATA: Final = "metadata"
API: Final = "api"
WATCHDOG: Final = "watchdog"
OF_A_SITE: Final = (DATAPLANE, CONTROL, METADATA, API)  # in the order in which they start

READY_WITHIN_S: Final = 60.0  # a machine that boots, or is emulated, is slow
STARTING_MAX_S: Final = 10.0  # what isn't ready after so long may never be
END_WITHIN_S: Final = 5.0
_STARTED: Final = 19  # in /proc/PID/stat, counted from its state: when the process was started
VERSION_MAX: Final = 40  # characters


class RoleError(RuntimeError):
    """The role can't be taken, or its process doesn't start or end; the text says why."""


def take(run: Path, role: str) -> int:
    """Take the role for this process until it ends; returns the open lock file.

    Raises `RoleError` if the lab isn't up, or another process has the role.
    """
    path = _path(run, role)
    file = _kept(path)
    try:
        if file is None:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except FileNotFoundError:
        raise RoleError(f"lab {run.name} is not up: 'tgw lab up' builds it") from None
    fcntl.fcntl(file, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    try:
        _lock(file, path, role)
    except RoleError:
        os.close(file)
        raise
    return file


def keep(run: Path, role: str) -> None:
    """Keep the role, which this process has, through `exec`: `take` then finds its open file."""
    file = _kept(_path(run, role))
    assert file is not None, f"{role} is not ours"
    fcntl.fcntl(file, fcntl.F_SETFD, 0)


def _kept(path: Path) -> int | None:
    """The file if this process has it open: to open and close it again would lose the lock."""
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the listing's own is closed by now
            if entry.samefile(path):
                return int(entry.name)
    return None


def _lock(file: int, path: Path, role: str) -> None:
    lab = path.parent.name
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise RoleError(f"{role} of lab {lab} is running already") from None
    try:
        still_there = path.stat().st_ino == os.fstat(file).st_ino
    except FileNotFoundError:
        still_there = False
    if not still_there:  # the lab went down between the two
        raise RoleError(f"lab {lab} is going down")
    os.ftruncate(file, 0)
    os.pwrite(file, VERSION.encode(), 0)


def holder(run: Path, role: str) -> int | None:
    """The id of the process that has the role; None if there is none.

    Not for that process itself: it would lose the lock when this closes the file.
    """
    try:
        file = os.open(_path(run, role), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        question = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, *_, process = _FLOCK.unpack(fcntl.fcntl(file, fcntl.F_GETLK, question))
    finally:
        os.close(file)
    return None if kind == fcntl.F_UNLCK else int(process)


def version(run: Path, role: str) -> str:
    """The version of tgw that the role's process is of; "" if it is older than this note.

    Not for that process itself, as `holder`.
    """
    return _path(run, role).read_text(errors="replace")[:VERSION_MAX]


def start(run: Path, role: str, command: Command, is_ready: Callable[[], bool]) -> None:
    """Start the role's process, in the background, and wait until it is ready.

    One that was started before, by a command that was cut, may take the role first: it is waited
    for then. Raises `RoleError` with the process's last words if it ends, or isn't ready in time.
    """
    see_ready(spawn(run, role, command), run, role, is_ready)


def see_ready(
    process: "subprocess.Popen[bytes]", run: Path, role: str, is_ready: Callable[[], bool]
) -> None:
    """Wait until the role's process, which was spawned for it, is ready. Raises `RoleError`."""
    try:
        _wait_until_ready(process, run, role, is_ready)
    except RoleError:
        process.kill()
        process.wait()
        raise
    finally:
        _leave(process)


@contextmanager
def begun(
    run: Path, wanted: Iterable[str], command: Command
) -> Iterator[Mapping[str, "subprocess.Popen[bytes]"]]:
    """Start at once the processes of those roles that have none, to be seen ready in the block."""
    found = {role: spawn(run, role, command) for role in wanted if holder(run, role) is None}
    try:
        yield found
    finally:
        for process in found.values():
            _leave(process)


def spawn(run: Path, role: str, command: Command) -> "subprocess.Popen[bytes]":
    """Start a process that takes the role, in the background. Raises `OSError`."""
    with (run / f"{role}.log").open("ab") as output:
        return subprocess.Popen(
            command.process(role, run.name),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            start_new_session=True,
        )


def _leave(process: "subprocess.Popen[bytes]") -> None:
    """Let the process outlive us, without a warning that it does."""
    process.returncode = process.returncode or 0


def _wait_until_ready(
    process: "subprocess.Popen[bytes]", run: Path, role: str, is_ready: Callable[[], bool]
) -> None:
    log = run / f"{role}.log"
    for _ in looks(READY_WITHIN_S, 0.01):
        ended = process.poll() is not None
        found = holder(run, role)
        if found is not None and is_ready():
            return
        if found is None and ended:
            raise RoleError(f"{role} ended at once: {_last_line(log)}")
    raise RoleError(f"{role} isn't ready after {READY_WITHIN_S:g} s: {_last_line(log)}")


def starting_s(run: Path, role: str) -> float:
    """For how many seconds more the role's process may still be starting: 0 for an older one."""
    process = holder(run, role)
    with suppress(OSError):
        # The name of a program may have spaces; what follows it may not.
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
        began_s = int(fields[_STARTED]) / os.sysconf("SC_CLK_TCK")
        return max(began_s + STARTING_MAX_S - time.clock_gettime(time.CLOCK_BOOTTIME), 0.0)
    return 0.0


def tell(run: Path, role: str, number: int) -> int | None:
    """Send the role's process a signal; its id, None if there is no such process."""
    process = holder(run, role)
    if process is None:
        return None
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(process)
        try:
            # Only now is the id sure to stay that process's, so ask again who has the role.
            if holder(run, role) == process:
                signal.pidfd_send_signal(handle, number)
                return process
        finally:
            os.close(handle)
    return None


def stop(
    run: Path, *ending: str, numbers: Iterable[int] = (signal.SIGTERM, signal.SIGKILL)
) -> None:
    """End the processes of these roles at once: asked first, then killed.

    They are at rest then: the watchdog doesn't start them again. Raises `RoleError` if one stays.
    """
    for role in ending:
        heartbeat.settle(run, role)
    left = list(ending)
    for number in numbers:
        for role in left:
            tell(run, role, number)
        for _ in looks(END_WITHIN_S, 0.005):
            left = [role for role in left if holder(run, role) is not None]
            if not left:
                return
    raise RoleError(f"{left[0]} doesn't end")


def _path(run: Path, role: str) -> Path:
    return run / f"{role}.lock"


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
