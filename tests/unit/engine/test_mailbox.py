"""The interpreted mailbox over a socket pair; `test_batch.py` has the compiled one, in its loop."""

import gc
import signal
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from gateway.engine.mailbox import MESSAGE_BYTES, MESSAGES, Mailbox


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Ours, which waits for 50 ms, and the other."""
    ours, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, other:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 50_000))
        other.setblocking(False)
        yield ours, other


Ends = tuple[socket.socket, socket.socket]


def read(mailbox: Mailbox, number: int) -> bytes:
    return bytes(mailbox.message(number)[: mailbox.size(number)])


def test_what_has_come_is_received_in_order(ends: Ends) -> None:
    mailbox = Mailbox(ends[0].fileno())
    for one in (b"first", b"2", b"the third"):
        ends[1].send(one)
    assert mailbox.receive() == 3
    assert [read(mailbox, number) for number in range(3)] == [b"first", b"2", b"the third"]


def test_to_wait_in_vain_gives_nothing(ends: Ends) -> None:
    mailbox = Mailbox(ends[0].fileno())
    assert mailbox.receive() == 0
    ends[1].send(b"now")
    assert (mailbox.receive(), read(mailbox, 0)) == (1, b"now")
    assert mailbox.receive() == 0


def test_it_waits_for_the_first_message_and_for_no_other(ends: Ends) -> None:
    ends[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 30, 0))
    mailbox = Mailbox(ends[0].fileno())
    timer = threading.Timer(0.05, ends[1].send, (b"late",))
    timer.start()
    assert (mailbox.receive(), read(mailbox, 0)) == (1, b"late")
    timer.join()


def test_a_mailbox_has_room_for_so_many(ends: Ends) -> None:
    mailbox = Mailbox(ends[0].fileno())
    for number in range(MESSAGES + 2):
        ends[1].send(b"%d" % number)
    assert mailbox.receive() == MESSAGES
    assert read(mailbox, MESSAGES - 1) == b"%d" % (MESSAGES - 1)
    assert mailbox.receive() == 2
    assert [read(mailbox, number) for number in range(2)] == [b"64", b"65"]


@pytest.mark.parametrize("size", [MESSAGE_BYTES - 1, MESSAGE_BYTES, MESSAGE_BYTES + 1])
def test_the_longest_message_there_is_room_for(ends: Ends, size: int) -> None:
    mailbox = Mailbox(ends[0].fileno())
    raw = (bytes(range(256)) * 261)[:size]
    ends[1].send(raw)
    ends[1].send(b"next")
    assert mailbox.receive() == 2
    assert read(mailbox, 0) == raw[:MESSAGE_BYTES]
    assert read(mailbox, 1) == b"next"


def test_answers_are_parts_of_the_messages_and_sent_once(ends: Ends) -> None:
    mailbox = Mailbox(ends[0].fileno())
    for one in (b"question", b"another one"):
        ends[1].send(one)
    assert mailbox.receive() == 2
    mailbox.message(1)[8] = 0x21
    mailbox.answer(1, 8, 3)
    mailbox.answer(0, 0, 5)
    with pytest.raises(BlockingIOError):
        ends[1].recv(100)
    mailbox.send()
    assert [ends[1].recv(100) for _ in range(2)] == [b"!ne", b"quest"]
    mailbox.send()
    with pytest.raises(BlockingIOError):
        ends[1].recv(100)


def test_answers_nobody_sent_are_forgotten_with_their_messages(ends: Ends) -> None:
    mailbox = Mailbox(ends[0].fileno())
    ends[1].send(b"question")
    mailbox.receive()
    mailbox.answer(0, 0, 8)
    mailbox.receive()
    mailbox.send()
    with pytest.raises(BlockingIOError):
        ends[1].recv(100)


def test_a_socket_that_fails_is_an_error(ends: Ends) -> None:
    mailbox = Mailbox(ends[0].fileno())
    ends[1].send(b"question")
    mailbox.receive()
    mailbox.answer(0, 0, 8)
    ends[1].close()
    with pytest.raises(BrokenPipeError):
        mailbox.send()


def test_the_socket_stays_its_owners(ends: Ends) -> None:
    mailbox = Mailbox(ends[0].fileno())
    assert mailbox.receive() == 0
    del mailbox
    gc.collect()
    ends[1].send(b"still there")
    assert ends[0].recv(100) == b"still there"


def test_a_handler_that_raises_ends_the_wait(ends: Ends) -> None:
    ends[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 30, 0))
    mailbox = Mailbox(ends[0].fileno())

    def end(*_: object) -> None:
        raise InterruptedError("ended")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(InterruptedError, match="ended"):
            mailbox.receive()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
