"""What every engine does with a packet: the rules of the newest table, then the count."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from gateway.engine.trace import Listeners, Record
from gateway.nat import exchange
from gateway.nat.policer import Policer
from gateway.nat.reasons import Reason
from gateway.nat.table import BadTableError, empty
from gateway.nat.translate import Direction, Outcome, translate
from gateway.nat.worker_page import WorkerPage
from gateway.packet.ipv4 import Packet, total_length

_log = logging.getLogger(__name__)


class Worker:
    """One worker's view of the published table, and its counters.

    An engine calls `accepts` for each packet, and `refresh` when it was woken or has waited.
    """

    def __init__(
        self, directory: Path, page: WorkerPage, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Load the table published last; no other process is asked. `clock` is in seconds."""
        self._directory = directory
        self._page = page
        self._clock = clock
        self._policer = Policer()
        self._published = exchange.GenerationWord(directory)
        self._seen = -1
        self._refused = False
        self._table = empty()
        self._listeners = Listeners(directory)
        self.refresh()

    def close(self) -> None:
        """Give back what it holds of the system's."""
        self._listeners.close()
        self._published.close()

    def accepts(self, packet: Packet, direction: Direction) -> bool:
        """Translate `packet` in place and count it; whether it may go on."""
        if self._published.get() != self._seen:
            self._reload()
        before = bytes(packet) if self._listeners else None
        outcome = translate(packet, direction, self._table, self._policer, self._clock())
        accepted = outcome.reason is Reason.TRANSLATED
        self._page.count(outcome, total_length(packet) if accepted else 0)
        if before is not None:
            after = bytes(packet) if accepted else b""
            self._listeners.tell(
                Record(time.time(), self._table.generation, 0, direction, outcome, before, after)
            )
        return accepted

    def reject(self, reason: Reason) -> None:
        """Count a packet that the engine itself can't give to the rules."""
        self._page.count(Outcome(reason), 0)

    def refresh(self) -> None:
        """Take and acknowledge the newest table, if there is one we haven't; see who listens."""
        self._listeners.look()
        # A refused one may have been mended under its generation; to look at it again with each
        # packet would stop them all.
        if self._refused or self._published.get() != self._seen:
            self._reload()

    def _reload(self) -> None:
        # Read the word before the file: a publication in between is then seen as one more change.
        self._seen = self._published.get()
        try:
            table = exchange.load(self._directory)
        except BadTableError as error:
            if not self._refused:
                _log.error("generation %d refused, the last table stays: %s", self._seen, error)
            self._refused = True
            return
        self._refused = False
        self._page.hold(table.slots)
        self._table = table
        self._page.acknowledge(table.generation)
