"""The publisher for the workers: a table in the files that control and the data plane share."""

from pathlib import Path
from typing import Final

from gateway.control.compile import Compiler
from gateway.control.errors import AdapterError
from gateway.control.state import State
from gateway.exchange import generations
from gateway.exchange.table_writer import TableWriter

IN_FORCE_WITHIN_S: Final = 5.0


class WorkersTable:
    """Publishes tables into the directory that the workers of one lab read."""

    name: Final = "the mapping table"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._compiler = Compiler()
        self._writer = TableWriter(directory)

    def take_in(self, state: State) -> None:
        """Change the draft of the table where the state has changed."""
        self._compiler.take_in(state)

    def put_in_force(self, generation: int) -> None:
        """Publish, and wait until every live worker uses it. Raises `AdapterError`."""
        revision = self._compiler.revision()
        assert revision.table.generation == generation, "what was taken in last is published"
        try:
            generations.release(self._writer, revision)
            late = generations.wait_in_force(
                self._directory, generation, within_s=IN_FORCE_WITHIN_S
            )
        except OSError as error:
            raise AdapterError(f"the mapping table can't be published: {error}") from error
        if late:
            raise AdapterError(
                f"recorded, but not in force: {', '.join(late)} didn't take "
                f"generation {generation} within {IN_FORCE_WITHIN_S:g} s"
            )

    def acknowledged(self) -> int:
        """The oldest generation that a worker or the fast path uses. Raises `AdapterError`."""
        try:
            by_kernel = self._writer.kernel.in_force()
            by_workers = generations.acknowledged(self._directory)
            return by_workers if by_kernel is None else min(by_kernel, by_workers)
        except OSError as error:
            raise AdapterError(f"the workers can't be looked at: {error}") from error
