"""A machine: a network namespace with namespaces of its own for files, processes, names and IPC.

Its first process does nothing but live: it ignores SIGCHLD, so the kernel reaps whatever is left to
it, and the kernel ends all processes of the machine with it. It has no capability. Its environment
names the machine's namespace, so that it is found when that has lost its name.
"""

import os
import select
import shutil
import signal
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from gateway.net import libc, namespace, root
from gateway.runtime.waiting import looks

# With `env` it ignores the signal, which it couldn't be told otherwise.
FIRST: Final = ("env", "--ignore-signal=CHLD", "sleep", "infinity")
KINDS: Final = libc.CLONE_NEWNS | libc.CLONE_NEWUTS | libc.CLONE_NEWIPC | libc.CLONE_NEWPID
ENVIRONMENT: Final = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
DEV_NULL: Final = "/dev/null"
MARK: Final = "TGW_MACHINE"  # in the first process's environment: the network namespace's name
END_WITHIN_S: Final = 5.0

_PR_GET_SECUREBITS: Final = 27
_PR_SET_SECUREBITS: Final = 28
_NOROOT: Final = 1 << 0


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine with this network namespace; `noted` is the file that names its first process."""

    namespace: str
    noted: Path

    def start(self, host_name: str, hidden: Iterable[str], files: Mapping[str, str]) -> int:
        """Start the first process, in namespaces of its own, and return it. Raises `OSError`.

        The network namespace must be there, and no first process live in it.
        """
        results: list[int | OSError] = []

        def make() -> None:
            try:
                results.append(_started(self.namespace, host_name, hidden, files))
            except OSError as error:
                results.append(error)

        # In its thread, because namespaces are a thread's, and this one can't come back.
        maker = threading.Thread(target=make, name=f"start-{self.namespace}")
        maker.start()
        maker.join()
        if isinstance(results[0], OSError):
            raise results[0]
        self.noted.parent.mkdir(parents=True, exist_ok=True)
        self._note(results[0])
        return results[0]

    def first(self) -> int | None:
        """The first process of the machine, if it lives. If its note is gone it is noted again."""
        with suppress(OSError, ValueError):
            noted = int(self.noted.read_text())
            if self._is_first(noted):
                return noted
        found = next(filter(self._is_first, namespace.processes(self.namespace)), None)
        if found is not None:
            with suppress(OSError):  # as when the lab is about to go
                self._note(found)
        return found

    def end(self) -> None:
        """End the first process, and all with it, be the namespace's name gone or not.

        Raises `OSError` if it doesn't end.
        """
        with suppress(FileNotFoundError, ValueError):
            noted = int(self.noted.read_text())
            kill(noted, self.namespace)
            _reap(noted)
        self.noted.unlink(missing_ok=True)

    def _note(self, first: int) -> None:
        self.noted.parent.mkdir(exist_ok=True)
        self.noted.write_text(f"{first}\n")

    def _is_first(self, process: int) -> bool:
        return namespace.has_process(self.namespace, process) and _is_first(process)


def strays(prefix: str) -> Iterator[tuple[int, str]]:
    """The machines that live on when their namespaces, whose names begin so, have lost the names.

    For each its first process and the name.
    """
    for entry in Path("/proc").iterdir():
        name = _marked(int(entry.name)) if entry.name.isdigit() else ""
        if name.startswith(prefix) and not namespace.has_process(name, int(entry.name)):
            yield int(entry.name), name


def kill(process: int, name: str) -> None:
    """End the first process of the machine of that name. Raises `OSError` if it doesn't end."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        # Only now is the id sure to stay that process's, so look again what it is.
        if _marked(process) != name:
            return
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        ended = select.poll()
        ended.register(handle, select.POLLIN)
        if not ended.poll(END_WITHIN_S * 1000):
            raise TimeoutError(f"process {process} of {name} doesn't end")
    except ProcessLookupError:
        return
    finally:
        os.close(handle)


def _reap(process: int) -> None:
    """Wait for the end of the process, if it is a child of this one."""
    with suppress(ChildProcessError):
        for _ in looks(END_WITHIN_S, 0.005):
            if os.waitpid(process, os.WNOHANG) != (0, 0):
                return


def _marked(process: int) -> str:
    """The name of the machine that has the process as its first; empty if none has."""
    with suppress(OSError):
        for word in Path(f"/proc/{process}/environ").read_bytes().split(b"\0"):
            key, _, value = word.partition(b"=")
            if key == MARK.encode() and _is_first(process):
                return value.decode(errors="replace")
    return ""


def _is_first(process: int) -> bool:
    """Whether the process is the first one in a namespace of processes that is in this one's."""
    with suppress(OSError):
        ids = _ids(process)
        return len(ids) == _depth() + 1 and ids[-1] == 1
    return False


@cache
def _depth() -> int:
    """In how many namespaces of processes this process is, one within the other."""
    return len(_ids(os.getpid()))


def _ids(process: int) -> list[int]:
    """The process's id in each namespace of processes that it is in, the outermost first."""
    status = Path(f"/proc/{process}/status").read_bytes()
    words = status.partition(b"\nNSpid:")[2].partition(b"\n")[0].split()
    return [int(word) for word in words]


def _started(name: str, host_name: str, hidden: Iterable[str], files: Mapping[str, str]) -> int:
    namespace.enter(name)
    libc.unshare(KINDS)
    socket.sethostname(host_name)
    root.build(hidden, files)
    first = _spawn_first(name)
    try:
        # /proc is that of the namespace of the process that mounts it: another must do it.
        mounting = _spawn("mount", "-t", "proc", "-o", "nosuid,nodev,noexec", "proc", "/proc")
        _, status = os.waitpid(mounting, 0)
        if status:
            raise OSError(f"{name}: /proc can't be mounted")
        root.close_proc()
    except OSError:
        os.kill(first, signal.SIGKILL)
        os.waitpid(first, 0)
        raise
    return first


def _spawn_first(name: str) -> int:
    """Start the first process; root's id gives it nothing."""
    before = libc.prctl(_PR_GET_SECUREBITS)
    libc.prctl(_PR_SET_SECUREBITS, before | _NOROOT)
    try:
        return _spawn(*FIRST, environment=ENVIRONMENT | {MARK: name})
    finally:
        libc.prctl(_PR_SET_SECUREBITS, before)


def _spawn(*words: str, environment: Mapping[str, str] = ENVIRONMENT) -> int:
    program = shutil.which(words[0], path=ENVIRONMENT["PATH"])
    if program is None:
        raise FileNotFoundError(f"{words[0]} is not installed")
    return os.posix_spawn(
        program,
        words,
        environment,
        file_actions=[(os.POSIX_SPAWN_OPEN, number, DEV_NULL, os.O_RDWR, 0) for number in range(3)],
        setsid=True,
        setsigmask=[],
    )
