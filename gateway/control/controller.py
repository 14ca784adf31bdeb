"""Control at work: one command at a time, from the request to the packets that follow it.

::

    decide ─▶ append to the log ─▶ evolve ─▶ compile ─▶ put in force ─▶ do in the world ─▶ report
              the commit point                                                             a command

What is to be done in the world follows from the state alone: an instance in a passing state has
work waiting. So neither a restart nor a failure needs a second path: catch up with the log, put its
table in force, do what waits. Every command begins with that.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Final, assert_never

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.compile import Compiler
from gateway.control.decide import decide
from gateway.control.decisions.circumstances import Circumstances
from gateway.control.errors import AdapterError
from gateway.control.ports import EventStore, Hosts, Tables
from gateway.control.state import PASSING, State
from gateway.control.values import Instance, InstanceState
from gateway.store.records import Record, StoreError

_log = logging.getLogger(__name__)

TRIES: Final = 3


class Controller:
    """The only writer of the log and of the published table.

    `execute` and `state` may be called from any thread. Commands are carried out one after the
    other; a reader waits for none of the work that a command does in the world.
    """

    def __init__(
        self,
        store: EventStore,
        hosts: Hosts,
        tables: Tables,
        *,
        clock: Callable[[], float],
        rng: Random,
    ) -> None:
        """A controller that knows nothing yet: call `restore`."""
        self._store = store
        self._hosts = hosts
        self._tables = tables
        self._clock = clock
        self._rng = rng
        self._state = State()
        self._compiler = Compiler()
        self._in_force = -1  # the generation that was put in force last
        # Instances whose machine may not be as their state says, in the order of their turns.
        self._unsure: dict[str, None] = {}
        self._one_command = threading.Lock()
        self._one_change = threading.Lock()

    def restore(self, config: ev.LabConfigured) -> None:
        """Replay the log and make the world as it says; a new log begins with `config`.

        What can't be done now is logged, and tried again with every command. Raises `AdapterError`
        if the log can't be read or written, or belongs to a lab of another configuration.
        """
        with self._one_command:
            self._catch_up()
            if self._state.config is None:
                self._commit([config])
            elif self._state.config != config:
                raise AdapterError(
                    "the event log is of a lab with other networks: 'tgw lab down' forgets it"
                )
            self._unsure.update(dict.fromkeys(self._state.instances))
            try:
                self._put_in_force()
                self._hosts.remove_others(self._state.instances.values())
            except AdapterError as error:
                _log.error("%s", error)
            self._settle_instances()

    def execute(self, *commands: cmd.Command) -> list[ev.Event]:
        """Carry out commands, all or none; they must not be about the same thing twice.

        Returns their events, in order. Raises `DomainError` if one is refused (nothing has
        changed), `AdapterError` if the log or the world failed.
        """
        with self._one_command:
            self._catch_up()
            self._put_in_force()
            self._settle_instances()
            events = self._decide(*commands)
            self._finish_each(
                event.instance_id
                for event in events
                if isinstance(event, ev.InstanceOrdered | ev.InstanceStateChanged)
            )
            return events

    def now(self) -> float:
        """The time that commands are decided by, Unix seconds."""
        return self._clock()

    @contextmanager
    def state(self) -> Iterator[State]:
        """The state, held still for the length of the block; to read only."""
        with self._one_change:
            yield self._state

    def _decide(self, *commands: cmd.Command) -> list[ev.Event]:
        at = Circumstances(self._clock(), self._rng)
        events = [event for command in commands for event in decide(self._state, command, at)]
        if events:
            self._commit(events)
            self._put_in_force()
        return events

    def _commit(self, events: list[ev.Event]) -> None:
        now, sequence = self._clock(), self._state.sequence
        records = [ev.to_record(event, sequence + n, now) for n, event in enumerate(events, 1)]
        try:
            self._store.append(records)
        except StoreError as error:
            raise AdapterError(str(error)) from error
        with self._one_change:
            for event in events:
                self._state.evolve(event, now)

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
            with self._one_change:
                self._state.evolve(event, record.at)
        except (AssertionError, KeyError, ValueError) as error:
            raise StoreError(
                f"event {record.sequence} ({record.kind}) doesn't follow from those before it: "
                "is the log damaged, or written by a newer tgw?"
            ) from error

    def _put_in_force(self) -> None:
        if self._in_force != self._state.sequence:
            self._tables.put_in_force(self._compiler.compile(self._state))
            self._in_force = self._state.sequence

    def _settle_instances(self) -> None:
        """Do what waits, because we were ended or the world failed: one try, and go on."""
        waiting = self._unsure | self._state.passing
        for instance_id in [key for key in waiting if key in self._state.instances]:
            try:
                self._finish(instance_id, tries=1)
            except AdapterError as error:
                # One that can't be helped must not keep all others from being served.
                _log.error("%s: %s", instance_id, error)

    def _finish_each(self, instance_ids: Iterable[str]) -> None:
        """Finish them all; one that can't be doesn't keep the others from it."""
        failed: AdapterError | None = None
        for instance_id in instance_ids:
            try:
                self._finish(instance_id, tries=TRIES)
            except AdapterError as error:
                failed = failed or error
        if failed:
            raise failed

    def _finish(self, instance_id: str, *, tries: int) -> None:
        """Make the instance's machine as its state says; report what a passing state asked for."""
        instance = self._state.instances[instance_id]
        self._unsure[instance_id] = None
        try:
            self._try(instance, tries)
        except AdapterError as error:
            if instance.state is InstanceState.PENDING:
                self._give_up(instance, str(error))
            raise
        self._unsure.pop(instance_id)
        if instance.state in PASSING:
            self._decide(cmd.ReportDone(instance_id))

    def _give_up(self, instance: Instance, why: str) -> None:
        self._decide(cmd.ReportLaunchFailed(instance.instance_id, why))
        try:
            self._hosts.remove(instance)
        except AdapterError as error:  # it stays unsure; why it couldn't be built tells more
            _log.error("%s: %s", instance.instance_id, error)
        else:
            self._unsure.pop(instance.instance_id)

    def _try(self, instance: Instance, tries: int) -> None:
        for _ in range(tries - 1):
            try:
                self._do(instance)
            except AdapterError as error:
                _log.warning("%s: %s: trying again", instance.instance_id, error)
            else:
                return
        self._do(instance)

    def _do(self, instance: Instance) -> None:
        match instance.state:
            case InstanceState.PENDING | InstanceState.STARTING | InstanceState.RUNNING:
                self._hosts.connect(instance)
            case InstanceState.STOPPING | InstanceState.STOPPED:
                self._hosts.disconnect(instance)
            case InstanceState.REBOOTING:
                self._hosts.disconnect(instance)
                self._hosts.connect(instance)
            case InstanceState.TERMINATING | InstanceState.LAUNCH_FAILED:
                self._hosts.remove(instance)
            case _:
                assert_never(instance.state)
