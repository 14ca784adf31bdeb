"""A small world that works: machines, published tables and a log, any call of which can fail.

Every call passes one `Faults`, in the order in which control makes them, so that a test can make
the n-th one fail or be the last one the process lives to make.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import Enum
from ipaddress import IPv4Address
from pathlib import Path
from random import Random
from typing import Final

from support.snapshot import expected_mappings, replayed, snapshot
from support.story import BEGIN, HOURLY

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.compile import Compiler, compile_table
from gateway.control.controller import Controller
from gateway.control.errors import AdapterError
from gateway.control.ports import Publisher
from gateway.control.progress import Task
from gateway.control.state import State
from gateway.control.upkeep import Failures
from gateway.control.values import Instance, InstanceState
from gateway.metering.book import Book
from gateway.metering.meter import Meter
from gateway.metering.metered import MeteredPublisher
from gateway.nat.table import empty
from gateway.store.memory import MemoryStore
from gateway.store.records import Record, StoreError
from gateway.store.sqlite import SqliteStore

CONFIG = ev.LabConfigured(
    pool="203.0.113.0/28", quarantine_s=60.0, vpc="10.0.0.0/24", reserved=("10.0.0.1",)
)


class CrashError(BaseException):
    """The process ends here: nothing of control's catches this."""


class Trouble(Enum):
    """What happens to a call; the late ones happen when its effect is there already."""

    FAILS = "fails"
    FAILS_LATE = "fails late"
    CRASHES = "crashes"
    CRASHES_LATE = "crashes late"

    @property
    def late(self) -> bool:
        """Whether the effect is there."""
        return self in (Trouble.FAILS_LATE, Trouble.CRASHES_LATE)

    @property
    def crash(self) -> bool:
        """Whether the process ends."""
        return self in (Trouble.CRASHES, Trouble.CRASHES_LATE)


PARTS = {
    "append": "log",
    "put_in_force": "table",
    "connect": "machines",
    "disconnect": "machines",
    "remove": "machines",
    "remove_others": "machines",
}


class Faults:
    """Counts the calls to the world, and says which ones fail."""

    def __init__(self, *, one_by_one: bool) -> None:
        """A world in which all is well; `one_by_one` if not even its parts are used at once."""
        self.calls: list[str] = []
        self.hit: list[str] = []
        self._broken: set[str] = set()
        self._plan: dict[int, Trouble] = {}
        self._inside: dict[str, threading.Lock] = defaultdict(threading.Lock)  # by part
        self._one_by_one = one_by_one

    def break_(self, *names: str) -> None:
        """These calls fail until `mend`."""
        self._broken.update(names)

    def broken(self, name: str) -> bool:
        """Whether these calls fail."""
        return name in self._broken

    def plan(self, trouble: Trouble, nth: int, times: int = 1) -> None:
        """The `nth` call from now, counted from 1, and those after it get into `trouble`."""
        first = len(self.calls) + nth
        self._plan = {first + n: trouble for n in range(times)}

    def mend(self) -> None:
        """All is well from now on."""
        self._broken.clear()
        self._plan.clear()

    @contextmanager
    def call(self, name: str, error: type[Exception]) -> Iterator[None]:
        """One call; two at a time to one part are control's mistake."""
        inside = self._inside["all" if self._one_by_one else PARTS[name]]
        assert inside.acquire(blocking=False), f"{name} beside another call"
        try:
            self.calls.append(name)
            trouble = self._plan.get(len(self.calls))
            if name in self._broken:
                trouble = Trouble.FAILS
            if trouble and not trouble.late:
                self._raise(trouble, name, error)
            yield
            if trouble and trouble.late:
                self._raise(trouble, name, error)
        finally:
            inside.release()

    def _raise(self, trouble: Trouble, name: str, error: type[Exception]) -> None:
        self.hit.append(name)
        raise CrashError(name) if trouble.crash else error(f"{name} failed")


class FakeHosts:
    """Machines: which are there, and whether their link is up."""

    def __init__(self, faults: Faults) -> None:
        """No machine."""
        self.up: dict[str, bool] = {}
        self.while_connecting: Callable[[], None] = lambda: None
        self._faults = faults

    def connect(self, instance: Instance) -> None:
        """The machine is there and its link is up."""
        with self._faults.call("connect", AdapterError):
            self.while_connecting()
            self.up[instance.instance_id] = True

    def disconnect(self, instance: Instance) -> None:
        """The machine is there and its link is down."""
        with self._faults.call("disconnect", AdapterError):
            self.up[instance.instance_id] = False

    def remove(self, instance: Instance) -> None:
        """The machine isn't there."""
        with self._faults.call("remove", AdapterError):
            self.up.pop(instance.instance_id, None)

    def remove_others(self, instances: Collection[Instance]) -> None:
        """No machines are there but those of `instances`."""
        with self._faults.call("remove_others", AdapterError):
            known = {instance.instance_id for instance in instances}
            self.up = {name: up for name, up in self.up.items() if name in known}


class FakePublisher:
    """The table in force, and the generations of all that were."""

    name: Final = "the mapping table"

    def __init__(self, faults: Faults) -> None:
        """The empty table of a new data plane."""
        self.in_force = empty()
        self.generations: list[int] = []
        self.stale = False  # the last one wasn't put in force, or control doesn't know that it was
        self._faults = faults
        self._compiler = Compiler()

    def acknowledged(self) -> int:
        """By every worker."""
        return self.in_force.generation

    def take_in(self, state: State) -> None:
        """Change the draft of the table where the state has changed."""
        self._compiler.take_in(state)

    def put_in_force(self, generation: int) -> None:
        """Every worker uses it at once."""
        self.stale = True
        with self._faults.call("put_in_force", AdapterError):
            self.in_force = self._compiler.table()
            self.generations.append(generation)
        self.stale = False

    @property
    def mappings(self) -> dict[str, str]:
        """Public to private, dotted."""
        return {
            str(IPv4Address(mapping.public)): str(IPv4Address(mapping.private))
            for mapping in self.in_force.mappings
        }


class FaultyStore:
    """A store whose appends can fail."""

    def __init__(self, store: MemoryStore | SqliteStore, faults: Faults) -> None:
        """Around `store`."""
        self._store = store
        self._faults = faults

    def append(self, records: Sequence[Record]) -> None:
        """As the store does."""
        with self._faults.call("append", StoreError):
            self._store.append(records)

    def read(self, after: int = 0) -> Iterator[Record]:
        """As the store does; it isn't counted among the calls."""
        if self._faults.broken("read"):
            raise StoreError("read failed")
        return self._store.read(after)


class PromptController(Controller):
    """Control that has done what a command asks for when it answers.

    Unless it fails: that is logged, and done with the next command.
    """

    def submit(self, *commands: cmd.Command) -> Task:
        """Submit, and do at once what its background would do after it."""
        task = super().submit(*commands)
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
        """The log adds up to the very state that control has."""
        with self.control.state() as state:
            assert snapshot(replayed(self._store)) == snapshot(state)

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
            self.config.pool,
            published=lambda: self.tables.in_force.generation,
            clock=lambda: self.now,
        )
        kind = PromptController if self.prompt else Controller
        return kind(
            FaultyStore(self._store, self.faults),
            self.hosts,
            [MeteredPublisher(self.tables, self.meter), *self._more],
            clock=lambda: self.now,
            rng=self._rng,
        )
