"""What control needs of the world. Each is implemented elsewhere and given to it."""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from gateway.control.values import Instance
from gateway.nat.table import Table
from gateway.store.records import Record


class EventStore(Protocol):
    """The log; raises `StoreError`. `gateway.store` has two."""

    def append(self, records: Sequence[Record]) -> None:
        """Append all or nothing, durably; raises `SequenceConflictError` if they don't follow."""

    def read(self, after: int = 0) -> Iterator[Record]:
        """The records with a sequence above `after`, in order."""


class Hosts(Protocol):
    """The instances' machines. Each call says what shall be; raises `AdapterError`."""

    def connect(self, instance: Instance) -> None:
        """The machine is there and its link is up."""

    def disconnect(self, instance: Instance) -> None:
        """The machine is there and its link is down."""

    def remove(self, instance: Instance) -> None:
        """The machine isn't there, nor any process in it."""

    def remove_others(self, instances: Collection[Instance]) -> None:
        """No machines are there but those of `instances`."""


class Tables(Protocol):
    """Where tables are published."""

    def acknowledged(self) -> int:
        """The generation that every live worker uses by now, or a later one; `AdapterError`."""

    def put_in_force(self, table: Table) -> None:
        """Publish, and wait until every live worker uses it; `AdapterError` if one is late."""
