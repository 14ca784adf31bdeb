"""A kernel's side of NFQUEUE, without one: its messages by hand, and how it would read verdicts.

Formats: linux/netlink.h, linux/netfilter/nfnetlink.h and nfnetlink_queue.h. Netlink's numbers are
of the machine's byte order, nfnetlink's of the network's.
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from support.rules import KINDS

from gateway.engine import batch, mailbox
from gateway.engine.rules import Rules, compiled_module
from gateway.engine.worker import Worker
from gateway.exchange.worker_page import WorkerPage

PACKET, VERDICT, ERROR = 0x0300, 0x0301, 2
PACKET_HEADER, VERDICT_HEADER, MARK, PAYLOAD, SKB_INFO = 1, 2, 3, 10, 14
NOT_FINISHED, AGGREGATE = 1, 2
QUEUE: Final = 0x1234
FINISHING: Final = 0x9234  # its finishing queue
ID: Final = 0xA1B2C3D4


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def framed(body: bytes, kind: int = PACKET, queue: int = QUEUE) -> bytes:
    """A netlink message of netfilter's: AF_INET, version 0, the queue's number."""
    head = struct.pack("=IHHII", 20 + len(body), kind, 0, 0, 0) + struct.pack("!BBH", 2, 0, queue)
    return head + body


def message(
    payload: bytes,
    mark: int | None = 1,
    offload: int | None = None,
    queued_id: int = ID,
    others: bytes = b"",
    queue: int = QUEUE,
) -> bytes:
    """A packet, as the kernel queues it: its header comes first and its payload last."""
    body = attribute(PACKET_HEADER, struct.pack("!IHB", queued_id, 0x0800, 2)) + others
    if mark is not None:
        body += attribute(MARK, struct.pack("!I", mark))
    if offload is not None:
        body += attribute(SKB_INFO, struct.pack("!I", offload))
    return framed(body + attribute(PAYLOAD, payload), queue=queue)


class Verdict(NamedTuple):
    """What the kernel reads: which packet, whether it goes on, and as what."""

    queued_id: int
    accepted: bool
    payload: bytes | None
    sent_on: int | None = None  # to this queue
    queue: int = QUEUE


def verdicts(raw: bytes) -> list[Verdict]:
    """Verdicts one after the other, each from a multiple of 4 on; anything else fails."""
    found = []
    while raw:
        length, kind, flags, sequence, port = struct.unpack_from("=IHHII", raw)
        assert (kind, flags, sequence, port) == (VERDICT, 1, 0, 0)
        assert raw[16:18] == b"\0\0"
        (queue,) = struct.unpack_from("!H", raw, 18)
        assert raw[20:24] == struct.pack("=HH", 12, VERDICT_HEADER)
        verdict, queued_id = struct.unpack_from("!II", raw, 24)
        assert verdict in (0, 1) or verdict & 0xFFFF == 3
        sent_on = verdict >> 16 if verdict > 1 else None
        payload = None
        if length > 32:
            size, what = struct.unpack_from("=HH", raw, 32)
            assert (what, 32 + size) == (PAYLOAD, length)
            payload = raw[36:length]
        assert (payload is not None) is (verdict == 1)
        found.append(Verdict(queued_id, verdict == 1, payload, sent_on, queue))
        raw = raw[length + -length % 4 :]
    return found


class Kernel:
    """The other end of a batch loop's socket, and the loop."""

    def __init__(
        self,
        directory: Path,
        loop: Any,
        ends: tuple[socket.socket, socket.socket],
        worker: Worker,
    ) -> None:
        self.directory = directory
        self.loop = loop
        self.ours, self.end = ends
        self.worker = worker

    def stop(self) -> None:
        """No more turns. It looks at the worker's memory, which can't be given back before."""
        self.loop = None

    def turn(self, *messages: bytes) -> list[Verdict]:
        """What a turn of the loop answers to these messages, if all are there when it begins."""
        for one in messages:
            self.end.send(one)
        assert self.loop.turn() == len(messages)
        return verdicts(self.answers())

    def answers(self) -> bytes:
        """What has been answered; a separate message may or may not be filled up to a word."""
        raw = b""
        while True:
            try:
                one = self.end.recv(1 << 22)
            except BlockingIOError:
                return raw
            raw += one + bytes(-len(one) % 4)


class Loop(NamedTuple):
    """The batch loop of one kind, with its mailbox and its rules."""

    rules: Rules
    mailbox: Any
    batch_loop: Any


COMPILED: Final = compiled_module()
LOOPS: Final[dict[str, Loop]] = {
    "interpreted": Loop(KINDS["interpreted"], mailbox.Mailbox, batch.BatchLoop),
    "compiled": Loop(KINDS["compiled"], COMPILED.Mailbox, COMPILED.BatchLoop),
}

with_both_loops = pytest.mark.parametrize("kind", LOOPS)


@contextmanager
def running(directory: Path, kind: str, wait_s: float = 0.05, number: int = 0) -> Iterator[Kernel]:
    """A worker's batch loop; a turn with nothing to do ends after `wait_s`."""
    loop = LOOPS[kind]
    ours, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, end, WorkerPage(directory, number) as page:
        for one in (ours, end):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
        end.setblocking(False)
        # Not a timeout of Python's, which makes the socket one that never waits.
        parts = int(wait_s), int(wait_s % 1 * 1e6)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", *parts))
        with closing(Worker(directory, page, loop.rules)) as worker:
            batches = loop.batch_loop(loop.mailbox(ours.fileno()), worker)
            kernel = Kernel(directory, batches, (ours, end), worker)
            del batches
            try:
                yield kernel
            finally:
                kernel.stop()
