"""An observer of what a test says is there."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.api.observer import Comparison
from gateway.exchange.worker_page import Traffic
from gateway.nat.difference import difference
from gateway.nat.table import Mapping, Table, build
from gateway.store.records import Record
from gateway.telemetry.counters import Counters

PUBLIC, PRIVATE = 0xCB007100, 0x0A000000


def table(generation: int, slots: Sequence[int], most: int = 64) -> Table:
    """A table with a mapping in each of these slots."""
    found = [Mapping(PUBLIC + slot, PRIVATE + slot, slot, blocked=slot == 3) for slot in slots]
    return build(generation, most, found)


@dataclass
class Seen:
    """A table, a log and traffic by slot, as a test has them."""

    published: Table = field(default_factory=lambda: table(1, [3]))
    log: list[Record] = field(default_factory=lambda: [Record(1, 1.5, "told", "{}")])
    traffic: dict[int, Traffic] = field(default_factory=lambda: {3: Traffic(1, 2, 3, 4)})
    held: Table | None = None
    before: Table = field(default_factory=lambda: table(0, []))
    compared: Comparison | None = None

    def slots(self) -> int:
        return 64

    def counters(self, slots: range) -> Counters:
        addresses = {f"203.0.113.{at}": one for at, one in self.traffic.items() if at in slots}
        return Counters(
            addresses,
            {"translated": 5},
            {"guard_spoofed": 1},
            {},
            {"truncated": 0},
            {"fast": 2, "slow": 3},
        )

    def table(self, generation: int | None) -> Table | None:
        if generation is None:
            self.held = self.published
        return self.held if self.held and generation in (None, self.held.generation) else None

    def comparison(self, generation: int | None) -> Comparison | None:
        if generation is None:
            found = difference(self.before, self.published)
            self.compared = Comparison(self.before.generation, self.published.generation, *found)
        held = self.compared
        return held if held and generation in (None, held.after) else None

    def release(self) -> None:
        self.held = self.compared = None

    def length(self) -> int:
        return len(self.log)

    def events(self, after: int, most: int) -> list[Record]:
        return self.log[after : after + most]
