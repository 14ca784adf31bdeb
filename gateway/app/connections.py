"""Who has how many connections to a server of ours, who is next, and who has to go.

An *address* is whom a connection is of, as far as that is known: the address of its other end, or
what `gateway.app.callers` finds out.

A connection is *waiting* until the head of its first request is there, and *ready* then. It is
*busy* while a whole request is answered, else *idle*: between two requests, or in the middle of a
body.

Each address has a share, and all together have a bound. When a newcomer is one too many the oldest
one that waits goes, and of those that are idle the one that has been so the longest; what is ready
or busy never goes. Addresses take turns: of each the oldest one that is ready is next. So an
address that takes all it can get harms itself; and one that many programs share serves each that
says at once what it wants.
"""

import socket
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Share:
    """How many connections may be waiting or ready, idle, and busy."""

    waiting: int
    idle: int
    busy: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many connections each address may have, and all together."""

    each: Share
    together: Share

    @property
    def descriptors(self) -> int:
        """About as many descriptors as connections within these bounds take."""
        return self.together.waiting + self.together.idle + self.together.busy

    def within(self, descriptors: int) -> "Bounds":
        """These bounds, or smaller ones where there are fewer descriptors."""
        missing = max(self.descriptors - descriptors, 0)
        waiting = max(self.together.waiting - missing, self.together.busy)
        # Nobody may have all: what is ready to be served makes no room for a newcomer.
        most = min(self.each.waiting, waiting * 3 // 4)
        return Bounds(
            replace(self.each, waiting=most) if missing else self.each,
            replace(self.together, waiting=waiting),
        )


class Stage(Enum):
    """How far a connection has come since it was accepted."""

    WAITING = auto()
    READY = auto()
    IDLE = auto()
    BUSY = auto()
    GONE = auto()


class Connection:
    """One connection, as it is counted until it is gone."""

    __slots__ = ("_all", "address", "cut", "socket", "stage", "until")

    def __init__(self, connections: "Connections", address: str) -> None:
        """`address` is of its other end, empty if that has none."""
        self._all = connections
        self.address = address
        self.cut: Callable[[Connection], object] = _nothing  # ends the connection at once
        self.stage = Stage.WAITING
        # As long as it waits. There may be tens of thousands, so nothing else is kept of each.
        self.socket: socket.socket | None = None
        self.until = 0.0

    def move(self, stage: Stage) -> None:
        """Say how far it has come; one that is gone stays so."""
        self._all.move(self, stage)


def _nothing(_one: Connection) -> None:
    pass


def _no_one() -> None:
    pass


class _Group:
    """Connections of one address, or of all: in each stage the first one has been there longest."""

    __slots__ = ("address", "at")

    def __init__(self, address: str = "") -> None:
        self.address = address
        self.at: dict[Stage, OrderedDict[Connection, None]] = {
            stage: OrderedDict() for stage in Stage if stage is not Stage.GONE
        }

    def count(self, *stages: Stage) -> int:
        return sum(len(self.at[stage]) for stage in stages)

    def in_line(self) -> int:
        """How many are waiting or ready: asked for each newcomer, so without a loop."""
        return len(self.at[Stage.WAITING]) + len(self.at[Stage.READY])

    def first(self, stage: Stage) -> Connection | None:
        return next(iter(self.at[stage]), None)


class Connections:
    """All connections to one server, by address and by stage."""

    def __init__(self, bounds: Bounds, next_please: Callable[[], None] = _no_one) -> None:
        """`next_please` is called when there may be room for another busy one."""
        self.bounds = bounds
        self.next_please = next_please
        self._all = _Group()
        self._groups: dict[str, _Group] = {}  # by address
        self._turns: OrderedDict[str, None] = OrderedDict()  # addresses with something ready

    def arrive(self, address: str) -> Connection | None:
        """Count a newcomer as waiting, perhaps in an older one's place; None if there is none."""
        group = self._groups.get(address)
        address = group.address if group else address  # one text for all of them
        for some, share in ((group, self.bounds.each), (self._all, self.bounds.together)):
            if some and some.in_line() >= share.waiting:
                oldest = some.first(Stage.WAITING)
                if oldest is None:
                    return None
                self._cut(oldest)
        one = Connection(self, address)
        if group is None or address not in self._groups:  # the last of them may have been cut
            group = self._groups[address] = _Group(address)
        group.at[Stage.WAITING][one] = None
        self._all.at[Stage.WAITING][one] = None
        return one

    def admit(self, one: Connection, address: str) -> None:
        """Let one that waits be ready, of `address` from now on; it goes if that has too many."""
        before = self._groups[one.address]
        after = self._groups.get(address) or _Group(address)
        if after is not before:
            if after.in_line() >= self.bounds.each.waiting:
                self._cut(one)
                return
            self._groups[after.address] = after
            after.at[one.stage][one] = before.at[one.stage].pop(one)
            one.address = after.address
            self._keep_turn(before.address, before)
        self.move(one, Stage.READY)

    def next(self) -> Connection | None:
        """Make a ready connection busy, of the address whose turn it is; None if none may be."""
        if self._all.count(Stage.BUSY) >= self.bounds.together.busy:
            return None
        most = self.bounds.each.busy
        may = (one for one in self._turns if self._groups[one].count(Stage.BUSY) < most)
        address = next(may, None)
        if address is None:
            return None
        self._turns.move_to_end(address)
        one = self._groups[address].first(Stage.READY)
        assert one is not None, "an address has its turn as long as it has something ready"
        self.move(one, Stage.BUSY)
        return one

    def move(self, one: Connection, stage: Stage) -> None:
        """Count a connection elsewhere; one too many that is idle makes the longest idle one go."""
        before = one.stage
        if before in (stage, Stage.GONE):
            return
        group = self._groups[one.address]
        for some in (group, self._all):
            del some.at[before][one]
            if stage is not Stage.GONE:
                some.at[stage][one] = None
        one.stage = stage
        self._keep_turn(one.address, group)
        if stage is Stage.IDLE:
            self._bound_idle(group)
        if before is Stage.BUSY or stage is Stage.READY:
            self.next_please()

    def first(self, stage: Stage) -> Connection | None:
        """The connection of all that has been in this stage the longest; None if none is."""
        return self._all.first(stage)

    def addresses(self) -> list[str]:
        """The addresses that have a connection of any stage now."""
        return list(self._groups)

    def count(self, *stages: Stage, address: str | None = None) -> int:
        """How many connections are in these stages: of an address, or of all."""
        group = self._all if address is None else self._groups.get(address, _Group())
        return group.count(*stages)

    def cut_all(self, address: str) -> None:
        """Cut every connection of an address, also those that are being answered."""
        group = self._groups.get(address, _Group())
        self._cut_each([one for stage in group.at.values() for one in stage])

    def cut_waiting(self, most: int) -> None:
        """Cut so many of those that have waited the longest."""
        waiting = self._all.at[Stage.WAITING]
        self._cut_each([one for one, _ in zip(waiting, range(most), strict=False)])

    def _keep_turn(self, address: str, group: _Group) -> None:
        if group.at[Stage.READY]:
            self._turns.setdefault(address, None)
        else:
            self._turns.pop(address, None)
        if not group.count(*group.at):
            self._groups.pop(address, None)

    def _bound_idle(self, group: _Group) -> None:
        for some, share in ((group, self.bounds.each), (self._all, self.bounds.together)):
            longest = some.first(Stage.IDLE)
            if longest and some.count(Stage.IDLE) > share.idle:
                self._cut(longest)

    def _cut_each(self, some: Iterable[Connection]) -> None:
        for one in some:
            self._cut(one)

    def _cut(self, one: Connection) -> None:
        self.move(one, Stage.GONE)
        one.cut(one)
