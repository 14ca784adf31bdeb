"""Control at work: from the request to the packets that follow it.

::

    submit:      exclude ─▶ decide ─▶ append to the log ─▶ evolve ─▶ answer with the task's number
                                      the commit point
    background:  compile ─▶ put in force ─▶ do in the world ─▶ report
                                                               a command

A command is answered when it is recorded; what it asks for is done after that, by the threads of
`background`, and many commands may come into force by one publication. What is to be done follows
from the state alone: the table it stands for isn't in force, or an instance in a passing state has
work waiting. So neither a restart nor a failure needs a second path.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Final

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control import exclusion
from gateway.control.compile import Compiler
from gateway.control.decide import decide
from gateway.control.decisions.moment import Moment
from gateway.control.errors import AdapterError, UnknownTaskError
from gateway.control.ports import EventStore, Hosts, Tables
from gateway.control.progress import Progress, Task, instances_of
from gateway.control.state import State
from gateway.control.upkeep import TRIES, Failures, Upkeep
from gateway.control.values import TaskResult
from gateway.metering.meter import Meter
from gateway.store.records import Record, StoreError

_log = logging.getLogger(__name__)

IN_FORCE_WITHIN_S: Final = 2.0  # a caller waits so long, and its thread with it


class Controller:
    """The only writer of the log and of the published table.

    Everything but `restore` may be called from any thread. Commands are recorded one after the
    other; neither they nor readers wait for what is done in the world.
    """

    def __init__(
        self,
        store: EventStore,
        hosts: Hosts,
        tables: Tables,
        *,
        clock: Callable[[], float],
        rng: Random,
        meter: Meter | None = None,
        following: Callable[[State], object] = lambda _state: None,
    ) -> None:
        """A controller that knows nothing yet: call `restore`.

        `meter` is for who asks for it. `following` is called with each state that a table is
        compiled from, while it stands still.
        """
        self._store = store
        self._tables = tables
        self._clock = clock
        self._rng = rng
        self.meter = meter
        self._following = following
        self._state = State()
        self._compiler = Compiler()
        self._published = -1  # the generation that this control put in force last
        self._upkeep = Upkeep(hosts, self._report)
        self.progress = Progress()  # to look at while the state is held still
        # Each may be taken while those before it are held.
        self._one_execution = threading.Lock()
        self._one_at_the_machines = threading.Lock()
        self._one_publication = threading.Lock()
        self._one_command = threading.Lock()
        self.changed = threading.Condition(threading.Lock())  # the state and the progress

    def restore(self, config: ev.LabConfigured, *, settle: bool = True) -> None:
        """Replay the log and make the world as it says; a new log begins with `config`.

        Without `settle` the instances' machines are left to the background. What can't be done now
        is logged, and waits. Raises `AdapterError` if the log can't be read or written, or belongs
        to a lab of another configuration, or no worker can be looked at.
        """
        with self._one_command:
            self.progress.in_force = self._tables.acknowledged()
            self._catch_up()
            if self._state.config is None:
                self._commit([config])
            elif self._state.config != config:
                raise AdapterError(
                    "the event log is of a lab with other networks: 'tgw lab down' forgets it"
                )
        self._upkeep.doubt(self._state.instances)
        try:
            self.publish()
            self._upkeep.remove_others(self._state.instances.values())
            if settle:
                _log_failures(self.settle())
                self.publish()
        except AdapterError as error:
            _log.error("%s", error)

    def submit(self, *commands: cmd.Command) -> Task:
        """Record commands, all or none; they must not be about the same thing twice.

        What they ask for is done soon. Raises `DomainError` if one is refused (nothing has
        changed), `AdapterError` if the log failed.
        """
        with self._one_command:
            return self._record(commands)

    def execute(self, *commands: cmd.Command) -> list[ev.Event]:
        """Record commands and do what they ask for, in this thread, after all that waits.

        Returns their events. Raises as `submit` does, and `AdapterError` if the world failed.
        """
        with self._one_execution:
            self.publish()
            _log_failures(self.settle())
            self.publish()
            with self._one_command:
                events = self._record(commands).events
            self.publish()
            failures = self._settle_own(events)
            self.publish()
            for error in failures.values():
                raise error
            return list(events)

    def wait_in_force(self, task: Task, within_s: float = IN_FORCE_WITHIN_S) -> None:
        """Wait until the background has put in force what was recorded. Raises `AdapterError`."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.progress.in_force >= task.number, within_s):
                raise AdapterError(
                    f"recorded, but not in force within {within_s:g} s: it will be, when the "
                    "data plane takes it"
                )

    def publish(self) -> None:
        """Put the state's table in force, unless it is. Raises `AdapterError`."""
        with self._one_publication:
            with self.state() as state:
                if self._published == state.sequence:
                    return
                self._compiler.follow(state)
                self._following(state)
            table = self._compiler.table()
            self._tables.put_in_force(table)
            with self.changed:
                self._published = table.generation
                self.progress.reached(table.generation)
                self.changed.notify_all()

    def settle(self, *, again: bool = True) -> Failures:
        """Do in the world what waits; only `again` what has failed before. What failed now."""
        with self._one_at_the_machines:
            with self.state() as state:
                waiting = self._upkeep.waiting(state, self.progress, again=again)
            return self._upkeep.finish(waiting)

    def behind(self) -> bool:
        """Whether a table is to be put in force. The state is held still by the caller."""
        return self._published != self._state.sequence

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

    def _record(self, commands: Iterable[cmd.Command]) -> Task:
        self._catch_up()
        with self.state() as state:
            at = Moment(self._clock(), self._rng, given=set(self.progress.given_back))
            events: list[ev.Event] = []
            for command in commands:
                exclusion.check(state, self.progress, command)
                events += decide(state, command, at)
        self._commit(events)
        return Task(self._state.sequence, tuple(events))

    def _settle_own(self, events: tuple[ev.Event, ...]) -> Failures:
        own = [
            event.instance_id
            for event in events
            if isinstance(event, ev.InstanceOrdered | ev.InstanceStateChanged)
        ]
        with self._one_at_the_machines:
            with self.state() as state:
                instances = [state.instances[key] for key in own]
            return self._upkeep.finish(instances, tries=TRIES)

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
                self.progress.follow(event, self._state)
                self._state.evolve(event, now)
            self.changed.notify_all()

    def _event(self, number: int) -> ev.Event:
        try:
            with self._one_command:
                return ev.from_record(next(iter(self._store.read(number - 1))))
        except StoreError as error:
            raise AdapterError(str(error)) from error

    def _catch_up(self) -> None:
        """Take in what the log has and the state hasn't: all of it at a start, else nothing.

        Unless an append was recorded and yet reported as failed.
        """
        try:
            for record in self._store.read(self._state.sequence):
                self._take_in(record)
        except StoreError as error:
            raise AdapterError(str(error)) from error

    def _take_in(self, record: Record) -> None:
        if record.sequence != self._state.sequence + 1:
            raise StoreError(f"event {self._state.sequence + 1} is missing in the log")
        event = ev.from_record(record)
        try:
            with self.changed:
                self.progress.follow(event, self._state)
                self._state.evolve(event, record.at)
                self.changed.notify_all()
        except (AssertionError, KeyError, ValueError) as error:
            raise StoreError(
                f"event {record.sequence} ({record.kind}) doesn't follow from those before it: "
                "is the log damaged, or written by a newer tgw?"
            ) from error


def _log_failures(failures: Failures) -> None:
    for instance_id, error in failures.items():
        _log.error("%s: %s", instance_id, error)
