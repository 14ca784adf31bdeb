"""Blows to a lab's processes, and who is left after them."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from support.labs import Lab, eventually

from gateway.exchange.worker_page import statuses
from gateway.lab import lifecycle
from gateway.site import roles


def pid_of(lab: Lab, role: str) -> int:
    """The process that has the role: of the data plane, its supervisor."""
    pid = next(p.pid for p in lifecycle.look(lab.name) if p.role == role)
    assert pid is not None
    return pid


def tells_a_traceback(said: str) -> bool:
    """Whether a command that was cut says where in its code it was.

    Until its first line has run Python itself answers Ctrl-C so.
    """
    return "Traceback" in said and "gateway/cli/main.py" in said


def running(lab: Lab) -> list[str]:
    """The roles that a process has."""
    return [p.role for p in lifecycle.look(lab.name) if p.pid]


def workers(lab: Lab) -> dict[int, int]:
    """The process ids of the data plane's workers, by number."""
    found = (status for status in statuses(lab.places.run) if status.alive)
    return {int(status.worker.removeprefix("worker-")): status.pid for status in found}


def status_of(process: int) -> dict[str, list[str]]:
    """What /proc/PID/status says of a process: the words behind each name."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return {name: value.split() for name, _, value in (line.partition(":") for line in lines)}


@contextmanager
def paused_workers(lab: Lab) -> Iterator[None]:
    """Stop all workers while the block runs, and first who would replace them."""
    roles.stop(lab.places.run, roles.WATCHDOG)
    stopped = [pid_of(lab, roles.DATAPLANE), *workers(lab).values()]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(stopped):
            os.kill(pid, signal.SIGCONT)


def kill(lab: Lab, role: str) -> None:
    """Kill the process that has the role: of the data plane, its supervisor only.

    The watchdog ends before, so that the role has no process until the test wants one.
    """
    roles.stop(lab.places.run, roles.WATCHDOG)
    os.kill(pid_of(lab, role), signal.SIGKILL)
    eventually(lambda: role not in running(lab))


def kill_dataplane(lab: Lab) -> None:
    """Kill all of the data plane."""
    kill(lab, roles.DATAPLANE)
    for pid in workers(lab).values():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    eventually(lambda: not workers(lab))


def remove_queue_rules() -> None:
    """Whichever way they were installed in this thread's namespace."""
    subprocess.run(["iptables-restore"], input="*mangle\nCOMMIT\n", text=True, check=True)
    subprocess.run(["nft", "delete", "table", "ip", "tgw_queue"], capture_output=True, check=False)
