"""The work that each peer is given, in one round.

Names of works carry their unit: packets a second (`pps`), Gbit/s, µs, seconds of a processor per
million packets, bytes.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import traffic
from bench.lineup import Peer, Site, waiting
from bench.mappings import Files, Mappings
from bench.plan import MANY_FLOWS, Plan
from bench.processes import (
    BenchError,
    busy_seconds,
    cpu_seconds,
    eventually,
    keep_on,
    kernel_memory,
    memory,
    processors,
    put_back,
    wait_until_quiet,
)
from bench.rig import Rig, received, rig_for
from bench.samples import Sample
from bench.traffic import Flood

from gateway.net import namespace
from gateway.steering.kernel import SteeringError

PPS: Final = "pps"
PPS_FLOWS: Final = "pps, 100000 flows"
STREAM_1: Final = "Gbit/s, 1 stream"
STREAM_8: Final = "Gbit/s, 8 streams"
IDLE_P50: Final = "µs, idle, p50"
IDLE_P99: Final = "µs, idle, p99"
HALF_P50: Final = "µs, half load, p50"
HALF_P99: Final = "µs, half load, p99"
HALF_RATE: Final = "pps, half load"
HALF_LOST: Final = "lost, half load"
CPU_OWN: Final = "CPU s per million, own"
CPU_MACHINE: Final = "CPU s per million, machine"
MEMORY: Final = "bytes"
MEMORY_PEAK: Final = "bytes, peak"
MEMORY_KERNEL: Final = "bytes, kernel"

PROBE_INTERVAL_US: Final = 1_000
PROBE_S: Final = 0.05
IDLE_INTERVAL_US: Final = 1_000
HALF_INTERVAL_US: Final = 5_000  # slow enough for the slowest peer
DRAIN_WITHIN_S: Final = 30.0  # a full queue of the slowest peer


def with_mappings(work: str, count: int) -> str:
    """The work done with so many mappings, all of them used."""
    return work if count == 1 else f"{work}, {count} mappings"


def offered(work: str) -> str:
    """How many packets a second were sent for a work."""
    return f"{work}, offered"


@dataclass(frozen=True, slots=True)
class Bench:
    """What stays the same for a run."""

    plan: Plan
    files: Files
    programs: Path
    say: Callable[[str], None]


def wait_until_drained(rig: Rig) -> None:
    """Wait until no packet waits in the gateway's queues. Raises `BenchError`."""
    eventually(lambda: not waiting(rig), within_s=DRAIN_WITHIN_S, what="the queue isn't empty")


