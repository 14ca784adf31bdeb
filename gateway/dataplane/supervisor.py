"""Keeps the workers of a data plane at work, and replaces all of them without losing a packet.

Worker N serves queue N. To take over is to start workers on queues that nobody serves, to point the
steering at these, to wait until the old queues are empty, and to end the old workers. A first
start, a restart, an upgrade, and a start after the last supervisor was killed are all this.

The workers don't need the supervisor, and go on when it is killed. It has one thread and has loaded
all that a worker needs: a replacement is a fork.
"""

import logging
import os
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from gateway.dataplane import record, workers
from gateway.dataplane.fast_path import Beside
from gateway.dataplane.queues import queues
from gateway.dataplane.record import Settings
from gateway.dataplane.signals import Signals
from gateway.dataplane.watch import Watch
from gateway.dataplane.workers import Process
from gateway.exchange import generations
from gateway.exchange.worker_page import statuses
from gateway.fastpath.bpf import FastPathError
from gateway.nat.mark import DEFAULT_BITS, MarkBits
from gateway.nat.table import BadTableError
from gateway.runtime.waiting import looks
from gateway.steering.kernel import SteeringError

LOOK_S: Final = 0.25  # how often heartbeats are looked at; all else there is to see ends the wait
READY_WITHIN_S: Final = 30.0
READY_LOOK_S: Final = 0.002
DRAIN_WITHIN_S: Final = 5.0
# A packet may be between the old rule and its queue. It is there for microseconds, unless the
# machine itself is stopped: so look several times.
DRAIN_LOOKS: Final = 3
DRAIN_LOOK_S: Final = 0.02

AT_ONCE_S: Final = 1.0  # a worker that ended sooner may do so again
BACK_OFF_S: Final = 0.005  # doubled each time
BACK_OFF_MAX_S: Final = 1.0

_log = logging.getLogger(__name__)


class StartError(RuntimeError):
    """The workers don't get ready; the text is one line that says why."""


class Crew(NamedTuple):
    """How many queues to serve, and what a worker does, which is given its number."""

    queues: int
    work: Callable[[int], object]


# The crew that settings ask for; raises `StartError` if it can't work here.
Hire = Callable[[Settings], Crew]


