"""What control does after it has answered: a thread for each publisher and one for the machines.

They are apart because a machine can take seconds to end, or a publisher to acknowledge, and no
address waits for that.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Final

from gateway.control.controller import Controller
from gateway.control.errors import AdapterError
from gateway.control.publication import Publication

_log = logging.getLogger(__name__)

PAUSE_MIN_S: Final = 0.01
PAUSE_MAX_S: Final = 1.0
END_WITHIN_S: Final = 3.0  # what is in the middle of something then is cut off, as by kill -9


class Patience:
    """How long to wait after failures: twice as long each time, up to a bound.

    A cause is logged when it is new, not each time it is met with.
    """

    def __init__(self) -> None:
        """All is well."""
        self.pause_s = 0.0
        self._causes: dict[str, str] = {}  # by what failed

    def learn(self, failures: Mapping[str, str], *, all_tried: bool = True) -> None:
        """What failed when it was tried, and why; nothing else did, if `all_tried`."""
        for subject, cause in failures.items():
            if self._causes.get(subject) != cause:
                _log.error("%s: %s", subject, cause)
        self._causes = {**({} if all_tried else self._causes), **failures}
        self.pause_s = min(max(2 * self.pause_s, PAUSE_MIN_S), PAUSE_MAX_S) if self._causes else 0.0


class Background:
    """The threads of one controller, from `start` to `end`."""

    def __init__(self, control: Controller, broken: Callable[[], None]) -> None:
        """`broken` is called once when one of them ends by itself, which only a bug can cause."""
        self._control = control
        self._broken = broken
        self._ending = threading.Event()
        self.looked = threading.Event()  # at all machines that were in doubt from the start
        self._untried = set(control.publications)  # those that had no turn yet
        self._bug: BaseException | None = None
        turns = [
            (publication.publisher.name, partial(self._publish, publication))
            for publication in control.publications
        ]
        self._threads = [
            # Daemons: the process may end while one of them hangs in the kernel.
            threading.Thread(target=self._run, args=(run,), name=name, daemon=True)
            for name, run in (*turns, ("machines", self._make_machines))
        ]

    def start(self) -> None:
        """Begin with what waits."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Let all finish what they are in the middle of, for a while; raise what broke one."""
        self._ending.set()
        with self._control.changed:
            self._control.changed.notify_all()
        deadline = time.monotonic() + END_WITHIN_S
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        if self._bug:
            raise self._bug

    def _run(self, turns: Callable[[], None]) -> None:
        try:
            turns()
        except BaseException as error:  # noqa: BLE001  it is raised where it ends the process
            self._bug = error
            self._broken()

    def _publish(self, publication: Publication) -> None:
        patience, name = Patience(), publication.publisher.name
        while self._waited(lambda: self._control.is_behind(publication)):
            failures = {}
            try:
                self._control.publish(publication)
            except AdapterError as error:
                failures[name] = str(error)
            self._tried(publication)
            patience.learn(failures)
            self._ending.wait(patience.pause_s)

    def _tried(self, publication: Publication) -> None:
        if publication in self._untried:
            with self._control.changed:
                self._untried.discard(publication)
                self._control.changed.notify_all()

    def _make_machines(self) -> None:
        """Make machines, from when every publisher has had its turn: then they see no old table."""
        self._control.remove_other_machines()
        if not self._waited(lambda: not any(map(self._control.is_behind, self._untried))):
            return
        patience, due = Patience(), time.monotonic()
        if not self._control.doubtful:
            self.looked.set()
        while self._waited(self._control.busy, until=due if self._control.doubtful else None):
            again = time.monotonic() >= due
            failures = self._control.make_machines(again=again)
            self.looked.set()
            if again or failures:
                told = {key: str(error) for key, error in failures.items()}
                patience.learn(told, all_tried=again)
                # Something doubtful may wait for the table: no reason to look all the time.
                due = time.monotonic() + max(patience.pause_s, PAUSE_MIN_S)

    def _waited(self, ready: Callable[[], bool], until: float | None = None) -> bool:
        """Wait until something is `ready`, or it is time; False if it is the end."""
        timeout = None if until is None else max(until - time.monotonic(), 0)
        with self._control.changed:
            self._control.changed.wait_for(lambda: self._ending.is_set() or ready(), timeout)
        return not self._ending.is_set()


@contextmanager
def running(control: Controller, broken: Callable[[], None]) -> Iterator[Background]:
    """The threads run as long as the block; `broken` is as `Background` has it."""
    background = Background(control, broken)
    background.start()
    try:
        yield background
    finally:
        background.end()
