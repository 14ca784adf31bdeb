"""What control needs of the world. Each is implemented elsewhere and given to it."""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from gateway.control.state import State
from gateway.control.values import Instance
from gateway.store.records import Record
from gateway.store.snapshots import Snapshot


class EventLog(Protocol):
    """The log gives its records to readers; its methods raise `StoreError`."""

    def read(self, after: int = 0) -> Iterator[Record]:
        """The records with a sequence above `after`, in order."""


class EventStore(EventLog, Protocol):
    """The log takes new records, too; `gateway.store` has two such classes. Raises `StoreError`."""

    def append(self, records: Sequence[Record]) -> None:
        """Append all or nothing, durably; raises `SequenceConflictError` if they don't follow."""


class Snapshots(Protocol):
    """The store keeps the latest snapshot of the state; its methods raise `StoreError`."""

    def load(self) -> Snapshot | None:
        """The latest snapshot; None if there is none."""

    def save(self, snapshot: Snapshot) -> None:
        """Replace the latest snapshot by another, at once and whole, or leave it."""


class Hosts(Protocol):
    """The instances' machines. Each call makes true what it says, or raises `AdapterError`."""

    def connect(self, instance: Instance) -> None:
        """See to it that the machine is there and its link is up."""

    def disconnect(self, instance: Instance) -> None:
        """See to it that the machine is there and its link is down."""

    def remove(self, instance: Instance) -> None:
        """See to it that neither the machine nor any of its processes is there."""

    def remove_others(self, instances: Collection[Instance]) -> None:
        """See to it that no machines are there but those of `instances`."""


class Publisher(Protocol):
    """One place in which generations come into force: the workers' table file is the first.

    Each publisher makes of the state what it needs, at its own pace: it may pass generations over.
    `take_in` and `put_in_force` are called by one thread at a time, `acknowledged` before them and
    between.
    """

    @property
    def name(self) -> str:
        """The name by which the log speaks of the publisher."""

    def take_in(self, state: State) -> None:
        """Take in what has changed in the state, which stands still meanwhile: a short time."""

    def put_in_force(self, generation: int) -> None:
        """Publish what was taken in last, and wait until all of it is acknowledged.

        `generation` is the sequence of that state. Raises `AdapterError`, also if one is late.
        """

    def acknowledged(self) -> int:
        """The generation that is in force here by now, or a later one. Raises `AdapterError`.

        It is less than what was put in force if that is lost: it is put in force again then.
        """
