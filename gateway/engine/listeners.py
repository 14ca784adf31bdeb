"""What a worker tells of each packet while there is a listener.

A listener binds a datagram socket `trace-….sock` in the directory that the workers share, and wakes
them. While there is none, a packet costs one look at an empty list. A listener that is too slow
misses packets, never holds one up; the next record says how many it missed.

A record, little-endian::

    at f64 | generation u64 | missed u32 | direction u8 | reason u8 | sender i32 | receiver i32
    length u32 of the packet before | the packet before | the packet after, none if dropped
"""

import socket
import struct
from pathlib import Path
from typing import Final, NamedTuple

from gateway.exchange.watching import PATTERN
from gateway.nat.outcome import Direction, Outcome
from gateway.nat.reasons import Reason

AT_MAX: Final = 1e11  # Unix seconds: some thousand years
_REASONS: Final = {int(reason): reason for reason in Reason}
_HEAD: Final = struct.Struct("<dQIBBiiI")


class TraceRecord(NamedTuple):
    """One packet: as it came, as it went, and why. `at` is in Unix seconds."""

    at: float
    generation: int
    missed: int
    direction: Direction
    outcome: Outcome
    before: bytes
    after: bytes

    def encode(self) -> bytes:
        """The record as the bytes of a datagram."""
        head = _HEAD.pack(
            self.at,
            self.generation,
            self.missed,
            self.direction,
            self.outcome.reason,
            self.outcome.sender,
            self.outcome.receiver,
            len(self.before),
        )
        return head + self.before + self.after


def decode(raw: bytes) -> TraceRecord:
    """The record that is in a datagram that `encode` made. Raises `ValueError` if there is none."""
    if len(raw) < _HEAD.size:
        raise ValueError("no record: it is too short")
    at, generation, missed, direction, reason, sender, receiver, length = _HEAD.unpack_from(raw)
    body = raw[_HEAD.size :]
    if not 0 <= at < AT_MAX or reason not in _REASONS or length > len(body):
        raise ValueError("no record: nothing of the kind can have happened")
    outcome = Outcome(_REASONS[reason], sender, receiver)
    return TraceRecord(
        at, generation, missed, Direction(direction), outcome, body[:length], body[length:]
    )


class Listeners:
    """The sockets that a worker tells of its packets."""

    def __init__(self, directory: Path) -> None:
        """Begin without a listener: `look` finds those there are."""
        self._directory = directory
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._missed: dict[str, int] = {}

    def __bool__(self) -> bool:
        """Whether there is a listener that wants to be told of packets."""
        return bool(self._missed)

    def close(self) -> None:
        """Close the socket that listeners are told by."""
        self._socket.close()

    def look(self) -> None:
        """Find the listeners that there are now in the directory."""
        # Not by glob: a signal's handler may raise here, and would leave its scan open.
        there = (str(path) for path in self._directory.iterdir() if path.match(PATTERN))
        self._missed = {path: self._missed.get(path, 0) for path in there}

    def tell(self, record: TraceRecord) -> None:
        """Send the record to each listener that can take it; drop those that are gone."""
        for path, missed in list(self._missed.items()):
            try:
                self._socket.sendto(record._replace(missed=missed).encode(), path)
            except BlockingIOError:
                self._missed[path] = missed + 1
            except OSError:
                del self._missed[path]
            else:
                self._missed[path] = 0
