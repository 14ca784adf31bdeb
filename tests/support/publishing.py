"""How long a change takes from its commit until it is in force in every worker.

A lab of many instances that is real but for its machines: the log is a file, control restores from
it and publishes, and each worker is a process that does all a data plane does but carry packets.

`python -m support.publishing DIRECTORY NUMBER` is such a worker.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from itertools import islice
from pathlib import Path
from random import Random

from support.memory_store import MemorySnapshots

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.compile import compile_table
from gateway.control.controller import Controller
from gateway.control.state import State
from gateway.control.values import ChargeType, Instance, InstanceState
from gateway.control.workers_table import WorkersTable
from gateway.engine.worker import Worker
from gateway.exchange import generations
from gateway.exchange.worker_page import WorkerPage
from gateway.nat.table import Mapping
from gateway.store.records import Record
from gateway.store.sqlite import SqliteStore

CONFIG = ev.LabConfigured(
    pools=("100.64.0.0/14",), quarantine_s=60.0, vpc="10.0.0.0/14", reserved=("10.0.0.1",)
)
FIRST_PUBLIC, FIRST_PRIVATE = IPv4Address("100.64.0.1"), IPv4Address("10.0.0.2")
FIRST_OTHER = int(IPv4Address("172.16.0.0"))
OTHERS_END = 1 << 20  # they have the slots below it
HOURLY = ChargeType.TRAFFIC_POSTPAID_BY_HOUR
BEGIN = 1_000_000.0
APPEND_BATCH = 10_000
LOOK_S = 0.5  # how often an idle worker looks whether the one who started it is there


class NoHosts:
    """Machines that nobody needs."""

    def connect(self, instance: Instance) -> None:
        """Nothing to do."""

    def disconnect(self, instance: Instance) -> None:
        """Nothing to do."""

    def remove(self, instance: Instance) -> None:
        """Nothing to do."""

    def remove_others(self, instances: Collection[Instance]) -> None:
        """Nothing to do."""


@dataclass
class Watch:
    """When what was committed last was so, and how long it took to be in force, each time."""

    committed: float = 0.0
    samples_ms: list[float] = field(default_factory=list)


class WatchedStore(SqliteStore):
    """The log, and when its last append returned."""

    def __init__(self, path: Path, watch: Watch) -> None:
        """Open or begin it."""
        super().__init__(path)
        self._watch = watch

    def append(self, records: Sequence[Record]) -> None:
        """As the store does."""
        super().append(records)
        self._watch.committed = time.perf_counter()


class WatchedTable(WorkersTable):
    """Publishes, and takes the time since the commit."""

    def __init__(self, directory: Path, watch: Watch, others: int = 0) -> None:
        """Into `directory`. The tables have so many other mappings, of no instance of the state."""
        super().__init__(directory)
        self._watch = watch
        self._others = others

    def take_in(self, state: State) -> None:
        """As control's own does, and with the other mappings at the first time."""
        super().take_in(state)
        if self._others:
            draft = self._compiler._taken_in.draft
            draft.hold(OTHERS_END)
            for n in range(1, self._others + 1):
                draft.put(Mapping(FIRST_OTHER + n, FIRST_OTHER - n, OTHERS_END - n, 10_000, 10_000))
            self._others = 0

    def put_in_force(self, generation: int) -> None:
        """As control's own does."""
        super().put_in_force(generation)
        self._watch.samples_ms.append((time.perf_counter() - self._watch.committed) * 1e3)


