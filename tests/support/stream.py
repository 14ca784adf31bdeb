"""Streams from the internet to an instance: of numbered datagrams, and of bytes over TCP.

`stream.py send ADDRESS RATE` sends datagrams until its input has ended and half a second's worth is
sent, and prints how many. What a busy machine keeps it from sending in time is not sent later: a
burst would fill a queue, which is not what its tests are about.
`stream.py receive` prints a line when it listens and one when the first has come; when its input
has ended and nothing comes any more it prints how many came, how many of them again, and the
longest time without one, in seconds.

`stream.py pour ADDRESS` and `stream.py drink` do the same over TCP: each prints how many bytes went
by, and a checksum of them.
"""

import json
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from zlib import crc32

PORT = 9100
NUMBER = struct.Struct("!Q")
TICK_S = 0.0005
BURST_S = 0.02  # how late a datagram may be
SILENT_S = 0.5
SO_RCVBUFFORCE = 33
BUFFER = 64 << 20
BLOCK = 1 << 15
POUR_TICK_S = 0.01  # 26 Mbps
READY = "ready"
WITHIN_S = 30


@dataclass
class Stream:
    """What became of a stream; known when its block has ended."""

    sent: int = 0
    received: int = 0
    again: int = 0
    gap_s: float = 0.0

    @property
    def lost(self) -> int:
        return self.sent - (self.received - self.again)


@contextmanager
def streaming(sender: str, receiver: str, address: str, *, rate: int) -> Iterator[Stream]:
    """Send to the address from one namespace to another, `rate` datagrams a second, in the block.

    Fails if nothing comes through before the block.
    """
    stream = Stream()
    with _part(receiver, "receive") as listening:
        assert listening.stdout is not None
        assert listening.stdout.readline().strip() == READY
        with _part(sender, "send", address, str(rate)) as sending:
            assert listening.stdout.readline().strip() == READY, "nothing comes"
            yield stream
            output, _ = sending.communicate(timeout=WITHIN_S)
            stream.sent = int(output)
        output, _ = listening.communicate(timeout=WITHIN_S)
    stream.received, stream.again, stream.gap_s = json.loads(output)


@contextmanager
def pouring(sender: str, receiver: str, address: str) -> Iterator[None]:
    """A TCP connection that carries bytes for as long as the block lasts. Fails unless all come."""
    with _part(receiver, "drink") as drinking:
        assert drinking.stdout is not None
        assert drinking.stdout.readline().strip() == READY
        with _part(sender, "pour", address) as pour:
            assert drinking.stdout.readline().strip() == READY, "nothing comes"
            yield
            poured, _ = pour.communicate(timeout=WITHIN_S)
        drunk, _ = drinking.communicate(timeout=WITHIN_S)
    assert poured == drunk != ""


@contextmanager
def _part(host: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        ["ip", "netns", "exec", host, sys.executable, __file__, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _input_ended() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


def send(address: str, rate: str) -> None:
    burst = int(int(rate) * BURST_S)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.connect((address, PORT))
        before, sent, owed = time.monotonic(), 0, 0.0
        while not _input_ended() or sent < int(rate) // 2:
            now = time.monotonic()
            owed = min(owed + (now - before) * int(rate), burst)
            before = now
            for number in range(sent, sent + int(owed)):
                link.send(NUMBER.pack(number))
            sent, owed = sent + int(owed), owed % 1
            time.sleep(TICK_S)
    print(sent)


def receive() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        link.bind(("", PORT))
        print(READY, flush=True)
        link.settimeout(SILENT_S)
        seen: set[int] = set()
        came, gap, last = 0, 0.0, 0.0
        while True:
            try:
                datagram = link.recv(64)
            except TimeoutError:
                if _input_ended():
                    break
                continue
            now = time.monotonic()
            if came == 0:
                print(READY, flush=True)
            else:
                gap = max(gap, now - last)
            last = now
            came += 1
            seen.add(NUMBER.unpack(datagram)[0])
    print(json.dumps([came, came - len(seen), gap]), flush=True)


def pour(address: str) -> None:
    size, checksum = 0, 0
    with socket.create_connection((address, PORT), timeout=WITHIN_S) as link:
        while not _input_ended():
            block = NUMBER.pack(size) * (BLOCK // NUMBER.size)
            link.sendall(block)
            size, checksum = size + len(block), crc32(block, checksum)
            time.sleep(POUR_TICK_S)
    print(size, checksum)


def drink() -> None:
    size, checksum = 0, 0
    with socket.create_server(("", PORT)) as server:
        print(READY, flush=True)
        server.settimeout(WITHIN_S)
        link, _ = server.accept()
        print(READY, flush=True)
        with link:
            while data := link.recv(BLOCK):
                size, checksum = size + len(data), crc32(data, checksum)
    print(size, checksum)


PARTS: dict[str, Callable[..., None]] = {
    "send": send,
    "receive": receive,
    "pour": pour,
    "drink": drink,
}

if __name__ == "__main__":
    PARTS[sys.argv[1]](*sys.argv[2:])
