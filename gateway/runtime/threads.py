"""The one kind of background thread.

A thread does its job turn by turn. A bug in a turn is reported, and the thread goes on after a
pause; but not more than a few times in a row, and never after what isn't an `Exception`. Then the
thread is dead: it says so, and its process ends, so that whoever supervises it starts it again.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

BUGS_MAX: Final = 4  # turns in a row that may end by a bug
PAUSE_S: Final = 1.0  # after each of them
END_WITHIN_S: Final = 3.0  # what is in the middle of something then is cut off, as by kill -9

_log = logging.getLogger(__name__)


def nothing() -> None:
    """Wake nothing: the job's turns wait for the end, or are short."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a thread does.

    A turn waits for its time, does what is to be done, and returns; at once when the event is set
    that it is given. `wake` is called after that, for turns that wait for something else.
    """

    name: str
    turn: Callable[[threading.Event], None]
    wake: Callable[[], None] = nothing
    bugs_max: int = BUGS_MAX


class Threads:
    """A thread for each job, from `start` to `end`."""

    def __init__(self, jobs: Iterable[Job], broken: Callable[[], None]) -> None:
        """`broken` is called when a thread has died; it is to make the process end."""
        self._jobs = tuple(jobs)
        self._broken = broken
        self._ending = threading.Event()
        self._bug: BaseException | None = None
        self._threads = [
            # Daemons: the process may end while one of them hangs in the kernel.
            threading.Thread(target=self._run, args=(job,), name=job.name, daemon=True)
            for job in self._jobs
        ]

    def start(self) -> None:
        """Start the threads; each begins with its first turn."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Let all finish their turns, for a while; raise what killed one."""
        self._ending.set()
        for job in self._jobs:
            job.wake()
        deadline = time.monotonic() + END_WITHIN_S
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        if self._bug:
            raise self._bug

    def _run(self, job: Job) -> None:
        bugs = 0
        while not self._ending.is_set():
            try:
                job.turn(self._ending)
                bugs = 0
            except Exception as error:  # noqa: BLE001  it is reported, or ends the process
                bugs += 1
                if bugs > job.bugs_max:
                    self._die(job, error)
                    return
                _log.exception("the thread '%s' failed by a bug, and goes on", job.name)
                self._ending.wait(PAUSE_S)
            except BaseException as error:  # noqa: BLE001  it is raised where it ends the process
                self._die(job, error)
                return

    def _die(self, job: Job, error: BaseException) -> None:
        _log.critical("the thread '%s' is dead (%r): the process ends", job.name, error)
        self._bug = error
        self._broken()


@contextmanager
def running(jobs: Iterable[Job], broken: Callable[[], None]) -> Iterator[None]:
    """The threads run as long as the block; `broken` is as `Threads` has it."""
    threads = Threads(jobs, broken)
    threads.start()
    try:
        yield
    finally:
        threads.end()
