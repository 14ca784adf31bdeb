"""Tables put in force through the files that control and the data plane share."""

from pathlib import Path
from typing import Final

from gateway.control.errors import AdapterError
from gateway.exchange import generations
from gateway.nat.table import Table

IN_FORCE_WITHIN_S: Final = 5.0


class SharedTables:
    """Publishes into one lab's directory."""

    def __init__(self, directory: Path) -> None:
        """`directory` is the one its workers read."""
        self._directory = directory

    def acknowledged(self) -> int:
        """The oldest generation that a live worker uses. Raises `AdapterError`."""
        try:
            return generations.acknowledged(self._directory)
        except OSError as error:
            raise AdapterError(f"the workers can't be looked at: {error}") from error

    def put_in_force(self, table: Table) -> None:
        """Publish, and wait until every live worker uses it. Raises `AdapterError`."""
        try:
            generations.publish(self._directory, table)
            late = generations.wait_in_force(
                self._directory, table.generation, within_s=IN_FORCE_WITHIN_S
            )
        except OSError as error:
            raise AdapterError(f"the mapping table can't be published: {error}") from error
        if late:
            raise AdapterError(
                f"recorded, but not in force: {', '.join(late)} didn't take "
                f"generation {table.generation} within {IN_FORCE_WITHIN_S:g} s"
            )
