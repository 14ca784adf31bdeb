"""The loop that is easy to read: NFQUEUE through the NetfilterQueue package, packet by packet.

The package reads each message of the kernel into 4,096 bytes, and loses one that doesn't fit: its
packet then waits in the queue for ever. So we ask for at most `COPY_RANGE` bytes of a packet. A
longer one has a total length above what was copied, and `translate` drops it as truncated: keep the
MTU of the gateway's links below that. The kernel segments aggregates and completes checksums before
it queues to this engine, because it doesn't ask for GSO.
"""

import select
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from netfilterqueue import NetfilterQueue

from gateway.engine.gate import Gate
from gateway.engine.worker import Worker

QUEUE_LENGTH: Final = 4096  # packets; the default of 1,024 is a few ms of a burst
COPY_RANGE: Final = 3840  # bytes; what is left of 4,096 holds every attribute the kernel may add
SOCKET_BUFFER: Final = 32 << 20  # bytes
IDLE_LOOK_S: Final = 0.25  # bounds how late a table is seen if a wake-up was lost

SOL_NETLINK: Final = 270
NETLINK_NO_ENOBUFS: Final = 5


@contextmanager
def bound(worker: Worker, queue_number: int) -> Iterator[Callable[[], None]]:
    """Bind the queue in this thread's namespace; the function that is given carries its packets.

    It does so until a signal's handler raises; any other signal is a wake-up. Raises `OSError` if
    the queue can't be bound.
    """

    gate = worker.rules.gate(worker)
    queue = NetfilterQueue()
    queue.bind(
        queue_number,
        gate,
        max_len=QUEUE_LENGTH,
        range=COPY_RANGE,
        sock_len=SOCKET_BUFFER,
    )
    try:
        _report_no_overruns(queue.get_fd())
        with _signals() as woken:
            yield lambda: _carry(queue, gate, woken)
    finally:
        queue.unbind()


def _carry(queue: NetfilterQueue, gate: Gate, woken: socket.socket) -> None:
    poll = select.poll()
    poll.register(queue.get_fd(), select.POLLIN)
    poll.register(woken, select.POLLIN)
    ready = [(woken.fileno(), select.POLLIN)]
    while True:
        gate.beat()
        if not ready or woken.fileno() in dict(ready):
            _drain(woken)
            gate.look()
        queue.run(block=False)
        ready = poll.poll(IDLE_LOOK_S * 1000)


@contextmanager
def _signals() -> Iterator[socket.socket]:
    """A socket that becomes readable when a signal has come: `poll` alone sleeps on after one."""
    woken, waker = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with woken, waker:
        for end in (woken, waker):
            end.settimeout(0)
        before = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        try:
            yield woken
        finally:
            signal.set_wakeup_fd(before)


def _report_no_overruns(queue_fd: int) -> None:
    """Keep a full socket buffer from ending the loop with ENOBUFS; the kernel counts it anyway."""
    with socket.fromfd(queue_fd, socket.AF_NETLINK, socket.SOCK_RAW) as view:
        view.setsockopt(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1)


def _drain(woken: socket.socket) -> None:
    """Empty the socket: many wake-ups mean the same as one, to look at the generation."""
    try:
        while woken.recv(16):
            pass
    except BlockingIOError:
        pass
