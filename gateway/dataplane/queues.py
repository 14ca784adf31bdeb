"""What the kernel says of the queues in a namespace: is one served, and what was dropped there."""

from pathlib import Path
from typing import Final, NamedTuple

from gateway.engine.message import FINISHING

# /proc/net is the process's; a thread may be in another namespace.
PROC: Final = Path("/proc/thread-self/net/netfilter/nfnetlink_queue")


class Queue(NamedTuple):
    """One line of /proc/net/netfilter/nfnetlink_queue; a line means that a socket is bound."""

    number: int
    waiting: int
    dropped_full: int  # the queue was full
    dropped_socket: int  # the socket's buffer was full

    @property
    def worker(self) -> int:
        """The number of the worker that serves the queue, or to which it sends packets on."""
        return self.number & ~FINISHING


def queues() -> list[Queue]:
    """The queues that are bound in this thread's namespace."""
    try:
        lines = PROC.read_text().splitlines()
    except FileNotFoundError:
        return []
    return [_queue(line) for line in lines]


def _queue(line: str) -> Queue:
    number, _port, waiting, _mode, _range, full, socket, *_ = map(int, line.split())
    return Queue(number, waiting, full, socket)
