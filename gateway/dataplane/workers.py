"""Worker processes seen from outside: who lives, and how one is started and ended.

A worker is found by its page, whose lock says that it lives, and held by a pidfd, which never
becomes another process's. It doesn't end with the supervisor that started it.
"""

import logging
import mmap
import os
import select
import signal
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from gateway.dataplane import signals
from gateway.exchange.worker_page import statuses
from gateway.runtime.locks import lockers

LAST_WORDS_MAX: Final = 512  # bytes
END_AGAIN_S: Final = 0.05
END_WITHIN_S: Final = 2.0  # then it is killed
KILL_WITHIN_S: Final = 1.0
NS: Final = 1e9

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Process:
    """A worker's process: its number, its id, a pidfd, and since when it is there (monotonic).

    `last_words` is memory shared with it: why it ended, if it could say. Of an adopted worker
    neither `since` nor `last_words` is known.
    """

    number: int
    pid: int
    file: int
    since: float = float("-inf")
    last_words: mmap.mmap | None = None

    @property
    def adopted(self) -> bool:
        """Tell whether it was another supervisor that started it."""
        return self.last_words is None

    def made(self, beat: int) -> bool:
        """Whether it made this heartbeat, which may be the last one of the worker before it."""
        return beat > max(self.since, 0.0) * NS

    def kill(self) -> None:
        """Kill the process; nothing happens if it has ended."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.file, signal.SIGKILL)

    def has_ended(self) -> bool:
        """Whether it has ended, its page unlocked and its queue gone."""
        poll = select.poll()
        poll.register(self.file, select.POLLIN)
        return bool(poll.poll(0))

    def bury(self) -> str:
        """Close the pidfd of a process that has ended; returns a line that says how."""
        manner = "ended"
        with suppress(ChildProcessError):  # an adopted one isn't ours to ask
            result = os.waitid(os.P_PIDFD, self.file, os.WEXITED | os.WNOHANG)
            if result is not None and result.si_code == os.CLD_EXITED:
                manner = f"ended with status {result.si_status}"
            elif result is not None:
                manner = f"was killed by signal {result.si_status}"
        os.close(self.file)
        words = self.last_words[:].rstrip(b"\0").decode(errors="replace") if self.last_words else ""
        return f"worker {self.number}, process {self.pid}, {manner}{words and f': {words}'}"


Pause = Callable[[float, Collection[Process]], object]


def adopt(directory: Path) -> list[Process]:
    """Find the workers that live, also those that an earlier supervisor started."""
    found = []
    for number, pid in _living(directory).items():
        with suppress(OSError):
            file = os.pidfd_open(pid)
            # Only now is the id sure to stay that process's. A page that is damaged may name any.
            if pid in lockers("FLOCK") and _living(directory).get(number) == pid:
                found.append(Process(number, pid, file))
            else:
                os.close(file)
    return found


def start(number: int, cores: set[int], work: Callable[[int], object]) -> Process:
    """Fork a worker that does `work` on one of these cores.

    The caller's process must have one thread. Raises `OSError` if it can't fork.
    """
    words = mmap.mmap(-1, LAST_WORDS_MAX)
    # A signal before the child has its own handlers would be written where we read ours.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signals.ALL)
    try:
        pid = os.fork()
        if pid == 0:
            _live(number, cores, work, words)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return Process(number, pid, os.pidfd_open(pid), time.monotonic(), words)


def end(processes: Collection[Process], pause: Pause | None = None) -> None:
    """End the processes by SIGTERM and, after `END_WITHIN_S` seconds, by SIGKILL.

    SIGTERM is sent again and again: a worker may miss it as it begins to wait for packets. `pause`
    waits for some seconds, or less if one of the processes it is given ends.
    """
    left = list(processes)
    kill_at = time.monotonic() + END_WITHIN_S
    while left:
        now = time.monotonic()
        number = signal.SIGTERM if now < kill_at else signal.SIGKILL
        for process in left:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(process.file, number)
        (pause or _pause)(END_AGAIN_S, left)
        for process in [process for process in left if process.has_ended()]:
            process.bury()
            left.remove(process)
        if now > kill_at + KILL_WITHIN_S:
            _log.error("workers %s don't end", [process.number for process in left])
            return


def _living(directory: Path) -> dict[int, int]:
    """The process ids of the workers that live, by number."""
    return {
        int(status.worker.removeprefix("worker-")): status.pid
        for status in statuses(directory)
        if status.alive
    }


def _live(
    number: int, cores: set[int], work: Callable[[int], object], words: mmap.mmap
) -> NoReturn:
    """Run the worker in the forked process, and exit: no code of the supervisor runs after it."""
    status = 1
    try:
        signals.become_worker()
        with suppress(OSError):  # a sandbox may forbid it: the name is for people only
            Path("/proc/self/comm").write_text(f"tgw-worker-{number}")
        with suppress(OSError):  # they were taken from us meanwhile: slower, no worse
            os.sched_setaffinity(0, cores)
        work(number)
    except SystemExit:
        status = 0
    except (OSError, RuntimeError) as error:
        said = " ".join(str(error).split()).encode()[:LAST_WORDS_MAX]
        words[: len(said)] = said
    except Exception:  # noqa: BLE001  # a mistake of ours: where it was is worth its lines
        _log.exception("worker %d", number)
    finally:
        os._exit(status)


def _pause(seconds: float, processes: Collection[Process]) -> None:
    poll = select.poll()
    for process in processes:
        poll.register(process.file, select.POLLIN)
    poll.poll(seconds * 1000)
