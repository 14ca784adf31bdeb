"""What every engine needs of a worker: rules with the newest table, counters, listeners."""

import logging
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from gateway.engine.listeners import Listeners, TraceRecord
from gateway.engine.rules import INTERPRETED, Rules
from gateway.exchange import generations, pins
from gateway.exchange.buckets import Buckets
from gateway.exchange.flow_file import FlowFile
from gateway.exchange.table_reader import TableReader
from gateway.exchange.worker_page import WorkerPage
from gateway.nat.mark import LOWEST_BITS, MarkBits
from gateway.nat.outcome import Direction, Outcome
from gateway.nat.policer import BUCKETS
from gateway.nat.table import BadTableError, Table, empty

RELOAD_TRIES: Final = 10  # a table that was replaced meanwhile; the next packet looks again

_log = logging.getLogger(__name__)


class Worker:
    """One worker's view of the published table, its counters, and the buckets it shares.

    A loop calls `refresh` when it was woken and whenever the first word of `published` isn't
    `seen`, and takes `tally` anew after that.
    """

    def __init__(
        self,
        directory: Path,
        page: WorkerPage,
        rules: Rules = INTERPRETED,
        bits: MarkBits = LOWEST_BITS,
    ) -> None:
        """Load the table published last; no other process is asked.

        `bits` of a packet's mark tell its direction.
        """
        self.bits = bits
        self._directory = directory
        self._page = page
        self.rules = rules
        self._open = ExitStack()
        self._word = self._open.enter_context(closing(generations.generation_word(directory)))
        self._addresses = self._open.enter_context(
            closing(Buckets(directory / generations.ADDRESS_BUCKETS, pins.ADDRESS_BUCKETS))
        )
        self._packages = self._open.enter_context(
            closing(Buckets(directory / generations.PACKAGE_BUCKETS, pins.PACKAGE_BUCKETS))
        )
        self._flows = FlowFile(directory / generations.FLOWS).hold()
        self._tables = self._open.enter_context(closing(TableReader(directory)))
        self._listeners = self._open.enter_context(closing(Listeners(directory)))
        self.published = self._word.memory
        self.seen = -1
        self._refused = False
        self._generation = 0
        self._adopt(empty())
        self.refresh()

    def close(self) -> None:
        """Close the files and the memory that the worker holds."""
        self._open.close()

    @property
    def is_watched(self) -> bool:
        """Whether a listener wants to be told of each packet."""
        return bool(self._listeners)

    def tell(self, direction: int, outcome: Outcome, before: bytes, after: bytes) -> None:
        """Tell the listeners of one packet, unless it has no direction."""
        if direction in DIRECTIONS:
            seen = Direction(direction)
            self._listeners.tell(
                TraceRecord(time.time(), self._generation, 0, seen, outcome, before, after)
            )

    def refresh(self) -> None:
        """Look around: take and acknowledge the newest table if it is new, find the listeners."""
        self._page.write_head()
        self._listeners.look()
        # A refused table may be repaired under its own generation. To look at it again with each
        # packet would stop them all, so that is done here only.
        if self._refused or self._word.words[0] != self.seen:
            self._reload()

    def _reload(self) -> None:
        for _ in range(RELOAD_TRIES):
            self.seen = self._word.words[0]
            try:
                self._tables.read(self.seen, self._adopt)
            except (BadTableError, OSError) as error:
                if self._word.words[0] == self.seen:
                    self._refuse(error)
                    return
            else:
                self._refused = False
                self._page.acknowledge(self.seen)
                return

    def _refuse(self, error: Exception) -> None:
        if not self._refused:
            _log.error("generation %d refused, the last table stays: %s", self.seen, error)
        self._refused = True

    def _adopt(self, table: Table) -> None:
        """Use `table`. Raises `OSError` if there is no memory for its counters and buckets."""
        self._page.hold(table.slots)
        self._addresses.hold(table.slots * BUCKETS)
        self._packages.hold(table.package_numbers * BUCKETS)
        rules = self.rules
        policer = rules.policer(self._addresses.memory, self._packages.memory)
        self.tally = rules.tally(self._page.memory)
        flows = rules.flows(self._flows)
        self.translator = rules.translator(rules.table_view(table.memory), policer, flows)
        self._generation = table.generation


DIRECTIONS = frozenset(Direction)