class Round:
    """One peer's works in one round, on one site; each raises `BenchError` if it can't be done."""

    def __init__(self, bench: Bench, peer: Peer, number: int, site: Site) -> None:
        """Nothing is measured yet."""
        self.samples: list[Sample] = []
        self._peer, self._number, self._site = peer, number, site
        self._rig, self._plan, self._programs = site.rig, bench.plan, bench.programs
        self._target = peer.target(site.mappings)
        self._kernel_before = kernel_memory()

    def probe(self) -> None:
        """Packets go through at all, there and back."""
        self._trips(PROBE_INTERVAL_US, PROBE_S)

    def packets(self, work: str, flows: int = 1) -> None:
        """Small packets beyond what the peer carries."""
        plan, count = self._plan, self._site.mappings.count
        with self._apart():
            found = traffic.delivered(
                self._rig,
                self._programs,
                Flood(self._target, count, flows),
                warm_s=plan.warm_s,
                seconds=plan.flood_s,
            )
        work = with_mappings(work, count)
        self._note(work, found.delivered)
        self._note(offered(work), found.offered)
        wait_until_drained(self._rig)

    def streams(self, work: str, count: int) -> None:
        """TCP from the client to the instance."""
        seconds = self._plan.stream_s
        self._note(work, traffic.stream(self._rig, self._target, streams=count, seconds=seconds))

    def idle(self) -> None:
        """Round trips with nothing else to do."""
        found = self._trips(IDLE_INTERVAL_US, self._plan.idle_s)
        self._note(IDLE_P50, found.p50)
        self._note(IDLE_P99, found.p99)

    def half_load(self) -> None:
        """Round trips beside a flood at half of what the peer carries, and what that costs.

        The flood's packets all come through, so what the processors do is work and not loss.
        """
        rate = next((s.value for s in self.samples if s.work == PPS), 0.0) / 2
        if not rate:
            raise BenchError("no half load: it isn't known what the peer carries")
        members = namespace.processes(self._rig.gateway)
        flood = Flood(self._target, rate=rate)
        longest_s = self._plan.half_s + traffic.SLACK_S
        with self._apart(), traffic.flooding(self._rig, self._programs, flood, longest_s):
            time.sleep(self._plan.warm_s)
            began, before = time.monotonic(), received(self._rig)
            own, busy = cpu_seconds(members), busy_seconds()
            found = self._trips(HALF_INTERVAL_US, self._plan.half_s)
            own, busy = cpu_seconds(members) - own, busy_seconds() - busy
            packets, elapsed = received(self._rig) - before, time.monotonic() - began
        # Questions are among what the server received; their answers went through the peer, too.
        carried = packets + found.answered
        self._note(HALF_RATE, packets / elapsed)
        self._note(HALF_P50, found.p50)
        self._note(HALF_P99, found.p99)
        self._note(HALF_LOST, 1 - found.answered / found.asked)
        self._note(CPU_OWN, own / carried * 1e6)
        self._note(CPU_MACHINE, busy / carried * 1e6)

    def memory(self) -> None:
        """What the peer's processes hold, and what the kernel holds more than before."""
        count = self._site.mappings.count
        held = memory(namespace.processes(self._rig.gateway))
        grown = max(0, kernel_memory() - self._kernel_before)
        self._note(with_mappings(MEMORY, count), held.proportional)
        self._note(with_mappings(MEMORY_PEAK, count), held.peak)
        self._note(with_mappings(MEMORY_KERNEL, count), grown)

    def _note(self, work: str, value: float) -> None:
        self.samples.append(Sample(self._number, self._peer.name, work, value))

    def _trips(self, interval_us: int, seconds: float) -> traffic.Trips:
        return traffic.trips(
            self._rig, self._programs, self._target, interval_us=interval_us, seconds=seconds
        )

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """Keep a peer of one queue off the sender's processor.

        Else the scheduler moves it there or not as it likes, and that decides the figure.
        """
        everywhere = processors()
        members = namespace.processes(self._rig.gateway) if self._peer.queues == 1 else []
        before = keep_on(everywhere[1:] or everywhere, members)
        try:
            yield
        finally:
            put_back(before)


def measure(bench: Bench, peer: Peer, number: int, mappings: Mappings) -> list[Sample]:
    """What one peer does in one round, started afresh; what fails is said and left out."""
    samples: list[Sample] = []
    # The kernel goes on taking apart the last peer's namespaces, with all they held.
    if not wait_until_quiet(within_s=bench.plan.quiet_s):
        bench.say(f"{peer.name}: the machine is busy with something else")
    try:
        with rig_for(mappings) as rig:
            site = Site(rig, mappings, bench.files, bench.programs)
            task = Round(bench, peer, number, site)
            samples = task.samples
            with traffic.answering(rig, bench.programs, mappings.private), peer.start(site):
                task.probe()
                for step in _steps(task, mappings.count):
                    _try(bench, peer, step)
    except (BenchError, SteeringError) as error:
        bench.say(f"{peer.name}: {error}")
    return samples


def _steps(task: Round, mappings: int) -> list[Callable[[], None]]:
    if mappings > 1:
        return [lambda: task.packets(PPS), task.memory]
    return [
        lambda: task.packets(PPS),
        lambda: task.packets(PPS_FLOWS, MANY_FLOWS),
        lambda: task.streams(STREAM_1, 1),
        lambda: task.streams(STREAM_8, 8),
        task.idle,
        task.half_load,
        task.memory,
    ]


def _try(bench: Bench, peer: Peer, step: Callable[[], None]) -> None:
    try:
        step()
    except BenchError as error:
        bench.say(f"{peer.name}: {error}")
