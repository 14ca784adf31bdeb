"""The parts of a small world that works, any call of which can fail.

Every call passes one `Faults`, in the order in which control makes them, so that a test can make
the n-th one fail or be the last one the process lives to make.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from ipaddress import IPv4Address
from typing import Final

from support.memory_store import MemoryStore

from gateway.control.compile import Compiler
from gateway.control.errors import AdapterError
from gateway.control.state import State
from gateway.control.values import Instance
from gateway.nat.table import empty
from gateway.store.records import Record, StoreError
from gateway.store.sqlite import SqliteStore


class CrashError(BaseException):
    """The process ends here: nothing of control's catches this."""


class Trouble(Enum):
    """What happens to a call; the late ones happen when its effect is there already."""

    FAILS = "fails"
    FAILS_LATE = "fails late"
    CRASHES = "crashes"
    CRASHES_LATE = "crashes late"

    @property
    def late(self) -> bool:
        """Whether the effect is there."""
        return self in (Trouble.FAILS_LATE, Trouble.CRASHES_LATE)

    @property
    def crash(self) -> bool:
        """Whether the process ends."""
        return self in (Trouble.CRASHES, Trouble.CRASHES_LATE)


PARTS = {
    "append": "log",
    "put_in_force": "table",
    "connect": "machines",
    "disconnect": "machines",
    "remove": "machines",
    "remove_others": "machines",
}


class Faults:
    """Counts the calls to the world, and says which ones fail."""

    def __init__(self, *, one_by_one: bool) -> None:
        """A world in which all is well; `one_by_one` if not even its parts are used at once."""
        self.calls: list[str] = []
        self.hit: list[str] = []
        self._broken: set[str] = set()
        self._plan: dict[int, Trouble] = {}
        self._inside: dict[str, threading.Lock] = defaultdict(threading.Lock)  # by part
        self._one_by_one = one_by_one

    def break_(self, *names: str) -> None:
        """These calls fail until `mend`."""
        self._broken.update(names)

    def broken(self, name: str) -> bool:
        """Whether these calls fail."""
        return name in self._broken

    def plan(self, trouble: Trouble, nth: int, times: int = 1) -> None:
        """The `nth` call from now, counted from 1, and those after it get into `trouble`."""
        first = len(self.calls) + nth
        self._plan = {first + n: trouble for n in range(times)}

    def mend(self) -> None:
        """All is well from now on."""
        self._broken.clear()
        self._plan.clear()

    @contextmanager
    def call(self, name: str, error: type[Exception]) -> Iterator[None]:
        """One call; two at a time to one part are control's mistake."""
        inside = self._inside["all" if self._one_by_one else PARTS[name]]
        assert inside.acquire(blocking=False), f"{name} beside another call"
        try:
            self.calls.append(name)
            trouble = self._plan.get(len(self.calls))
            if name in self._broken:
                trouble = Trouble.FAILS
            if trouble and not trouble.late:
                self._raise(trouble, name, error)
            yield
            if trouble and trouble.late:
                self._raise(trouble, name, error)
        finally:
            inside.release()

    def _raise(self, trouble: Trouble, name: str, error: type[Exception]) -> None:
        self.hit.append(name)
        raise CrashError(name) if trouble.crash else error(f"{name} failed")


class FakeHosts:
    """Machines: which are there, and whether their link is up."""

    def __init__(self, faults: Faults) -> None:
        """No machine."""
        self.up: dict[str, bool] = {}
        self.while_connecting: Callable[[], None] = lambda: None
        self._faults = faults

    def connect(self, instance: Instance) -> None:
        """The machine is there and its link is up."""
        with self._faults.call("connect", AdapterError):
            self.while_connecting()
            self.up[instance.instance_id] = True

    def disconnect(self, instance: Instance) -> None:
        """The machine is there and its link is down."""
        with self._faults.call("disconnect", AdapterError):
            self.up[instance.instance_id] = False

    def remove(self, instance: Instance) -> None:
        """The machine isn't there."""
        with self._faults.call("remove", AdapterError):
            self.up.pop(instance.instance_id, None)

    def remove_others(self, instances: Collection[Instance]) -> None:
        """No machines are there but those of `instances`."""
        with self._faults.call("remove_others", AdapterError):
            known = {instance.instance_id for instance in instances}
            self.up = {name: up for name, up in self.up.items() if name in known}


class FakePublisher:
    """The table in force, and the generations of all that were."""

    name: Final = "the mapping table"

    def __init__(self, faults: Faults) -> None:
        """The empty table of a new data plane."""
        self.in_force = empty()
        self.generations: list[int] = []
        self.stale = False  # the last one wasn't put in force, or control doesn't know that it was
        self._faults = faults
        self._compiler = Compiler()

    def acknowledged(self) -> int:
        """By every worker."""
        return self.in_force.generation

    def take_in(self, state: State) -> None:
        """Change the draft of the table where the state has changed."""
        self._compiler.take_in(state)

    def put_in_force(self, generation: int) -> None:
        """Every worker uses it at once."""
        self.stale = True
        with self._faults.call("put_in_force", AdapterError):
            self.in_force = self._compiler.revision().table.copy()
            self.generations.append(generation)
        self.stale = False

    @property
    def mappings(self) -> dict[str, str]:
        """Public to private, dotted."""
        return {
            str(IPv4Address(mapping.public)): str(IPv4Address(mapping.private))
            for mapping in self.in_force.mappings
        }


class FaultyStore:
    """A store whose appends can fail."""

    def __init__(self, store: MemoryStore | SqliteStore, faults: Faults) -> None:
        """Around `store`."""
        self._store = store
        self._faults = faults

    def append(self, records: Sequence[Record]) -> None:
        """As the store does."""
        with self._faults.call("append", StoreError):
            self._store.append(records)

    def read(self, after: int = 0) -> Iterator[Record]:
        """As the store does; it isn't counted among the calls."""
        if self._faults.broken("read"):
            raise StoreError("read failed")
        return self._store.read(after)
