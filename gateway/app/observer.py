"""Reads what a gateway does: the published table, the counters, the log."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice

from gateway.api.observer import Comparison
from gateway.control.errors import AdapterError
from gateway.exchange import generations, worker_page
from gateway.nat.difference import difference
from gateway.nat.table import BadTableError, Table
from gateway.site.places import Places
from gateway.site.site import Site
from gateway.steering.kernel import SteeringError
from gateway.store.records import Record, StoreError
from gateway.store.sqlite import SqliteReader
from gateway.telemetry import counters


class SiteObserver:
    """Reads what a gateway does, whether its control works or not."""

    def __init__(self, places: Places, site: Site | None = None) -> None:
        """Without a site only the log can be read: the gateway isn't there."""
        self._places = places
        self._site = site
        self._held: Table | None = None
        self._compared: Comparison | None = None

    def length(self) -> int:
        """How many events the log has. Raises `AdapterError`."""
        with self._log() as log:
            return log.length()

    def events(self, after: int, most: int) -> Sequence[Record]:
        """The first events after one of them. Raises `AdapterError`."""
        with self._log() as log:
            return list(islice(log.read(after), most))

    def slots(self) -> int:
        """Return how many slots the workers count; 0 without a worker."""
        return worker_page.slots_held(self._places.run)

    def counters(self, slots: range) -> counters.Counters:
        """The counters; of addresses only those with these slots. Raises `AdapterError`."""
        assert self._site is not None
        try:
            with self._site.inside():
                return counters.read(self._places.run, self._places.book, slots)
        except (OSError, SteeringError, StoreError) as error:
            raise AdapterError(str(error)) from error

    def table(self, generation: int | None) -> Table | None:
        """The published table, or the one that was asked for before. Raises `AdapterError`."""
        held = self._held
        if generation is not None and held is not None and held.generation == generation:
            return held
        try:
            self._held = held = generations.load(self._places.run)
        except (OSError, BadTableError) as error:
            raise AdapterError(str(error)) from error
        return held if generation in (None, held.generation) else None

    def comparison(self, generation: int | None) -> Comparison | None:
        """How the published table differs from the one before. Raises `AdapterError`.

        With a generation it is the comparison that was asked for before.
        """
        held = self._compared
        if generation is not None and held is not None and held.after == generation:
            return held
        try:
            after, before = generations.load_last_two(self._places.run)
        except (OSError, BadTableError) as error:
            raise AdapterError(str(error)) from error
        if before is None:
            raise AdapterError(
                f"the table before generation {after.generation} isn't there any more"
            )
        self._compared = found = Comparison(
            before.generation, after.generation, *difference(before, after)
        )
        return found if generation in (None, found.after) else None

    def release(self) -> None:
        """Forget the table that was read last, and the comparison, to free their memory."""
        self._held = self._compared = None

    @contextmanager
    def _log(self) -> Iterator[SqliteReader]:
        try:
            with closing(SqliteReader(self._places.log)) as log:
                yield log
        except StoreError as error:
            raise AdapterError(str(error)) from error
