"""What every engine does with a packet: the rules of the newest table, then the count."""

import logging
from pathlib import Path

from gateway.nat import exchange
from gateway.nat.reasons import Reason
from gateway.nat.table import BadTableError, empty
from gateway.nat.translate import NO_SLOT, Direction, Outcome, translate
from gateway.nat.worker_page import WorkerPage
from gateway.packet.ipv4 import Packet, total_length

_log = logging.getLogger(__name__)


class Worker:
    """One worker's view of the published table, and its counters.

    An engine calls `accepts` for each packet and `refresh` when it has waited without one.
    """

    def __init__(self, directory: Path, page: WorkerPage) -> None:
        """Load the table published last; no other process is asked."""
        self._directory = directory
        self._page = page
        self._published = exchange.GenerationWord(directory)
        self._seen = -1
        self._refused = False
        self._table = empty()
        self.refresh()

    def accepts(self, packet: Packet, direction: Direction) -> bool:
        """Translate `packet` in place and count it; whether it may go on."""
        if self._published.get() != self._seen:
            self._reload()
        outcome = translate(packet, direction, self._table)
        accepted = outcome.reason is Reason.TRANSLATED
        self._page.count(outcome, direction, total_length(packet) if accepted else 0)
        return accepted

    def reject(self, reason: Reason, direction: Direction) -> None:
        """Count a packet that the engine itself can't give to the rules."""
        self._page.count(Outcome(reason, NO_SLOT), direction, 0)

    def refresh(self) -> None:
        """Take and acknowledge the newest table, if there is one we haven't."""
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
