"""Counts one packet in the words of a worker's page (`gateway/exchange/worker_page.py`)."""

import cython

if not cython.compiled:
    from gateway.packet.memory import LongWords, long_words_of, prefetch

BEAT = cython.declare(cython.int, 5)
REASON_BASE = cython.declare(cython.int, 8)
REASONS_MAX = cython.declare(cython.int, 64)
SLOT_BASE = cython.declare(cython.int, 72)
SLOT_WORDS = cython.declare(cython.int, 4)


@cython.final
@cython.cclass
class Tally:
    """Counters that one worker writes and anybody may read."""

    _held: object
    _words: LongWords

    def __init__(self, memory: memoryview) -> None:
        """`memory` has room for every slot of the table in use."""
        self._held = memory
        self._words = long_words_of(memory)

    @cython.cfunc
    @cython.exceptval(check=False)
    def beat(self, now_ns: cython.longlong) -> cython.void:
        """Show that the loop goes round: only a loop calls this."""
        self._words[BEAT] = now_ns

    @cython.cfunc
    @cython.exceptval(check=False)
    def expect(self, slot: cython.longlong) -> cython.void:
        """Say that this slot will be counted soon."""
        prefetch(self._words, SLOT_BASE + slot * SLOT_WORDS)

    @cython.cfunc
    @cython.exceptval(check=False)
    def count(
        self, reason: cython.int, sender: cython.int, receiver: cython.int, length: cython.int
    ) -> cython.void:
        """Count a packet of `length` IP bytes under its reason and, if translated, its slots.

        A negative slot is nobody's.
        """
        at: cython.longlong
        self._words[REASON_BASE + reason] += 1
        if reason != 0:
            return
        if receiver >= 0:
            at = SLOT_BASE + receiver * SLOT_WORDS
            self._words[at] += 1
            self._words[at + 1] += length
        if sender >= 0:
            at = SLOT_BASE + sender * SLOT_WORDS + 2
            self._words[at] += 1
            self._words[at + 1] += length
