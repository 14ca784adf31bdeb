"""What is said to the kernel when a queue is opened, byte by byte; the lab has a real one."""

import errno
import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest

from gateway.engine import queue_socket
from gateway.engine.queue_socket import open_queue

HEADER = struct.Struct("=IHHII")
# netlink's header without its length, nfgenmsg with queue 0x0102, attributes
BIND = b"\x02\x03\x05\0\x01\0\0\0\0\0\0\0\0\0\x01\x02\x08\0\x01\0\x01\0\0\x02"
FLAGS = (
    b"\x02\x03\x05\0\x05\0\0\0\0\0\0\0" b"\0\0\x01\x02"
    b"\x08\0\x05\0\0\0\0\x04" b"\x08\0\x04\0\0\0\0\x04"
)  # fmt: skip
LENGTH = b"\x02\x03\x05\0\x03\0\0\0\0\0\0\0\0\0\x01\x02\x08\0\x03\0" + struct.pack(
    "!I", queue_socket.QUEUE_LENGTH
)
PARAMETERS = (
    b"\x02\x03\x01\0\x02\0\0\0\0\0\0\0" b"\0\0\x01\x02"
    b"\x0c\0\x02\0\0\0\xff\xfb\x02\0\0\0"
)  # fmt: skip


def of_finishing_queue(body: bytes) -> bytes:
    return body.replace(b"\x01\x02", b"\x81\x02", 1)


Answer = Callable[[int], list[bytes]]


def acknowledgement(sequence: int, error: int = 0) -> bytes:
    """NLMSG_ERROR, which quotes the header of what it is about."""
    return HEADER.pack(36, 2, 0, sequence, 0) + struct.pack("=i", -error) + bytes(16)


class FakeSocket:
    """A netlink socket that keeps what it is told, and answers as it was made to."""

    answers: Answer
    opened: "list[FakeSocket]"

    def __init__(self, family: int, kind: int, protocol: int) -> None:
        self.made = (family, kind, protocol)
        self.bound: object = None
        self.options: dict[tuple[int, int], int] = {}
        self.timeouts: list[float | None] = []
        self.sent: list[bytes] = []
        self.pending: list[bytes] = []
        self.closed = False
        self.opened.append(self)

    def bind(self, address: object) -> None:
        self.bound = address

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self.options[level, option] = value

    def settimeout(self, seconds: float | None) -> None:
        self.timeouts.append(seconds)

    def send(self, raw: bytes) -> None:
        assert self.timeouts[-1], "it waits for the kernel's answer, and not for ever"
        self.sent.append(raw)
        self.pending += type(self).answers(HEADER.unpack_from(raw)[3])

    def recv(self, size: int) -> bytes:
        if not self.pending:
            raise TimeoutError("timed out")
        return self.pending.pop(0)[:size]

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> type[FakeSocket]:
    class Kernel(FakeSocket):
        answers = staticmethod(lambda sequence: [acknowledgement(sequence)])
        opened: list[FakeSocket] = []  # noqa: RUF012  each test's own

    monkeypatch.setattr(socket, "socket", Kernel)
    return Kernel


def test_a_queue_is_bound_for_whole_packets_and_uncut_aggregates(
    kernel: type[FakeSocket],
) -> None:
    queue: Any = open_queue(0x0102)
    assert kernel.opened == [queue]
    assert queue.made == (socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 12)
    assert queue.bound == (0, 0)
    finishing = [of_finishing_queue(body) for body in (BIND, LENGTH, PARAMETERS)]
    finishing[-1] = finishing[-1].replace(b"\x03\x01\0", b"\x03\x05\0", 1)  # acknowledged
    bodies = [*finishing, BIND, FLAGS, LENGTH, PARAMETERS]
    assert queue.sent == [struct.pack("=I", 4 + len(body)) + body for body in bodies]
    assert not queue.closed


def test_it_is_ready_to_wait_for_packets_and_to_look_around_without_any(
    kernel: type[FakeSocket],
) -> None:
    queue: Any = open_queue(7)
    assert queue.timeouts == [queue_socket.ANSWER_WITHIN_S, None]
    so_sndbufforce, so_rcvbufforce, no_enobufs = (1, 32), (1, 33), (270, 5)
    so_rcvtimeo = (1, socket.SO_RCVTIMEO)
    assert queue.options == {
        so_rcvbufforce: queue_socket.RECEIVE_BUFFER,
        so_sndbufforce: queue_socket.SEND_BUFFER,
        no_enobufs: 1,
        so_rcvtimeo: struct.pack("@ll", 0, 250_000),
    }


def test_the_longest_copy_is_the_longest_that_an_attribute_can_hold() -> None:
    assert queue_socket.COPY_RANGE == 0xFFFF - 4


@pytest.mark.parametrize(
    ("step", "code"),
    [
        pytest.param(1, errno.EPERM, id="bind-without-the-capability"),
        pytest.param(1, errno.EBUSY, id="bound-by-another"),
        pytest.param(5, errno.EOPNOTSUPP, id="kernel-without-aggregates"),
        pytest.param(3, errno.EINVAL, id="length"),
    ],
)
def test_what_the_kernel_refuses_is_an_error_that_leaves_nothing_open(
    kernel: type[FakeSocket], step: int, code: int
) -> None:
    kernel.answers = staticmethod(lambda n: [acknowledgement(n, code if n == step else 0)])
    with pytest.raises(OSError, match=r"queue (7|32775): ") as refused:
        open_queue(7)
    assert refused.value.errno == code
    (queue,) = kernel.opened
    assert queue.closed
    assert HEADER.unpack_from(queue.sent[-1])[3] == step, "nothing more is asked for"


def test_a_kernel_that_doesnt_answer_is_an_error_that_leaves_nothing_open(
    kernel: type[FakeSocket],
) -> None:
    kernel.answers = staticmethod(lambda _: [])
    with pytest.raises(TimeoutError):
        open_queue(7)
    assert [queue.closed for queue in kernel.opened] == [True]


def test_nothing_is_read_once_packets_can_come(kernel: type[FakeSocket]) -> None:
    """It might be a packet, which nobody would then give a verdict on."""
    packet = HEADER.pack(20, 0x0300, 0, 0, 0) + b"\2\0\0\7"
    asked = []

    def answer(sequence: int) -> list[bytes]:
        asked.append(sequence)
        return [packet] if len(asked) == 7 else [acknowledgement(sequence)]

    kernel.answers = staticmethod(answer)
    queue: Any = open_queue(7)
    assert len(queue.sent) == 7
    assert queue.pending == [packet]