class Crowd:
    """A lab of running instances, each with an ordinary public IP, and unbound EIPs. Close it."""

    def __init__(self, directory: Path, *, instances: int, eips: int, others: int = 0) -> None:
        """Control has restored it from its log, and its table is published.

        So many `others` in the table belong to no instance: a million of them are there within
        half a minute, and a change to the table costs the same.
        """
        self._watch = Watch()
        store = WatchedStore(directory / "log", self._watch)
        self.close = store.close
        records = _records(instances, eips)
        while batch := list(islice(records, APPEND_BATCH)):
            store.append(batch)
        self.control = Controller(
            store,
            NoHosts(),
            [WatchedTable(directory, self._watch, others)],
            snapshots=MemorySnapshots(),
            clock=time.time,
            rng=Random(1),  # noqa: S311  the same ids in each run
        )
        self.control.restore(CONFIG)
        self._publish()

    def in_force_ms(self, *commands: cmd.Command) -> list[float]:
        """From commit to in force, for each of the commands."""
        self._watch.samples_ms.clear()
        for command in commands:
            self.control.submit(command)
            self._publish()
        return list(self._watch.samples_ms)

    def _publish(self) -> None:
        (publication,) = self.control.publications
        self.control.publish(publication)

    def from_nothing_ms(self) -> float:
        """What it takes only to compile the table from nothing."""
        with self.control.state() as state:
            begin = time.perf_counter()
            compile_table(state)
            return (time.perf_counter() - begin) * 1e3


def samples_ms(directory: Path, *, instances: int, workers: int, binds: int) -> list[float]:
    """From commit to in force in ms, for each of `binds` EIPs that are bound to an instance.

    It takes a while: a few seconds per 100,000 instances. `directory` is an empty one.
    """
    with (
        closing(Crowd(directory, instances=instances, eips=binds)) as crowd,
        working(directory, workers),
    ):
        return crowd.in_force_ms(*bindings(binds))


def bindings(count: int) -> list[cmd.BindEip]:
    """So many EIPs, each to an instance."""
    return [cmd.BindEip(eip_id(n), instance_id(n)) for n in range(count)]


def instance_id(n: int) -> str:
    """The id of the n-th instance."""
    return f"ins-{n:08d}"


def eip_id(n: int) -> str:
    """The id of the n-th EIP."""
    return f"eip-{n:08d}"


@contextmanager
def working(directory: Path, workers: int) -> Iterator[None]:
    """So many workers run; each has taken the table that is there."""
    with ExitStack() as running:
        for number in range(workers):
            process = running.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "support.publishing", str(directory), str(number)],
                    cwd=Path(__file__).parents[1],
                    stdout=subprocess.PIPE,
                )
            )
            running.callback(process.terminate)
            assert process.stdout
            assert process.stdout.readline() == b"works\n"
        yield


def _records(instances: int, eips: int) -> Iterator[Record]:
    events = _events(instances, eips)
    return (ev.to_record(event, n, BEGIN) for n, event in enumerate(events, 1))


def _events(instances: int, eips: int) -> Iterator[ev.Event]:
    yield CONFIG
    for n in range(instances):
        yield ev.InstanceOrdered(
            instance_id=instance_id(n),
            name="web",
            uuid=f"{n:032x}",
            private_ip=str(FIRST_PRIVATE + n),
            mac=f"52:54:00:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}",
            bandwidth_mbps=10,
            charge_type=HOURLY.value,
        )
        yield ev.OrdinaryIpAssigned(instance_id(n), f"eip-o{n:07d}", str(FIRST_PUBLIC + n))
        yield ev.state_changed(instance_id(n), InstanceState.RUNNING)
    for n in range(eips):
        address = str(FIRST_PUBLIC + instances + n)
        yield ev.EipAllocated(eip_id(n), address, "front", 5, HOURLY.value)


def _work(directory: Path, number: int) -> None:
    """Take each table that is published, until whoever started this ends."""
    parent = os.getppid()
    signal.pthread_sigmask(signal.SIG_BLOCK, {generations.WAKE})
    with WorkerPage(directory, number) as page, closing(Worker(directory, page)) as worker:
        print("works", flush=True)
        while os.getppid() == parent:
            signal.sigtimedwait({generations.WAKE}, LOOK_S)
            worker.refresh()


if __name__ == "__main__":
    _work(Path(sys.argv[1]), int(sys.argv[2]))