class Supervisor:
    """The workers of one directory, in this thread's namespace.

    Those in service are watched while one of the methods waits.
    """

    def __init__(
        self,
        directory: Path,
        hire: Hire,
        signals: Signals,
        bits: MarkBits = DEFAULT_BITS,
        beat: Callable[[], object] = lambda: None,
        fast_path: Beside | None = None,
    ) -> None:
        """No worker is in service yet. `bits` of the mark are those that new workers go by.

        `beat` is called whenever the supervisor has looked around, several times a second.
        """
        self._beat = beat
        self._fast_path = fast_path
        self._bits = bits
        self._directory = directory
        self._hire = hire
        self._crew: Crew | None = None  # of whom in service one may have to be replaced
        self._signals = signals
        self._cores = sorted(os.sched_getaffinity(0))
        self._record = record.load(directory)
        self._asked = self._record.answered
        self._serving: dict[int, Process] = {}
        self._due: dict[int, float] = {}  # worker to replace: when
        self._falls: dict[int, int] = {}  # worker: how often it ended at once
        self._watch = Watch(directory)
        self._look_at = time.monotonic()

    def take_over(self, settings: Settings, point: Callable[[range], object]) -> None:
        """Put new workers into service, in the place of those that live; record how that ended.

        A request's settings go before `settings`. `point` makes the kernel queue to these numbers
        from now on. If the new ones don't get ready the old ones stay; raises `StartError` if there
        are none.
        """
        request = record.take_request(self._directory)
        if request:
            settings, self._asked = request.settings, request.id
        self._serving = {worker.number: worker for worker in workers.adopt(self._directory)}
        old = list(self._serving.values())
        # The old ones may end while we start others, and would then be replaced.
        avoid = {worker.number for worker in old} | set(self._record.queues if old else ())
        fresh: list[Process] = []
        try:
            crew = self._hire(settings)
            self._prepare(settings)
            bank = free_bank(crew.queues, avoid)
            self._start(crew, bank, fresh, careful=bool(old))
            point(bank)
        except (OSError, StartError, SteeringError) as error:
            self._end(fresh)
            if self._fast_path:
                self._fast_path.give_up("the data plane wasn't restarted")
            self._stay(str(error))
            return
        # One that was started meanwhile, in the place of an old one, is an old one, too.
        old = list(self._serving.values())
        self._serving = {worker.number: worker for worker in fresh}
        self._crew = crew
        self._due.clear()
        self._note(first=bank[0], workers=len(bank), settings=settings, mark_mask=self._bits.mask)
        self._drain({worker.number for worker in old})
        self._end(old)
        if self._fast_path:
            self._fast_path.carry()
        self._note(answered=self._asked, failure="")
        _log.info("in service: %s", _numbers(bank))

    def watch(self) -> None:
        """Replace workers that end or are stuck, until a signal comes."""
        while not self._signals.asked:
            self._pause(LOOK_S)

    def end(self) -> None:
        """End the workers in service, and start none in their place; the kernel carries nothing."""
        if self._fast_path:
            self._fast_path.end()
        ending = list(self._serving.values())
        self._serving = {}
        self._due.clear()
        self._end(ending)

    def _prepare(self, settings: Settings) -> None:
        """Prepare the fast path as the settings say. Raises `StartError`."""
        if self._fast_path:
            try:
                self._fast_path.prepare(settings.fastpath)
            except FastPathError as error:
                raise StartError(f"the fast path can't be {settings.fastpath}: {error}") from error

    def _start(self, crew: Crew, bank: range, fresh: list[Process], *, careful: bool) -> None:
        """Put new workers into `fresh`, until all of them are ready. Raises `StartError`."""
        strangers = {queue.worker for queue in queues()} & set(bank)
        if strangers:
            raise StartError(f"queue {min(strangers)} is another program's")
        for number in bank:
            fresh.append(self._fork(number, bank, crew))  # noqa: PERF401  # kept if one fails
        self._wait_until_ready(fresh, careful=careful)

    def _wait_until_ready(self, fresh: list[Process], *, careful: bool) -> None:
        """Wait until each new worker's loop goes round and, if `careful`, has the newest table.

        Raises `StartError`.
        """
        for _ in looks(READY_WITHIN_S, READY_LOOK_S, sleep=lambda s: self._pause(s, fresh)):
            late = self._late(fresh, careful=careful)
            if not late:
                return
            ended = [worker for worker in fresh if worker.has_ended()]
            if ended:
                fresh.remove(ended[0])
                raise StartError(ended[0].bury())
            if self._signals.end:
                raise StartError("the data plane was asked to end")
        raise StartError(
            f"worker {late[0]} isn't ready after {READY_WITHIN_S:g} s: {self._reason(late[0])}"
        )

    def _reason(self, number: int) -> str:
        """Say in a few words why a worker doesn't get ready."""
        if number not in {queue.number for queue in queues()}:
            return "its queue isn't bound"
        try:
            generations.check(self._directory)
        except (BadTableError, OSError) as error:
            return str(error)
        published = generations.published(self._directory)
        if f"worker-{number}" in generations.laggards(self._directory, published):
            return "it doesn't take the table published last"
        return "its loop doesn't begin"

    def _late(self, fresh: Iterable[Process], *, careful: bool) -> list[int]:
        # The pages are the last to be looked at: to look is to lock one for a moment, which its
        # worker has to wait for as it starts.
        bound = {queue.number for queue in queues()}
        late = [worker.number for worker in fresh if worker.number not in bound]
        if late:
            return late
        generation = generations.published(self._directory)
        pages = {status.pid: status for status in statuses(self._directory) if status.alive}
        return [
            worker.number
            for worker in fresh
            if worker.pid not in pages
            or (careful and pages[worker.pid].acknowledged != generation)
            or not worker.made(pages[worker.pid].beat)  # its loop doesn't go round yet
        ]

    def _stay(self, failure: str) -> None:
        """Record a failed take-over; old workers stay. Raises `StartError` if there are none."""
        self._note(answered=self._asked, failure=failure)
        if self._signals.end:
            return
        if not self._serving:
            raise StartError(failure)
        _log.error("no new workers, the old ones go on: %s", failure)
        for number in set(self._record.queues) - set(self._serving):
            self._due[number] = time.monotonic()

    def _drain(self, numbers: Collection[int]) -> None:
        """Wait until the old queues are empty; nothing comes into them any more."""
        empty = 0 if numbers else DRAIN_LOOKS
        waiting = 0
        for _ in looks(DRAIN_WITHIN_S, DRAIN_LOOK_S, sleep=self._pause):
            if empty == DRAIN_LOOKS or self._signals.end:
                return
            waiting = sum(queue.waiting for queue in queues() if queue.worker in numbers)
            empty = 0 if waiting else empty + 1
        _log.error("%d packets wait in old queues: dropped", waiting)

    def _end(self, ending: Collection[Process]) -> None:
        workers.end(ending, self._pause)

    def _pause(self, seconds: float, others: Collection[Process] = ()) -> None:
        """Wait until a signal comes or a worker ends; replace those in service that fell."""
        self._beat()
        until = min(time.monotonic() + seconds, self._look_at, *self._due.values())
        watched = (*self._serving.values(), *others)
        self._signals.wait(until - time.monotonic(), [worker.file for worker in watched])
        for worker in [worker for worker in self._serving.values() if worker.has_ended()]:
            self._bury(worker)
        if not self._signals.end:
            self._look()
            for number in [number for number, due in self._due.items() if due <= time.monotonic()]:
                self._replace(number)

    def _look(self) -> None:
        """Kill the workers in service that are stuck: they are replaced when they have ended."""
        if time.monotonic() < self._look_at:
            return
        for worker, silent_s in self._watch.stuck(self._serving.values()):
            _log.error(
                "worker %d, process %d, makes no heartbeat for %.1f s: killed",
                worker.number,
                worker.pid,
                silent_s,
            )
            worker.kill()
        if self._fast_path:
            self._fast_path.look()
        self._look_at = time.monotonic() + LOOK_S

    def _bury(self, worker: Process) -> None:
        del self._serving[worker.number]
        quick = time.monotonic() - worker.since < AT_ONCE_S
        falls = self._falls.get(worker.number, 0) + 1 if quick else 0
        self._falls[worker.number] = falls
        delay = min(BACK_OFF_S * 2 ** min(falls, 16), BACK_OFF_MAX_S) if falls > 1 else 0.0
        self._due[worker.number] = time.monotonic() + delay
        _log.error("%s; started again%s", worker.bury(), f" in {delay:g} s" if delay else "")

    def _replace(self, number: int) -> None:
        del self._due[number]
        try:
            if self._crew is None:
                self._crew = self._hire(self._record.settings)
            self._serving[number] = self._fork(number, self._record.queues, self._crew)
        except (OSError, StartError) as error:
            _log.error("worker %d can't be started, tried again: %s", number, error)
            self._due[number] = time.monotonic() + BACK_OFF_MAX_S

    def _fork(self, number: int, bank: range, crew: Crew) -> Process:
        return workers.start(number, self._cores_of(number, bank), crew.work)

    def _cores_of(self, number: int, bank: range) -> set[int]:
        """Choose the cores of a worker: one of its own, if there are as many workers as cores.

        The scheduler places fewer workers, each beside the sender of its packets: to wake an
        idle core takes longer than to judge a packet.
        """
        if len(bank) < len(self._cores):
            return set(self._cores)
        return {self._cores[(number - bank[0]) % len(self._cores)]}

    def _note(self, **changes: Any) -> None:
        carried: dict[str, Any] = {"fastpath": self._fast_path.state} if self._fast_path else {}
        self._record = replace(self._record, supervisor=os.getpid(), **carried, **changes)
        record.save(self._directory, self._record)


def free_bank(count: int, avoid: Collection[int]) -> range:
    """The lowest `count` numbers in a row of which none is in `avoid`."""
    starts = (0, *(number + 1 for number in sorted(avoid)))
    return next(
        range(first, first + count)
        for first in starts
        if not set(range(first, first + count)) & set(avoid)
    )


def _numbers(bank: range) -> str:
    return f"worker {bank[0]}" if len(bank) == 1 else f"workers {bank[0]} to {bank[-1]}"
