"""A program that is started in a machine from outside, and is confined as those inside are.

Nothing of the machine's may take hold of this program on the way in. It is a process of the
machine's for a moment, with the file of the Python interpreter behind `/proc/PID/exe`, which root
there could write to if it could open it (CVE-2019-5736 was that). So no one may look into it, and
the first program that it executes is a copy in memory of a small one, which then executes what was
asked for.
"""

import fcntl
import os
import shlex
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from gateway.net import confinement, libc

EXIT_NOT_FOUND: Final = 127
EXIT_NOT_EXECUTABLE: Final = 126
# It executes another program, and with a step of 0 does nothing else.
STARTER: Final = ("nice", "-n", "0", "--")
SEALS: Final = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
OTHERS: Final = libc.CLONE_NEWNS | libc.CLONE_NEWUTS | libc.CLONE_NEWIPC | libc.CLONE_NEWNET
PASSED_ON: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
FROM_TERMINAL: Final = (signal.SIGINT, signal.SIGQUIT)  # which the program gets there itself

_PR_SET_PDEATHSIG: Final = 1


def run(
    first: int,
    command: Sequence[str],
    environment: Mapping[str, str],
    joined: Callable[[], None],
) -> int:
    """Run the command in the machine with this first process, and return its status as wait(2) has.

    `joined` is called in the process that becomes the command, while it still is outside. The
    process ends with this one. Raises `OSError` if the machine is gone.
    """
    confinement.hide_memory()
    starter = _starter()
    machine = os.pidfd_open(first)
    try:
        libc.setns(machine, libc.CLONE_NEWPID)  # only of processes that are started from here on
        child = os.fork()
        if not child:
            _become(machine, starter, command, environment, joined)
    finally:
        os.close(machine)
        os.close(starter)
    return _waited(child)


def end_as(status: int) -> NoReturn:
    """End this process as another one ended, whose status wait(2) gave."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with suppress(OSError):  # SIGKILL has no handler to set
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        os._exit(128 + number)
    os._exit(os.waitstatus_to_exitcode(status))


def _starter() -> int:
    """A file in memory that can't be changed: the program that executes the command."""
    found = shutil.which(STARTER[0])
    if found is None:
        raise FileNotFoundError(f"{STARTER[0]} is not installed")
    starter = os.memfd_create(STARTER[0], os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with open(starter, "wb", closefd=False) as file:
        file.write(Path(found).read_bytes())
    fcntl.fcntl(starter, fcntl.F_ADD_SEALS, SEALS)
    return starter


def _become(
    machine: int,
    starter: int,
    command: Sequence[str],
    environment: Mapping[str, str],
    joined: Callable[[], None],
) -> NoReturn:
    status, line = EXIT_NOT_EXECUTABLE, ""
    try:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        folder = Path.cwd()
        joined()
        libc.setns(machine, OTHERS)
        with suppress(OSError):  # it isn't there, or private: then the root
            os.chdir(folder)
        confinement.confine()
        status, line = _fault(command[0], environment.get("PATH", os.defpath))
        if not line:
            for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores
                signal.signal(number, signal.SIG_DFL)
            os.execve(starter, [*STARTER, *command], dict(environment))  # noqa: S606
    except OSError as error:
        line = f"{command[0]}: {error.strerror or error}"
    finally:
        with suppress(OSError):
            os.write(2, f"tgw: {line}\n".encode())
        os._exit(status)


def _fault(program: str, path: str) -> tuple[int, str]:
    """Why the program can't be executed, as a status and a line; no line if it can be."""
    if shutil.which(program, path=path):
        return 0, ""
    if shutil.which(program, os.F_OK, path=path) or ("/" in program and Path(program).exists()):
        return EXIT_NOT_EXECUTABLE, f"{shlex.quote(program)}: Permission denied"
    return EXIT_NOT_FOUND, f"{shlex.quote(program)}: command not found"


def _waited(child: int) -> int:
    """Wait until the child has ended; pass on what is sent to this process meanwhile."""

    def pass_on(number: int, _: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, number)

    for number in PASSED_ON:
        signal.signal(number, pass_on)
    at_terminal = os.isatty(0)
    for number in FROM_TERMINAL:
        signal.signal(number, signal.SIG_IGN if at_terminal else pass_on)
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            return status
        # The shell that started this process sees that it stops, and can let both go on.
        os.kill(os.getpid(), signal.SIGSTOP)
        os.kill(child, signal.SIGCONT)
