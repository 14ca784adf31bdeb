"""Control at work: from the request to the packets that follow it.

::

    submit:      exclude ─▶ decide ─▶ append to the log ─▶ evolve ─▶ answer with the task's number
                                      the commit point
    background:  publish, by each publisher ─▶ in force ─▶ make the machines ─▶ report
                                                                                a command

A command is answered when it is recorded; what it asks for is done after that, by the threads of
`background`, and many commands may come into force by one publication. What is to be done follows
from the state alone: a publisher is behind it, or an instance in a passing state has work waiting.
So neither a restart nor a failure needs a second path.

A generation is in force when every publisher has acknowledged it, or a later one. Publishers go
each at its own pace: a slow or failing one holds that back, and no other publisher.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from random import Random
from typing import Final

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control import exclusion, history
from gateway.control.decide import decide
from gateway.control.decisions.moment import Moment
from gateway.control.errors import AdapterError, UnknownTaskError
from gateway.control.ports import EventStore, Hosts, Publisher, Snapshots
from gateway.control.progress import Progress, Task, instances_of
from gateway.control.publication import Publication
from gateway.control.state import State
from gateway.control.upkeep import Failures, Upkeep
from gateway.control.values import TaskResult
from gateway.store.records import StoreError

_log = logging.getLogger(__name__)

IN_FORCE_WITHIN_S: Final = 2.0  # a caller waits so long, and its thread with it
TAKEN_IN_AT_ONCE: Final = 500  # events: readers wait for so many


class Controller:
    """The only writer of the log, and the only one that publishes.

    Everything but `restore` may be called from any thread. Commands are recorded one after the
    other; neither they nor readers wait for what is done in the world.
    """

    def __init__(
        self,
        store: EventStore,
        hosts: Hosts,
        publishers: Sequence[Publisher],
        *,
        snapshots: Snapshots,
        clock: Callable[[], float],
        rng: Random,
    ) -> None:
        """The controller knows nothing before `restore` is called."""
        assert publishers, "without a publisher nothing is ever in force"
        self._store = store
        self._snapshots = snapshots
        self.publications = tuple(Publication(publisher) for publisher in publishers)
        self._clock = clock
        self._rng = rng
        self._state = State()
        self.restored_from = 0  # the sequence of the snapshot that it began with
        self._upkeep = Upkeep(hosts, self._report)
        self.progress = Progress()  # to look at while the state is held still
        # Each may be taken while those before it are held; the publications have one each.
        self._one_at_the_machines = threading.Lock()
        self._one_command = threading.Lock()
        self.changed = threading.Condition(threading.Lock())  # the state and the progress

    def restore(self, config: ev.LabConfigured) -> None:
        """Take in the snapshot and the log after it; a new log begins with `config`.

        To publish and to make machines is left to the background.

        Raises `AdapterError` if the log can't be read or written, or belongs to a lab of another
        configuration.
        """
        with self._one_command:
            self._ask_what_is_in_force()
            self._load()
            self._catch_up()
            if self._state.config is None:
                self._commit([config])
            elif self._state.config != config:
                raise AdapterError(
                    "the event log is of a lab with other networks: 'tgw lab down' forgets it"
                )
        self._upkeep.doubt(self._state.instances)

    def submit(self, *commands: cmd.Command, request_id: str = "") -> Task:
        """Record commands, all or none; they must not be about the same thing twice.

        What they ask for is done soon; instances keep the id of the request. Raises `DomainError`
        if one is refused (nothing has changed), `AdapterError` if the log failed.
        """
        with self._one_command:
            return self._record(commands, request_id)

    def wait_in_force(self, task: Task, within_s: float = IN_FORCE_WITHIN_S) -> None:
        """Wait until the background has put in force what was recorded. Raises `AdapterError`."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.progress.in_force >= task.number, within_s):
                raise AdapterError(
                    f"recorded, but not in force within {within_s:g} s: it will be, when the "
                    "data plane takes it"
                )

    def publish(self, publication: Publication) -> None:
        """Put the state's table in force at one publisher, unless it is. Raises `AdapterError`."""
        publication.publish(self.state, self._note_what_is_in_force)

    def check(self, publication: Publication) -> None:
        """Look whether a publisher still has in force what it had. Raises `AdapterError`."""
        publication.check(self.state)

    def remove_other_machines(self) -> None:
        """Remove machines of instances that the state doesn't have. A failure is logged."""
        with self._one_at_the_machines:
            with self.state() as state:
                instances = list(state.instances.values())
            self._upkeep.remove_others(instances)

    def make_machines(self, *, again: bool = True) -> Failures:
        """Make machines as the state says where that waits; returns what has failed now.

        With `again` also those that have failed before.
        """
        with self._one_at_the_machines:
            with self.state() as state:
                waiting = self._upkeep.waiting(state, self.progress, again=again)
            return self._upkeep.make(waiting)

    def is_behind(self, publication: Publication) -> bool:
        """Whether a publisher has something to do. The state is held still by the caller."""
        return publication.is_behind(self._state)

    def busy(self) -> bool:
        """Whether machines wait for their first turn. The state is held still by the caller."""
        return bool(self._upkeep.waiting(self._state, self.progress, again=False))

    @property
    def doubtful(self) -> bool:
        """Whether there are machines with which it has failed, or may have."""
        return bool(self._upkeep.doubtful)

    def result(self, number: int) -> TaskResult:
        """What came of the task with this number.

        Raises `UnknownTaskError`, or `AdapterError` if the log can't be read.
        """
        with self.state() as state:
            if not 1 <= number <= state.sequence:
                raise UnknownTaskError(f"there is no task {number}")
            if number > self.progress.in_force:
                return TaskResult.RUNNING
        event = self._event(number)
        with self.state():
            return self.progress.result(number, instances_of(event))

    def now(self) -> float:
        """The time that commands are decided by, Unix seconds."""
        return self._clock()

    @contextmanager
    def state(self) -> Iterator[State]:
        """The state, held still for the length of the block; to read only."""
        with self.changed:
            yield self._state

    def _record(self, commands: Iterable[cmd.Command], request_id: str) -> Task:
        self._catch_up()
        with self.state() as state:
            given = set(self.progress.given_back)
            at = Moment(self._clock(), self._rng, given=given, request_id=request_id)
            events: list[ev.Event] = []
            for command in commands:
                exclusion.check(state, self.progress, command)
                events += decide(state, command, at)
        self._commit(events)
        return Task(self._state.sequence, tuple(events))

    def _ask_what_is_in_force(self) -> None:
        """Ask the publishers; of one that can't be asked nothing is known to be in force."""
        for publication in self.publications:
            try:
                publication.acknowledged = publication.publisher.acknowledged()
            except AdapterError as error:
                _log.error("%s", error)
        self.progress.in_force = self._in_force()

    def _note_what_is_in_force(self) -> None:
        self.progress.reached(self._in_force())
        self.changed.notify_all()

    def _in_force(self) -> int:
        return min(publication.acknowledged for publication in self.publications)

    def _report(self, command: cmd.Command) -> None:
        """Record what was done in the world. Raises `AdapterError`."""
        with self._one_command:
            self._catch_up()
            self._commit(decide(self._state, command, Moment(self._clock(), self._rng)))

    def _commit(self, events: list[ev.Event]) -> None:
        if not events:
            return
        now, sequence = self._clock(), self._state.sequence
        records = [ev.to_record(event, sequence + n, now) for n, event in enumerate(events, 1)]
        try:
            self._store.append(records)
        except StoreError as error:
            raise AdapterError(str(error)) from error
        with self.changed:
            for event in events:
                self.progress.take_in(event, self._state)
                self._state.evolve(event, now)
            self.changed.notify_all()

    def _event(self, number: int) -> ev.Event:
        try:
            with self._one_command:
                return ev.from_record(next(iter(self._store.read(number - 1))))
        except StoreError as error:
            raise AdapterError(str(error)) from error

    def _load(self) -> None:
        try:
            found = history.load(self._store, self._snapshots, self.progress.in_force)
        except StoreError as error:
            raise AdapterError(str(error)) from error
        self._state, self.progress = found
        self.restored_from = self._state.sequence

    def _catch_up(self) -> None:
        """Take in the events that the log has and the state hasn't. Raises `AdapterError`.

        There are some at a start, and after an append that was recorded and yet reported as failed.
        """
        try:
            records = self._store.read(self._state.sequence)
            while some := list(islice(records, TAKEN_IN_AT_ONCE)):
                with self.changed:
                    for record in some:
                        history.take_in(record, self._state, self.progress)
                    self.changed.notify_all()
        except StoreError as error:
            raise AdapterError(str(error)) from error
