"""Connections from their arrival until a request's head is there, at next to no cost.

A thread of Python's serves some thousand requests a second, and a stranger opens many thousand
connections. So a connection that says nothing, or says it slowly, is a descriptor in a poll and
nothing else: no protocol, no task and no timer is made for it. What has arrived of a head stays in
the kernel, where a look at it (MSG_PEEK) tells when it is whole.
"""

import asyncio
import errno
import logging
import re
import select
import socket
import struct
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Final

from gateway.app.callers import Callers
from gateway.app.connections import Bounds, Connection, Connections, Stage

# So many in one turn of the loop, some milliseconds: then those who are answered have theirs. More
# are accepted than are let in: the kernel's queue knows no turns, and ours does.
ACCEPTED_AT_ONCE: Final = 64
LET_IN_AT_ONCE: Final = 32
LOOKED_AT_ONCE: Final = 32
ENDED_AT_ONCE: Final = 32
PEEKED_MAX: Final = 16 << 10  # bytes; a longer head is the protocol's to wait for
PAUSE_S: Final = 0.1  # after there was no descriptor for a newcomer
CUT_AT_ONCE: Final = 64
_EVENTS: Final = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
_HEAD_ENDS: Final = re.compile(rb"\n\r?\n")
_FIRST_OF_A_METHOD: Final = 0x21
_EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_CUT_OFF: Final = struct.pack("ii", 1, 0)  # struct linger: to close is to reset

_log = logging.getLogger(__name__)


