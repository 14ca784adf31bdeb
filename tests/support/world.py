"""A small world that works, of machines, published tables and a log, and a control in it."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from support.faults import FakeHosts, FakePublisher, Faults, FaultyStore
from support.memory_store import MemorySnapshots, MemoryStore
from support.snapshot import expected_mappings, snapshot
from support.story import BEGIN, HOURLY

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control import history
from gateway.control.compile import compile_table
from gateway.control.controller import Controller
from gateway.control.errors import AdapterError
from gateway.control.ports import Publisher, Snapshots
from gateway.control.progress import Task
from gateway.control.upkeep import Failures
from gateway.control.values import Instance, InstanceState
from gateway.metering.book import Book
from gateway.metering.meter import Meter
from gateway.metering.publisher import MeteredPublisher
from gateway.store.records import Record
from gateway.store.sqlite import SqliteStore

CONFIG = ev.LabConfigured(
    pools=("203.0.113.0/28",), quarantine_s=60.0, vpc="10.0.0.0/24", reserved=("10.0.0.1",)
)


class PromptController(Controller):
    """Control that has done what a command asks for when it answers.

    Unless it fails: that is logged, and done with the next command.
    """

    def submit(self, *commands: cmd.Command, request_id: str = "") -> Task:
        """Submit, and do at once what its background would do after it."""
        task = super().submit(*commands, request_id=request_id)
        with suppress(AdapterError):
            catch_up(self)
        return task


def publish(control: Controller) -> None:
    """Put the state's table in force by every publisher, in this thread. Raises `AdapterError`."""
    for publication in control.publications:
        control.publish(publication)


def catch_up(control: Controller) -> Failures:
    """Do in this thread all that waits, as the background would; which machines have failed.

    Raises `AdapterError` if the table can't be put in force.
    """
    publish(control)
    failures = control.make_machines()
    publish(control)
    return failures


