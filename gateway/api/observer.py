"""What control can see of the gateway beside its own state: a port, for the operator's actions.

Whoever composes control hands in the one that reads; each reading has a bound.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from gateway.exchange.worker_page import Traffic
from gateway.nat.difference import MappingChange, PackageChange
from gateway.nat.table import Table
from gateway.store.records import Record


class Counters(Protocol):
    """The counters of the gateway, of some slots and of all reasons."""

    @property
    def addresses(self) -> Mapping[str, Traffic]:
        """The packets and bytes that were translated for each public address."""

    @property
    def reasons(self) -> Mapping[str, int]:
        """How many packets met with each reason of the rules."""

    @property
    def guard(self) -> Mapping[str, int]:
        """How many packets each rule of the guard dropped."""

    @property
    def queue(self) -> Mapping[str, int]:
        """How many packets the kernel dropped at the queue."""

    @property
    def kernel(self) -> Mapping[str, int]:
        """How many packets the kernel dropped before or after the queue."""

    @property
    def paths(self) -> Mapping[str, int]:
        """How many packets met with their reason in the kernel (`fast`), how many here (`slow`)."""


class Comparison(NamedTuple):
    """What differs between two published tables, whose generations are `before` and `after`."""

    before: int
    after: int
    mappings: tuple[MappingChange, ...]
    packages: tuple[PackageChange, ...]


class Observer(Protocol):
    """Reads what the data plane and the log have. All methods raise `AdapterError`."""

    def slots(self) -> int:
        """How many slots of addresses the workers count."""

    def counters(self, slots: range) -> Counters:
        """The counters, of addresses only those with these slots."""

    def table(self, generation: int | None) -> Table | None:
        """The published table; with a generation that table, or None if it is replaced.

        The table of the latest call stays the same until `release`, whatever is published.
        """

    def comparison(self, generation: int | None) -> Comparison | None:
        """How the published table differs from the one before; None if it is replaced.

        The comparison of the latest call stays the same until `release`, whatever is published.
        """

    def release(self) -> None:
        """Let go of the table that was asked for, and of the comparison."""

    def length(self) -> int:
        """How many events the log has, which is the last one's sequence."""

    def events(self, after: int, most: int) -> Sequence[Record]:
        """The events with a sequence above `after`: the first of them, at most so many."""
