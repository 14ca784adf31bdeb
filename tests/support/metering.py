"""A gateway to meter: real pages of workers, a book on disk, and a clock to set."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path

from gateway.exchange.worker_page import WorkerPage, counts
from gateway.metering.book import Book, Entry
from gateway.metering.meter import Meter
from gateway.metering.values import Holder
from gateway.nat.outcome import NO_SLOT
from gateway.nat.tally import Tally

POOL = "203.0.113.0/28"
SLOTS = 16
BEGIN = 1_000_000_800.0  # the beginning of an hour


class DiedError(BaseException):
    """The process ends here: nothing of the meter's catches this."""


def holder(slot: int, instance: str, charge_type: str = "TRAFFIC_POSTPAID_BY_HOUR") -> Holder:
    """The instance, with the address of this slot."""
    address = str(IPv4Network(POOL)[slot])
    return Holder(slot, address, f"eip-{slot}", instance, charge_type)


class MortalBook(Book):
    """A book whose writer dies at a write, before it is done or just after."""

    def __init__(self, path: Path) -> None:
        """It lives."""
        super().__init__(path)
        self.writes = 0
        self.dies_at: int | None = None
        self.late = False

    def write(self, entry: Entry, *, durable: bool = True) -> None:
        """As a book does."""
        self.writes += 1
        dies = self.writes == self.dies_at
        if dies and not self.late:
            raise DiedError
        super().write(entry, durable=durable)
        if dies:
            raise DiedError


class Gateway:
    """Workers that count, a generation in force, and a meter that may be killed at any time."""

    def __init__(self, directory: Path) -> None:
        """Nothing was counted."""
        self.now = BEGIN
        self.generation = 0
        self.in_force: dict[int, Holder] = {}
        self.path = directory / "book"
        self.run = directory / "run"
        self._pages: dict[int, WorkerPage] = {}
        self._tallies: dict[int, Tally] = {}
        self.begin_pages()
        self.start()

    def start(self) -> None:
        """A meter begins."""
        self.book = MortalBook(self.path)
        self.meter = Meter(
            self.run,
            self.book,
            published=lambda: self.generation,
            clock=lambda: self.now,
        )

    def kill(self) -> None:
        """The meter is gone, without a last word."""
        self.book.close()

    def begin_pages(self) -> None:
        """The directory is new: all counters are zero."""
        for worker in list(self._pages):
            self.end_worker(worker)
        self.run = self.run.with_name(f"{self.run.name}-")
        self.run.mkdir()

    def end_worker(self, worker: int) -> None:
        """It ends; its page stays."""
        self._tallies.pop(worker)
        self._pages.pop(worker).__exit__()

    def close(self) -> None:
        """End all."""
        self.book.close()
        for worker in list(self._pages):
            self.end_worker(worker)

    def count(self, slot: int, length: int, *, worker: int = 0, inbound: bool = False) -> None:
        """A worker translates a packet."""
        if worker not in self._pages:
            page = self._pages[worker] = WorkerPage(self.run, worker)
            page.hold(SLOTS)
            self._tallies[worker] = Tally(page.memory)
        ends = (NO_SLOT, slot) if inbound else (slot, NO_SLOT)
        self._tallies[worker].count(0, *ends, length)

    def hand_over(
        self,
        changes: Mapping[int, Holder | None],
        *,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Publish the next generation, in which these slots have these holders."""
        following = self.generation + 1

        def publish() -> None:
            self.generation = following
            for slot, found in changes.items():
                self.in_force.pop(slot, None)
                if found:
                    self.in_force[slot] = found
            meanwhile()

        self.meter.hand_over(changes, following, publish)

    def out_bytes(self, *, hourly: bool = False) -> Counter[tuple[str | None, str]]:
        """What was sent, by instance (in an hour, if hourly) and address."""
        found: Counter[tuple[str | None, str]] = Counter()
        for usage in self.meter.usages(hourly=hourly):
            name = usage.holder.instance_id
            key = f"{name} {usage.hour}" if hourly else name
            found[key, usage.holder.address] += usage.traffic.bytes_out
        return +found

    def assert_adds_up(self) -> None:
        """All that the workers have counted in this directory is somebody's, to the byte."""
        network = IPv4Network(POOL)
        billed: Counter[str] = Counter()
        for usage in self.meter.usages():
            billed[usage.holder.address] += sum(usage.traffic)
        counted = {str(network[slot]): sum(seen) for slot, seen in counts(self.run).slots.items()}
        assert +billed == Counter(counted)


@contextmanager
def gateway_in(directory: Path) -> Iterator[Gateway]:
    """A gateway, ended after the block."""
    made = Gateway(directory)
    try:
        yield made
    finally:
        made.close()
