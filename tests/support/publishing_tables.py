"""Control and a reader at the two files of the published table, with all that was published."""

from contextlib import suppress
from pathlib import Path

from gateway.exchange.generations import load, published, release
from gateway.exchange.table_reader import TableReader
from gateway.exchange.table_writer import TableWriter
from gateway.nat.table import BadTableError, Draft, Mapping, Table

SLOTS = 2_000  # some blocks of everything


class Control:
    """A draft, and what was published of it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.draft = Draft(SLOTS)
        for slot in range(0, SLOTS, 3):
            self.draft.put(Mapping(slot, slot, slot))
        self.generation = 0
        self.published: dict[int, Table] = {}
        self.restart()

    def restart(self) -> None:
        self.writer = TableWriter(self.directory)

    def change(self, count: int = 1) -> None:
        """Change some mappings, and publish."""
        self.generation += 1
        for number in range(count):
            slot = (self.generation * 101 + number * 7) % SLOTS
            self.draft.remove(slot)
            with suppress(BadTableError):  # an address is another one's by now
                self.draft.put(Mapping(slot + 5 * self.generation, slot, slot))
        self.published[self.generation] = self.draft.finish(self.generation)
        release(self.writer, self.draft.seal(self.generation))

    def is_in_force(self) -> bool:
        return bool(load(self.directory) == self.published[self.generation])


class Reader:
    """A worker's side: what it adopted, in which it looks."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.files = TableReader(directory)
        self.table: Table

    def read(self) -> None:
        self.files.read(published(self.directory), self._adopt)

    def _adopt(self, table: Table) -> None:
        self.table = table

    def has(self, expected: Table) -> bool:
        """Whether the memory that was adopted is this table, byte by byte."""
        return bool(self.table.memory == expected.memory)
