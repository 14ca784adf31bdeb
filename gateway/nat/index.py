"""One of a table's two indexes while it is made: address → slot, as `layout` describes it."""

from typing import Final

from gateway.nat.layout import ENTRY_WORDS, bucket_of
from gateway.packet.memory import Words, words_of

MIN_BITS: Final = 2
ENTRY_BYTES: Final = ENTRY_WORDS * 4


class Index:
    """Open addressing with linear probing; at most half of its entries are in use."""

    def __init__(self) -> None:
        """Nothing is in it."""
        self._count = 0
        self._make(MIN_BITS)

    def __len__(self) -> int:
        """How many addresses are in it."""
        return self._count

    def _make(self, bits: int) -> None:
        self.bits = bits
        self.memory = bytearray(ENTRY_BYTES << bits)
        self._words: Words = words_of(memoryview(self.memory))
        self._mask = (1 << bits) - 1

    def add(self, address: int, slot: int) -> bool:
        """Put the address in; False, and nothing has changed, if it is there already."""
        entry = self._entry(address)
        if self._words[entry + 1]:
            return False
        if 2 * (self._count + 1) > self._mask + 1:
            self.grow(self.bits + 1)
            entry = self._entry(address)
        self._words[entry], self._words[entry + 1] = address, slot + 1
        self._count += 1
        return True

    def remove(self, address: int) -> None:
        """Take the address, which is there, out.

        The entries behind it move up into the gap where they may (Knuth 6.4, algorithm R): so there
        are no tombstones, and a search still ends at the first empty entry.
        """
        words, mask = self._words, self._mask
        gap = self._entry(address) // ENTRY_WORDS
        at = gap
        while True:
            at = (at + 1) & mask
            entry = at * ENTRY_WORDS
            if not words[entry + 1]:
                break
            home = bucket_of(words[entry], self.bits)
            if (at - home) & mask >= (at - gap) & mask:  # its search passes the gap
                words[gap * ENTRY_WORDS] = words[entry]
                words[gap * ENTRY_WORDS + 1] = words[entry + 1]
                gap = at
        words[gap * ENTRY_WORDS] = words[gap * ENTRY_WORDS + 1] = 0
        self._count -= 1

    def grow(self, bits: int) -> None:
        """Make room: `2 ** bits` entries."""
        entries = [
            (self._words[at], self._words[at + 1])
            for at in range(0, len(self._words), ENTRY_WORDS)
            if self._words[at + 1]
        ]
        self._make(bits)
        for address, kept in entries:
            entry = self._entry(address)
            self._words[entry], self._words[entry + 1] = address, kept

    def _entry(self, address: int) -> int:
        """Where the address is, or the empty entry where it would be."""
        words, mask = self._words, self._mask
        bucket = bucket_of(address, self.bits)
        while words[bucket * ENTRY_WORDS + 1] and words[bucket * ENTRY_WORDS] != address:
            bucket = (bucket + 1) & mask
        return bucket * ENTRY_WORDS
