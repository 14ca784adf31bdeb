"""`tgw` as a process that costs a fork: the command's modules, which take most of a start, are
those that the tests have loaded.

Where the start is what is tested, `support.labs.TGW` is the command itself.
"""

import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from tempfile import TemporaryFile

from gateway.cli.main import main

WITHIN_S = 60


def run(
    *words: str, stdin: str | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The command, done. What takes longer than a minute is ended by SIGALRM."""
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write((stdin or "").encode())
        given.seek(0)
        # Files, because a pipe that nobody reads yet would stop what writes much.
        with subprocess.Popen(
            ["tgw", *words],
            executable="/bin/false",
            stdin=given,
            stdout=out,
            stderr=err,
            preexec_fn=_become(words, env or {}, ends_within_s=WITHIN_S),  # noqa: PLW1509
        ) as process:
            status = process.wait()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(
            ["tgw", *words], status, out.read().decode(), err.read().decode()
        )


def start(*words: str, stderr: int | None = None) -> "subprocess.Popen[str]":
    """A `tgw exec` that becomes its command, or waits for it; its output is a pipe."""
    assert words[0] == "exec", "another command would be waited for until it has ended"
    return subprocess.Popen(
        ["tgw", *words],
        executable="/bin/false",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        preexec_fn=_become(words, {}, is_alone=True),  # noqa: PLW1509
    )


def _become(
    words: tuple[str, ...],
    env: dict[str, str],
    *,
    ends_within_s: int = 0,
    is_alone: bool = False,
) -> Callable[[], None]:
    """What a new process does instead of becoming another program.

    If it is alone nothing waits for its end: what it has of the tests' files is closed, and with
    them the one by which `Popen` is told that another program runs.
    """

    def become() -> None:
        status = 1
        try:
            _leave_pytest()
            if is_alone:
                os.closerange(3, os.sysconf("SC_OPEN_MAX"))
            signal.alarm(ends_within_s)
            os.environ.update(env)
            main(words)
        except SystemExit as ended:
            status = int(ended.code or 0)
        except BaseException:  # noqa: BLE001  this process must not go on as pytest
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    return become


def _leave_pytest() -> None:
    """Have the streams, the signals and the warnings of a new process."""
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    for number in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.resetwarnings()
    warnings.simplefilter("ignore")
    sys.excepthook, sys.unraisablehook = sys.__excepthook__, sys.__unraisablehook__
    threading.excepthook = threading.__excepthook__
