"""The meter takes in what the workers counted, for those who hold the addresses.

::

    sample    every second: what was counted since the last one is the holders'
    hand over around a publication: the addresses that get another holder

Where an address goes from one instance to another in one step, what is counted until every worker
has acknowledged is the former holder's. An unassigned address carries nothing, so what it has
carried then is the next holder's, to the byte.

Such a step is written down before it is published, with the generation that it comes with. So after
a kill at any point the generation in force tells who holds what, and the counters tell the rest.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from gateway.metering.book import Book, Entry
from gateway.metering.readings import Readings
from gateway.metering.values import (
    CELL_S,
    DAY_S,
    HOUR_S,
    NOTHING,
    Cell,
    Holder,
    Tenure,
    Usage,
    floor,
)
from gateway.store.records import StoreError

CONTINUOUS_S: Final = CELL_S / 2  # looks further apart don't tell when it was

UNKNOWN: Final = "unknown"  # the address of a slot that no table of this control had

_log = logging.getLogger(__name__)


class Meter:
    """The only one who reads the pages in `directory` into `book`. From any thread."""

    def __init__(
        self,
        directory: Path,
        book: Book,
        *,
        published: Callable[[], int],
        clock: Callable[[], float],
    ) -> None:
        """Go on where the book ends. `published` is the generation that workers see now.

        Raises `StoreError`.
        """
        self._book = book
        self._published = published
        self._clock = clock
        self._lock = threading.Lock()
        self._readings = Readings(directory, book.taken())
        self._entry = Entry(gone=self._readings.gone())
        self._last = book.last_number()
        self._tenures: dict[int, Tenure] = {}  # by slot
        self._addresses = book.addresses()  # by slot, also without a tenure: the last one
        self._next: dict[int, Tenure] = {}  # those that were written before their publication
        self._due: dict[int, Holder | None] = {}
        self._unheld: dict[int, Tenure] = {}
        self._sampled: float | None = None
        self._looking_since = 0.0
        self._failing = False
        self._durable = True  # what was written
        self._resume()

    def close(self) -> None:
        """Take in what there is, and close the book."""
        self.sample()
        self._book.close()

    @property
    def held(self) -> list[int]:
        """The slots of all addresses that have a holder."""
        return list(self._tenures)

    def now(self) -> float:
        """The time by the meter's clock, Unix seconds."""
        return self._clock()

    def sample(self) -> None:
        """Take in what was counted. A failure is logged, and made up for by the next sample."""
        with self._lock:
            if self._try(self._take_and_write) and self._failing:
                _log.info("traffic is metered again: nothing is missing")
                self._failing = False

    def hand_over(
        self,
        changes: Mapping[int, Holder | None],
        generation: int,
        publish: Callable[[], None],
    ) -> None:
        """Publish, and note that other holders have these slots from then on.

        What `publish` raises goes on to the caller; whether it has published is asked for. The
        meter's own failures are logged: no packet waits for a bill.
        """
        with self._lock:
            self._due |= changes
            due = {slot: self._due[slot] for slot in self._due if self._differs(slot)}
            self._announce(due, generation)
            try:
                publish()
            except Exception:
                if self._published() < generation:
                    self._call_off()
                else:
                    self._change_hands(due, generation)
                raise
            self._change_hands(due, generation)

    def usages(self, instance_id: str | None = None, *, hourly: bool = False) -> list[Usage]:
        """What each holder's address carried until now. Raises `StoreError`."""
        with self._lock:
            self._take_and_write()
            read = self._book.hourly if hourly else self._book.usages
            return read(self._clock(), instance_id)

    def cells(self, where: str, value: str, step: int, begin: int, end: int) -> list[Cell]:
        """The cells that have ended, as `Book.cells` has them. Raises `StoreError`."""
        with self._lock:
            self._take_and_write()
            return self._book.cells(where, value, step, begin, min(end, self._ended(step)))

    def _ended(self, step: int) -> int:
        """The time before which all steps of this length have ended."""
        return floor(self._clock(), step)

    def _resume(self) -> None:
        """Take from the book who holds what, by the generation that was published last."""
        generation, now = self._published(), self._clock()
        for tenure in self._book.open_tenures():
            before = self._tenures.get(tenure.holder.slot)
            if tenure.generation > generation and before:
                self._entry.dropped.add(tenure.number)
                continue
            if before:
                self._end(before, now)
                self._belongs(tenure.holder)
            else:
                self._addresses[tenure.holder.slot] = tenure.holder.address
            self._tenures[tenure.holder.slot] = tenure

    def _differs(self, slot: int) -> bool:
        tenure = self._tenures.get(slot)
        return self._due[slot] != (tenure.holder if tenure else None)

    def _announce(self, due: Mapping[int, Holder | None], generation: int) -> None:
        """Write down who is to take an address over, and what its holder has carried until now."""
        moving = [holder for slot, holder in due.items() if holder and slot in self._tenures]
        if moving:
            self._try(self._take)
            self._next = {holder.slot: self._begin(holder, generation) for holder in moving}
            self._try(self._note)

    def _call_off(self) -> None:
        """Keep the holders as they are: the generation wasn't published."""
        for tenure in self._next.values():
            self._entry.tenures.pop(tenure.number, None)
            self._entry.dropped.add(tenure.number)
        self._next = {}

    def _change_hands(self, due: Mapping[int, Holder | None], generation: int) -> None:
        """End the former holders' tenures and begin the next ones': the table was published."""
        self._due = {}
        if not due:
            return
        coming = self._next | {
            slot: self._begin(holder, generation)
            for slot, holder in due.items()
            if holder and slot not in self._next
        }
        self._next = {}
        # A slot that belonged to another address: what it had counted isn't of the new address. An
        # address that no instance has carries nothing, one that is taken away does until now.
        for slot, tenure in coming.items():
            if slot not in self._tenures:
                self._belongs(tenure.holder)
        self._try(lambda: self._take(coming))
        for tenure in coming.values():
            self._belongs(tenure.holder)
        now = self._clock()
        for slot in due:
            former = self._tenures.pop(slot, None)
            if former:
                self._end(former, now)
        self._tenures |= coming
        self._try(self._note)

    def _belongs(self, holder: Holder) -> None:
        """Note that the slot belongs to this holder's address; and since when, if it is new."""
        if self._addresses.get(holder.slot, holder.address) != holder.address:
            self._entry.begin(self._readings.totals(holder.slot))
            self._unheld.pop(holder.slot, None)
        self._addresses[holder.slot] = holder.address

    def _begin(self, holder: Holder, generation: int) -> Tenure:
        self._last += 1
        tenure = Tenure(self._last, holder, generation, self._clock())
        self._entry.tenures[tenure.number] = tenure
        return tenure

    def _end(self, tenure: Tenure, now: float) -> None:
        self._entry.tenures[tenure.number] = replace(tenure, ended=now)

    def _unassigned(self, slot: int) -> Tenure:
        """The tenure of no instance: for what a worker still counts after the last holder left."""
        if slot not in self._unheld:
            tenure = self._begin(Holder(slot, self._addresses.get(slot, UNKNOWN)), 0)
            self._unheld[slot] = tenure
            self._end(tenure, tenure.began)
        return self._unheld[slot]

    def _take_and_write(self) -> None:
        self._take()
        self._write()

    def _take(self, coming: Mapping[int, Tenure] | None = None) -> None:
        """Put into the entry what was counted. What had no holder is for those who are coming."""
        readings, now = self._readings.take(), self._clock()
        since, continuous = self._look(now)
        for reading in readings:
            slot = reading.slot
            tenure = self._tenures.get(slot) or (coming or {}).get(slot) or self._unassigned(slot)
            self._entry.taken[reading.birth, slot] = reading.total
            if reading.jump != NOTHING:
                self._entry.jump((reading.birth, slot), reading.jump)
                continue
            self._entry.add(tenure, HOUR_S, floor(since, HOUR_S), reading.more)
            if continuous:
                self._entry.add(tenure, CELL_S, floor(since, CELL_S), reading.more)

    def _look(self, now: float) -> tuple[float, bool]:
        """The time of the last look, and whether no look was missed since then."""
        since, self._sampled = self._sampled, now
        if since is None or not 0 <= now - since <= CONTINUOUS_S:
            self._looking_since = now
            return now, False
        cell = floor(since, CELL_S)
        if cell + CELL_S <= now and self._looking_since <= cell:
            self._entry.metered |= {(CELL_S, cell), (HOUR_S, floor(cell, HOUR_S))}
            self._entry.cells_before = cell - DAY_S
        return since, True

    def _note(self) -> None:
        """Write without waiting for the disk: a loss of power takes the counters as well."""
        self._write(durable=False)

    def _write(self, *, durable: bool = True) -> None:
        if self._entry or (durable and not self._durable):
            try:
                self._book.write(self._entry, durable=durable)
            except StoreError:
                self._entry = self._entry.without_cells()
                self._looking_since = self._clock()
                raise
            self._entry = Entry()
            self._durable = durable

    def _try(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except StoreError as error:
            if not self._failing:
                _log.error("traffic isn't metered, tried again each second: %s", error)
            self._failing = True
            return False
        return True
