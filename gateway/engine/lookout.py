"""What each loop looks at beside its packets: a new table, listeners, and signals."""

from typing import Any

import cython

if not cython.compiled:
    from time import monotonic_ns

    from gateway.engine.judge import Judge
    from gateway.packet.memory import LongWords, long_words_of

LOOK_NS = cython.declare(cython.longlong, 100_000_000)


@cython.final
@cython.cclass
class Lookout:
    """Keeps a loop's judge at the newest table, and knows whether its packets are watched."""

    watched: cython.bint
    _worker: Any
    _judge: Judge
    _held: object  # the memory that the words are in
    _published: LongWords
    _seen: cython.longlong
    _look_at: cython.longlong

    def __init__(self, worker: Any, judge: Judge) -> None:
        """Look out for `worker`, an `engine.worker.Worker`, whose judge this is."""
        self._worker = worker
        self._judge = judge
        self._held = worker.published
        self._published = long_words_of(worker.published)
        self.look()

    @cython.cfunc
    def is_due(self, now_ns: cython.longlong) -> cython.bint:
        """Whether there is a new table, or the last look was some time ago."""
        return self._published[0] != self._seen or now_ns >= self._look_at

    @cython.ccall
    def look(self) -> cython.void:
        """Take a new table, and look for listeners.

        Handlers of signals run here, too: under constant load there is no other place for them.
        """
        self._look_at = monotonic_ns() + LOOK_NS
        self._worker.refresh()
        self._judge.use(self._worker.translator, self._worker.tally)
        self._seen = self._worker.seen
        self.watched = self._worker.is_watched
