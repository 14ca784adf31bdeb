"""One of a table's two indexes while it is made: address → slot, as `layout` describes it."""

from collections.abc import Iterable, Iterator
from enum import Enum, auto

from gateway.nat.layout import ENTRY_WORDS, GOLDEN, MASK, PROBES
from gateway.nat.shape import block_of
from gateway.packet.memory import Words


class Added(Enum):
    """What became of an address that was to be added to an index."""

    DONE = auto()
    THERE_ALREADY = auto()
    CROWDED = auto()  # an address would lie too far from its first place: a larger index has room


class Index:
    """Entries in the order of their addresses' hashes, each as near to its first place as may be.

    So an index depends on what is in it, and not on what was. Only `CROWDED` bounds how full it is:
    whoever fills it sees to the half.
    """

    def __init__(self, words: Words, start: int, bits: int, changed: set[int]) -> None:
        """An index of zeros from the word `start` on. The blocks written to go into `changed`."""
        self._words = words
        self._start = start
        self._shift = 32 - bits
        self._changed = changed

    def add(self, address: int, slot: int) -> Added:
        """Add the address, if it isn't there; nothing has changed unless it is `DONE`."""
        words, key = self._words, address * GOLDEN & MASK
        home = at = self._start + (key >> self._shift) * ENTRY_WORDS
        if words[at + 1]:
            while words[at + 1] and words[at] * GOLDEN & MASK < key:
                at += ENTRY_WORDS
            if words[at + 1] and words[at] == address:
                return Added.THERE_ALREADY
            if at - home >= PROBES * ENTRY_WORDS or not self._move_up(at):
                return Added.CROWDED
        words[at], words[at + 1] = address, slot + 1
        self._changed.add(block_of(at))
        return Added.DONE

    def remove(self, address: int) -> None:
        """Take the address, which is there, out. What was moved up for it moves back."""
        words = self._words
        at = self._home(address * GOLDEN & MASK)
        while words[at] != address or not words[at + 1]:
            at += ENTRY_WORDS
        end = at + ENTRY_WORDS
        while words[end + 1] and self._home(words[end] * GOLDEN & MASK) < end:
            end += ENTRY_WORDS
        last = end - ENTRY_WORDS
        if last > at:
            words[at:last] = words[at + ENTRY_WORDS : end]
        words[last] = words[last + 1] = 0
        self._note(at, last)

    def find(self, address: int) -> int | None:
        """The slot of an address; None if it isn't there."""
        words, at = self._words, self._home(address * GOLDEN & MASK)
        for place in range(at, at + PROBES * ENTRY_WORDS, ENTRY_WORDS):
            if not words[place + 1]:
                return None
            if words[place] == address:
                return int(words[place + 1]) - 1
        return None

    def place(self, address: int) -> int:
        """The slot of an address that is there."""
        found = self.find(address)
        assert found is not None, "the address is in the index"
        return found

    def fill(self, entries: Iterable[tuple[int, int]]) -> None:
        """Put in entries of a smaller index, in their order: none lies further off than there."""
        words, start, shift = self._words, self._start, self._shift
        free = start
        for address, kept in entries:
            home = start + ((address * GOLDEN & MASK) >> shift) * ENTRY_WORDS
            free = max(free, home)
            words[free], words[free + 1] = address, kept
            free += ENTRY_WORDS

    def entries(self, count: int) -> Iterator[tuple[int, int]]:
        """The entries in use, of `count` that there are: address and slot + 1."""
        raw = self._words[self._start : self._start + count * ENTRY_WORDS].tolist()
        pairs = zip(raw[::2], raw[1::2], strict=True)
        return ((address, kept) for address, kept in pairs if kept)

    def _home(self, key: int) -> int:
        """The word of the first place of an address with this hash."""
        return self._start + (key >> self._shift) * ENTRY_WORDS

    def _move_up(self, at: int) -> bool:
        """Move the entries from `at` to the next gap up by one; False if one would lie too far."""
        words, end = self._words, at
        while words[end + 1]:
            if end - self._home(words[end] * GOLDEN & MASK) >= (PROBES - 1) * ENTRY_WORDS:
                return False
            end += ENTRY_WORDS
        if end > at:
            words[at + ENTRY_WORDS : end + ENTRY_WORDS] = words[at:end]
            self._note(at, end)
        return True

    def _note(self, first: int, last: int) -> None:
        """Note the blocks of the entries from `first` to `last`; no entry lies in two blocks."""
        self._changed.update(range(block_of(first), block_of(last) + 1))
