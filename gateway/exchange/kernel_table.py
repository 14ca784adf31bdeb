"""The published table in the maps of the fast path: two of them, written by turns.

A program of the kernel's reads the word that says which generation is in force, and looks for the
map with the table of that generation. If neither has it the packet takes the slow path: so whoever
is killed at any moment leaves no old table in force. A table is written into the map that isn't in
force, its header last; then the word is, and when no program runs any more that has read the word
before, the generation is acknowledged.

A table that is too large for the maps is put in force by the workers alone: the word is 0 then, and
the fast path stands aside until it is loaded anew, with larger maps.
"""

from contextlib import suppress
from pathlib import Path

from gateway.exchange import pins
from gateway.exchange.pins import Pin, State
from gateway.nat.decode import generation_of
from gateway.nat.image import HEADER
from gateway.nat.shape import WORD, runs
from gateway.nat.table import Revision, Table


class KernelTable:
    """Writes tables of one draft into the maps of a directory's fast path, if there is one."""

    def __init__(self, directory: Path) -> None:
        """Open nothing yet: the maps are looked for with each table."""
        self._directory = directory
        self._maps: _Maps | None = None

    def close(self) -> None:
        """Give the maps up, and take their content as unknown from now on."""
        if self._maps:
            self._maps.close()
        self._maps = None

    def note(self, revision: Revision) -> None:
        """Take in what has changed. Each revision of the draft must come here, and only once."""
        if self._maps:
            self._maps.miss(revision.changed)

    def write(self, revision: Revision) -> None:
        """Put a revision that was noted in force in the kernel. Raises `OSError`.

        It is acknowledged when this returns: no packet sees the table before any more.
        """
        if pins.is_linked(self._directory):
            with pins.turn(self._directory):
                self.fill(revision)
        elif self._maps:
            # The link was taken away, and not by who made it: its programs may be at work still.
            self._maps.retire()
            self.close()

    def fill(self, revision: Revision) -> None:
        """Do what `write` does, for who has the turn to write the maps."""
        maps = self._current()
        if pins.state(self._directory) is not State.RETIRED:
            maps.put(revision)

    def in_force(self) -> int | None:
        """The generation in force in the kernel; None if the fast path carries nothing.

        Raises `OSError` if its maps are lost.
        """
        if pins.state(self._directory) in (None, State.RETIRED):
            return None
        maps = self._current()
        return None if maps.stands_aside else maps.word[0]

    def _current(self) -> "_Maps":
        """The maps that are pinned now. Raises `OSError`."""
        if self._maps and not self._maps.are_in_place():
            self.close()
        if self._maps is None:
            self._maps = _Maps(self._directory)
        return self._maps


class _Maps:
    """The word and the two tables, mapped into memory."""

    def __init__(self, directory: Path) -> None:
        """Open what is pinned in the directory now. Raises `OSError`."""
        self._directory = directory
        self.word = pins.memory(directory, pins.WORD).cast("Q")
        self._tables = [_TableMap(pins.memory(directory, name)) for name in pins.TABLES]
        self._settings = pins.settings(directory)
        self._grace = pins.pin(directory, pins.GRACE)
        self._pin: Pin = pins.pin(directory, pins.WORD)
        self.stands_aside = False

    def close(self) -> None:
        """Close the pins; memory that is in use stays mapped."""
        with self._grace, self._pin:
            pass

    def retire(self) -> None:
        """Let these maps carry nothing any more, whether a pin leads to them or not."""
        self._settings[pins.STATE] = State.RETIRED
        pins.wait(self._grace, self._pin)

    def are_in_place(self) -> bool:
        """Whether these are the maps that are pinned now."""
        return self._pin.is_in_place()

    def miss(self, blocks: frozenset[int]) -> None:
        """Note that these blocks of the draft have changed since then."""
        for table in self._tables:
            table.miss(blocks)

    def put(self, revision: Revision) -> None:
        """Put the revision in force, or stand aside. Raises `OSError`."""
        table = revision.table
        self.stands_aside = not self._tables[0].has_room(table)
        if self.stands_aside:
            self._switch(0)
            return
        before = self._in_force()
        if before and before.generation == table.generation and before.has(table):
            return
        target = next(one for one in self._tables if one is not before)
        target.write(revision)
        if before and before.generation == table.generation:
            before.clear()  # who asks for the same again doubts its bytes
        self._switch(table.generation)

    def _in_force(self) -> "_TableMap | None":
        with suppress(StopIteration):
            return next(one for one in self._tables if 0 < one.generation == self.word[0])
        return None

    def _switch(self, generation: int) -> None:
        self.word[0] = generation
        pins.wait_for_grace(self._directory)


class _TableMap:
    """One of the two maps, and what is known of its content."""

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._stale: set[int] | None = None  # blocks that differ from the draft's; None: unknown

    @property
    def generation(self) -> int:
        """The generation that its header says; 0 while it is written."""
        return generation_of(bytes(self._memory[: HEADER.size]))

    def miss(self, blocks: frozenset[int]) -> None:
        """Note that these blocks of the draft have changed since then."""
        if self._stale is not None:
            self._stale |= blocks

    def has_room(self, table: Table) -> bool:
        """Whether the map is as large as the table."""
        return len(table.memory) <= len(self._memory)

    def has(self, table: Table) -> bool:
        """Whether the map begins with the bytes of the table."""
        return self._memory[: len(table.memory)] == table.memory

    def clear(self) -> None:
        """Make it no table, so that no program takes it for one."""
        self._memory[: HEADER.size] = bytes(HEADER.size)
        self._stale = None

    def write(self, revision: Revision) -> None:
        """Make it the table of the revision; it is no table meanwhile."""
        memory, stale = revision.table.memory, self._stale
        end = revision.table.shape.checks * WORD
        self.clear()
        parts = [slice(HEADER.size, end)] if stale is None else runs(stale, end)
        for part in (*parts, slice(end, len(memory)), slice(HEADER.size)):
            self._memory[part] = memory[part]
        self._stale = set()
