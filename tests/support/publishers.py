"""Publishers beside the first one: real workers of their own directory, late or out of order."""

import threading
from pathlib import Path

from gateway.control.state import State
from gateway.control.workers_table import WorkersTable


class SlowPublisher:
    """Publishes into a directory of its own, each time only when a test lets it."""

    def __init__(self, directory: Path, name: str = "another node") -> None:
        """The directory may come later: until then every publication fails."""
        self.name = name
        self.let = threading.Semaphore(0)
        self.began = threading.Semaphore(0)
        self.tried = 0
        self.generations: list[int] = []
        self._table = WorkersTable(directory)

    def hurry(self) -> None:
        """Wait for nothing from now on."""
        self.let.release(1_000_000)

    def take_in(self, state: State) -> None:
        """Take in what has changed, as the workers' table does."""
        self._table.take_in(state)

    def put_in_force(self, generation: int) -> None:
        """Wait, and then do as the workers' table does."""
        self.tried += 1
        self.began.release()
        self.let.acquire()
        self._table.put_in_force(generation)
        self.generations.append(generation)

    def acknowledged(self) -> int:
        """Answer as the workers' table does."""
        return self._table.acknowledged()