class Reception:
    """Accepts the connections of one listener, and hands over those that have a head, by turns."""

    def __init__(
        self,
        listener: socket.socket,
        bounds: Bounds,
        hand_over: Callable[[socket.socket, Connection], None],
        *,
        callers: Callers,
        within_s: float,
        encrypted: bool,
    ) -> None:
        """A head must be there within `within_s`; an `encrypted` one can't be seen from here.

        `callers` tells whom a connection is of.
        """
        listener.settimeout(0)
        self.connections = Connections(bounds, self._serve)
        self._listener = listener
        self._hand_over = hand_over
        self._callers = callers
        self._within_s = within_s
        self._encrypted = encrypted
        self._polled: dict[int, Connection] = {}  # by descriptor
        self._poll = select.epoll()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._poll.fileno(), self._look)
        self._loop.add_reader(listener.fileno(), self._accept)
        self._lines: OrderedDict[str, deque[socket.socket]] = OrderedDict()  # by whom, by turns
        self._pause: asyncio.TimerHandle | None = None
        self._letting_in: asyncio.Handle | None = None
        self._ending: asyncio.Handle | None = None

    def close(self) -> None:
        """Accept no more, and end what waits. The listener stays open."""
        for due in (self._pause, self._letting_in, self._ending):
            if due:
                due.cancel()
        for line in self._lines.values():
            for found in line:
                found.close()
        self._loop.remove_reader(self._listener.fileno())
        self._loop.remove_reader(self._poll.fileno())
        for stage in (Stage.READY, Stage.WAITING):
            while connection := self.connections.first(stage):
                self._end(connection)
        self._poll.close()

    def end_late(self) -> None:
        """End the connections that have waited too long; called now and then.

        Some thousand may have come at once: others have their turn in between.
        """
        if self._ending:
            self._ending.cancel()
            self._ending = None
        now = time.monotonic()
        for _ in range(ENDED_AT_ONCE):
            late = next(self._late(now), None)
            if late is None:
                return
            self._end(late)
        self._ending = self._loop.call_soon(self.end_late)

    def _late(self, now: float) -> Iterator[Connection]:
        for stage in (Stage.READY, Stage.WAITING):
            oldest = self.connections.first(stage)
            if oldest and oldest.until <= now:
                yield oldest

    def _accept(self) -> None:
        """Take from the kernel whoever has come, and let some of them in."""
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                found, peer = self._listener.accept()
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._rest(error)
                    break
                continue  # who came is gone already
            found.settimeout(0)
            seen = _peek(found)
            if seen == b"":  # come and gone
                found.close()
                continue
            self._line_up(found, self._callers.who_says(self._callers.of(found, peer), seen or b""))
        if self._letting_in is None:
            self._let_some_in()

    def _line_up(self, found: socket.socket, whom: str) -> None:
        line = self._lines.setdefault(whom, deque())
        line.append(found)
        if len(line) > self.connections.bounds.each.waiting:
            _refuse(line.popleft())

    def _let_some_in(self) -> None:
        """Let in one of each line by turns, until the next turn of the loop."""
        until = time.monotonic() + self._within_s
        for _ in range(LET_IN_AT_ONCE):
            whom = next(iter(self._lines), None)
            if whom is None:
                self._letting_in = None
                return
            line = self._lines[whom]
            found = line.popleft()
            if line:
                self._lines.move_to_end(whom)
            else:
                del self._lines[whom]
            self._let_in(found, whom, until)
        self._letting_in = self._loop.call_soon(self._let_some_in)

    def _let_in(self, found: socket.socket, whom: str, until: float) -> None:
        seen = _peek(found)
        if seen == b"":
            found.close()
            return
        connection = self.connections.arrive(whom)
        if connection is None:
            _refuse(found)
            return
        connection.socket = found
        connection.until = until
        connection.cut = self._cut
        if seen and self._is_enough(seen):
            self._admit(connection, seen)
            return
        self._polled[found.fileno()] = connection
        self._poll.register(found.fileno(), _EVENTS)

    def _rest(self, error: OSError) -> None:
        """Make room, and accept no one for a moment."""
        _log.warning("a connection can't be accepted: %s", error)
        self.connections.cut_waiting(CUT_AT_ONCE)
        longest = max(self._lines.values(), key=len, default=deque())
        for _ in range(min(CUT_AT_ONCE, len(longest) - 1)):
            _refuse(longest.popleft())
        self._loop.remove_reader(self._listener.fileno())
        self._pause = self._loop.call_later(
            PAUSE_S, self._loop.add_reader, self._listener.fileno(), self._accept
        )

    def _look(self) -> None:
        for number, events in self._poll.poll(0, LOOKED_AT_ONCE):
            connection = self._polled.get(number)
            if connection and connection.socket:
                seen = _peek(connection.socket)
                if seen == b"":
                    self._end(connection)
                elif seen and (events & select.EPOLLRDHUP or self._is_enough(seen)):
                    self._forget(connection.socket)
                    self._admit(connection, seen)

    def _admit(self, connection: Connection, seen: bytes) -> None:
        """Let it wait for its turn to be answered, as of whom it says that it is."""
        self.connections.admit(connection, self._callers.who_says(connection.address, seen))

    def _is_enough(self, seen: bytes) -> bool:
        """Whether the protocol can go on: with a whole head, a long one, or none at all."""
        return (
            self._encrypted
            or seen[0] < _FIRST_OF_A_METHOD
            or len(seen) >= PEEKED_MAX
            or _HEAD_ENDS.search(seen) is not None
        )

    def _serve(self) -> None:
        """Hand over as many as may be busy now."""
        while connection := self.connections.next():
            found, connection.socket = connection.socket, None
            assert found is not None, "what is ready has a socket"
            self._hand_over(found, connection)

    def _cut(self, connection: Connection) -> None:
        if connection.socket:
            cut_off(connection.socket)
        self._end(connection)

    def _end(self, connection: Connection) -> None:
        found, connection.socket = connection.socket, None
        connection.move(Stage.GONE)
        if found:
            self._forget(found)
            found.close()

    def _forget(self, found: socket.socket) -> None:
        if self._polled.pop(found.fileno(), None):
            self._poll.unregister(found.fileno())


def _peek(found: socket.socket) -> bytes | None:
    """What has arrived; nothing at its end, None if nothing has arrived yet."""
    try:
        return found.recv(PEEKED_MAX, socket.MSG_PEEK)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _refuse(found: socket.socket) -> None:
    cut_off(found)
    found.close()


def cut_off(connection: socket.socket) -> None:
    """Let nothing of the connection stay in the kernel when it is closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CUT_OFF)