class World:
    """All of it, and a control in it that can be restarted. To be closed.

    The log is a file in `directory`; without one it is in memory, for tests that make many worlds.
    Control is prompt, so that no test need wait, or else has no background but a test's own.
    """

    def __init__(
        self,
        directory: Path | None = None,
        config: ev.LabConfigured = CONFIG,
        *,
        prompt: bool = True,
        more: Sequence[Publisher] = (),
    ) -> None:
        """Control has been started for the first time; it has `more` publishers than the first."""
        self.now = BEGIN
        self.config = config
        self.prompt = prompt
        self._more = more
        self.faults = Faults(one_by_one=prompt)
        self.hosts = FakeHosts(self.faults)
        self.tables = FakePublisher(self.faults)
        self._directory = directory
        self._rng = Random(1)  # noqa: S311  the same ids in each run
        self._store: MemoryStore | SqliteStore = MemoryStore()
        self.snapshots: Snapshots = MemorySnapshots()
        self.pages = (
            directory or Path("/nowhere")
        ) / "run"  # the workers', for tests that have any
        self._book = self._open()
        self._one_execution = threading.Lock()
        self.control = self._started()
        self.control.restore(config)
        self.catch_up()

    def restart(self, config: ev.LabConfigured | None = None, *, catch_up: bool = True) -> None:
        """A new process: it knows the log, and nothing else; then it does what waits."""
        self.close()
        self._book = self._open()
        self.control = self._started()
        self.control.restore(config or self.config)
        if catch_up:
            self.catch_up()

    def catch_up(self) -> None:
        """Do all that waits at a start. What can't be done now waits."""
        with suppress(AdapterError):
            publish(self.control)
            self.control.remove_other_machines()
            catch_up(self.control)

    def publish(self) -> None:
        """Put the state's table in force. Raises `AdapterError`."""
        publish(self.control)

    def execute(self, *commands: cmd.Command) -> list[ev.Event]:
        """Record commands and do what they ask for, in this thread, after all that waits.

        Returns their events. Raises as `submit` does, and `AdapterError` if the world failed.
        """
        with self._one_execution:
            catch_up(self.control)
            events = Controller.submit(self.control, *commands).events
            publish(self.control)
            failures = self.control.make_machines(again=False)
            publish(self.control)
            for error in failures.values():
                raise error
            return list(events)

    def close(self) -> None:
        """End control."""
        self._store.close()
        self._book.close()

    def write(self, record: Record) -> None:
        """Append to the log what control wouldn't."""
        self._store.append([record])

    def save_snapshot(self) -> None:
        """Make a snapshot of what is in force."""
        history.save(self._store, self.snapshots, self.control.progress.in_force)

    def records(self) -> list[Record]:
        """The log."""
        return list(self._store.read())

    def run(self, name: str = "web", bandwidth_mbps: int = 10) -> str:
        """A running instance; its id."""
        ordered = self.execute(cmd.RunInstance(name, bandwidth_mbps, HOURLY))[0]
        assert isinstance(ordered, ev.InstanceOrdered)
        return ordered.instance_id

    def allocate(self, name: str = "front") -> str:
        """An EIP; its id."""
        (allocated,) = self.execute(cmd.AllocateEip(name, 5, HOURLY))
        assert isinstance(allocated, ev.EipAllocated)
        return allocated.eip_id

    def instance(self, instance_id: str) -> Instance:
        """The instance as control sees it."""
        with self.control.state() as state:
            return state.instances[instance_id]

    def public(self, instance_id: str) -> str | None:
        """The instance's public address."""
        with self.control.state() as state:
            return state.public_ip(state.instances[instance_id])

    def assert_replay_equals_live(self) -> None:
        """The log adds up to the very state that control has, and a snapshot to the same."""
        replay, progress = self._read(MemorySnapshots())
        with self.control.state() as state:
            assert replay == snapshot(state)
        if self.snapshots.load():
            assert self._read(self.snapshots) == (replay, progress)

    def _read(self, snapshots: Snapshots) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a control would begin with: the state and its progress."""
        in_force = self.control.progress.in_force
        state, progress = history.load(self._store, snapshots, in_force)
        assert bool(state.sequence) == bool(snapshots.load())
        for record in self._store.read(state.sequence):
            history.take_in(record, state, progress)
        return snapshot(state), vars(progress)

    def assert_table_is_the_states(self) -> None:
        """What is in force is what the state says."""
        with self.control.state() as state:
            assert self.tables.mappings == expected_mappings(state)
            assert self.tables.in_force == compile_table(state)
            assert self.tables.in_force.generation == state.sequence

    def assert_machines_are_the_states(self) -> None:
        """Each instance's machine is as its state says, and there is none but theirs."""
        with self.control.state() as state:
            wanted = {
                InstanceState.RUNNING: True,
                InstanceState.STOPPED: False,
                InstanceState.LAUNCH_FAILED: None,
            }
            assert all(instance.state in wanted for instance in state.instances.values())
            machines = {key: wanted[instance.state] for key, instance in state.instances.items()}
        assert self.hosts.up == {key: up for key, up in machines.items() if up is not None}

    def assert_settled(self) -> None:
        """Nothing is left to do, and all parts agree."""
        self.assert_replay_equals_live()
        self.assert_table_is_the_states()
        self.assert_machines_are_the_states()

    def _open(self) -> Book:
        if self._directory:
            self._store = SqliteStore(self._directory / "log")
        return Book(self._directory / "book" if self._directory else Path(":memory:"))

    def _started(self) -> Controller:
        self.meter = Meter(
            self.pages,
            self._book,
            published=lambda: self.tables.in_force.generation,
            clock=lambda: self.now,
        )
        kind = PromptController if self.prompt else Controller
        return kind(
            FaultyStore(self._store, self.faults),
            self.hosts,
            [MeteredPublisher(self.tables, self.meter), *self._more],
            snapshots=self.snapshots,
            clock=lambda: self.now,
            rng=self._rng,
        )
