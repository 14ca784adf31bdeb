"""What control does after it has answered, by background threads.

One for each publisher and one for the machines: a machine can take seconds to end, or a publisher
to acknowledge, and no address waits for that. One more does what is due at a time: it opens blocked
addresses, and ends what was paid for in advance.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from math import inf
from typing import Final

from gateway.control import commands as cmd
from gateway.control.controller import Controller
from gateway.control.errors import AdapterError, ControlError
from gateway.control.publication import Publication
from gateway.runtime import threads
from gateway.runtime.threads import Job

_log = logging.getLogger(__name__)

PAUSE_MIN_S: Final = 0.01
PAUSE_MAX_S: Final = 1.0
CHECK_EVERY_S: Final = 1.0
CLOCK_LOOK_S: Final = 5.0  # the clock may be set: an address then opens so much late


class Patience:
    """How long to wait after failures: twice as long each time, up to a bound.

    A cause is logged when it is new, not each time it is met with.
    """

    def __init__(self) -> None:
        """Begin without a failure, and so without a pause."""
        self.pause_s = 0.0
        self._causes: dict[str, str] = {}  # by what failed

    def learn(self, failures: Mapping[str, str], *, all_tried: bool = True) -> None:
        """Take in what failed when it was tried, and why. With `all_tried` nothing else failed."""
        for subject, cause in failures.items():
            if self._causes.get(subject) != cause:
                _log.error("%s: %s", subject, cause)
        self._causes = {**({} if all_tried else self._causes), **failures}
        self.pause_s = min(max(2 * self.pause_s, PAUSE_MIN_S), PAUSE_MAX_S) if self._causes else 0.0


class Background:
    """What the background threads of one controller have to do: their jobs."""

    def __init__(self, control: Controller) -> None:
        """Make the jobs. None of them is begun before a thread runs it."""
        self._control = control
        self._untried = set(control.publications)  # those that had no turn yet
        self._machines = _Machines(control, self._untried)
        self.looked = self._machines.looked
        self.jobs = (
            *(self._job(_Publishing(control, one, self._tried)) for one in control.publications),
            self._job(self._machines),
            self._job(_Timer(control)),
        )

    def _job(self, work: "_Publishing | _Machines | _Timer") -> Job:
        return Job(work.name, work.turn, self._wake)

    def _tried(self, publication: Publication) -> None:
        if publication in self._untried:
            with self._control.changed:
                self._untried.discard(publication)
                self._control.changed.notify_all()

    def _wake(self) -> None:
        with self._control.changed:
            self._control.changed.notify_all()


class _Publishing:
    """Puts each state's table in force by one publisher."""

    def __init__(
        self,
        control: Controller,
        publication: Publication,
        tried: Callable[[Publication], None],
    ) -> None:
        """`tried` is called with the publication after each turn."""
        self.name = publication.publisher.name
        self._control = control
        self._publication = publication
        self._tried = tried
        self._patience = Patience()

    def turn(self, ending: threading.Event) -> None:
        """Wait until the publisher is behind, and publish. A failure is a pause.

        Meanwhile look now and then whether what was published is in force yet: what lies in memory
        can be damaged, and a worker that starts refuses it then.
        """
        if not _waited(self._control, ending, self._is_behind, time.monotonic() + CHECK_EVERY_S):
            return
        failures = {}
        try:
            self._control.check(self._publication)
            self._control.publish(self._publication)
        except AdapterError as error:
            failures[self.name] = str(error)
        self._tried(self._publication)
        self._patience.learn(failures)
        ending.wait(self._patience.pause_s)

    def _is_behind(self) -> bool:
        return self._control.is_behind(self._publication)


class _Machines:
    """Makes the machines of instances as the state says."""

    name: Final = "machines"

    def __init__(self, control: Controller, untried: set[Publication]) -> None:
        """Begin when none of `untried` is behind: then no machine is in an old table."""
        self.looked = threading.Event()  # at all machines that were in doubt from the start
        self._control = control
        self._untried = untried
        self._patience = Patience()
        self._due: float | None = None  # when those in doubt have their next turn

    def turn(self, ending: threading.Event) -> None:
        """Wait until a machine waits, and make it."""
        if self._due is None:
            self._begin(ending)
            return
        until = self._due if self._control.doubtful else None
        if not _waited(self._control, ending, self._control.busy, until):
            return
        again = time.monotonic() >= self._due
        failures = self._control.make_machines(again=again)
        self.looked.set()
        if again or failures:
            told = {key: str(error) for key, error in failures.items()}
            self._patience.learn(told, all_tried=again)
            # Something doubtful may wait for the table: no reason to look all the time.
            self._due = time.monotonic() + max(self._patience.pause_s, PAUSE_MIN_S)

    def _begin(self, ending: threading.Event) -> None:
        self._control.remove_other_machines()
        if _waited(self._control, ending, self._has_each_had_its_turn):
            self._due = time.monotonic()
            if not self._control.doubtful:
                self.looked.set()

    def _has_each_had_its_turn(self) -> bool:
        return not any(map(self._control.is_behind, self._untried))


class _Timer:
    """Does what is due at a time: opens blocked addresses, and ends what was paid for."""

    name: Final = "timer"

    def __init__(self, control: Controller) -> None:
        """Look at the state for what is due first when a thread begins."""
        self._control = control
        self._patience = Patience()

    def turn(self, ending: threading.Event) -> None:
        """Do what is due, or wait until the next thing is, or something has changed."""
        with self._control.state() as state:
            due_at = min(chain(state.blocked.values(), state.deadlines.values()), default=inf)
            left_s = due_at - self._control.now()
            if left_s > 0:
                self._wait(ending, None if due_at == inf else min(left_s, CLOCK_LOOK_S))
                return
        failures = {}
        try:
            done = self._control.submit(cmd.OpenDueAddresses(), cmd.KeepDeadlines()).events
        except ControlError as error:
            failures["what is due can't be done"] = str(error)
        else:
            if not done:  # an instance is on its way to another state, which will be a change
                with self._control.state():
                    self._wait(ending, CLOCK_LOOK_S)
        self._patience.learn(failures)
        ending.wait(self._patience.pause_s)

    def _wait(self, ending: threading.Event, pause_s: float | None) -> None:
        """Wait so long, or until something has changed. The state is held still by the caller."""
        if not ending.is_set():
            self._control.changed.wait(pause_s)


def _waited(
    control: Controller,
    ending: threading.Event,
    ready: Callable[[], bool],
    until: float | None = None,
) -> bool:
    """Wait until something is `ready`, or it is time; False if it is the end."""
    timeout = None if until is None else max(until - time.monotonic(), 0)
    with control.changed:
        control.changed.wait_for(lambda: ending.is_set() or ready(), timeout)
    return not ending.is_set()


@contextmanager
def running(control: Controller, broken: Callable[[], None]) -> Iterator[Background]:
    """The threads run as long as the block; `broken` is as `Threads` has it."""
    background = Background(control)
    with threads.running(background.jobs, broken):
        yield background
