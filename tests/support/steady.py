"""Datagrams that go on all the time, each with its number and the moment it was sent.

What a receiver must not get is known by when a change was acknowledged: a datagram that was sent
after it and arrives all the same was carried by the table before.
"""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from support.labs import Instance, eventually

from gateway.net import namespace

EVERY_S = 0.001
PORT = 9000
SENT = struct.Struct("!Qq")  # number, and when: monotonic, one clock for all namespaces
RECEIVE_BUFFER = 32 << 20
SO_RCVBUFFORCE = 33
LAST_WITHIN_S = 1.0
WITHIN_S = 20.0


class Sender(threading.Thread):
    """Datagrams to some addresses, one to each at a time, until it is told to end."""

    def __init__(self, host: str, addresses: list[str]) -> None:
        super().__init__(daemon=True)
        with namespace.inside(host):
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._addresses = addresses
        self._ended = threading.Event()
        self.count = 0

    def run(self) -> None:
        while not self._ended.wait(EVERY_S):
            for address in self._addresses:
                stamped = SENT.pack(self.count, time.monotonic_ns())
                self._socket.sendto(stamped, (address, PORT))
            self.count += 1

    def wait_for(self, more: int) -> None:
        """Wait until so many more were sent to each address."""
        enough = self.count + more
        eventually(lambda: self.count > enough)

    def end(self) -> None:
        self._ended.set()
        self.join(timeout=5)
        self._socket.close()


@contextmanager
def sending(host: str, *addresses: str) -> Iterator[Sender]:
    """Send from the host while the block lasts."""
    sender = Sender(host, list(addresses))
    sender.start()
    try:
        yield sender
    finally:
        sender.end()


@contextmanager
def receiver(instance: Instance) -> Iterator[socket.socket]:
    with namespace.inside(instance.namespace):
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with found:
        found.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        found.bind(("", PORT))
        yield found


def received(found: socket.socket) -> list[tuple[int, int]]:
    """Everything that has come: numbers and times."""
    packets = []
    found.settimeout(LAST_WITHIN_S)
    while True:
        try:
            packets.append(SENT.unpack(found.recv(64)))
        except TimeoutError:
            return packets


def until_one_sent_after(moment: int, found: socket.socket) -> list[int]:
    """When the datagrams were sent that come, until one comes that was sent after the moment."""
    found.settimeout(WITHIN_S)
    times = [0]
    while times[-1] <= moment:
        times.append(SENT.unpack(found.recv(64))[1])
    return times[1:]
