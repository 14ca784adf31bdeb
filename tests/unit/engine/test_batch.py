"""The batch loop over a socket pair, interpreted and compiled: turns, tables, signals, watchers."""

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw
from support.queue import (
    ERROR,
    FINISHING,
    LOOPS,
    Kernel,
    Verdict,
    attribute,
    framed,
    message,
    running,
    verdicts,
    with_both_loops,
)
from support.tables import file_of

from gateway.engine.listeners import decode
from gateway.engine.mailbox import MESSAGES
from gateway.exchange import generations
from gateway.exchange.worker_page import Traffic, counts, heartbeat
from gateway.nat.outcome import Direction, Outcome
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, Table, build

CLIENT, PUBLIC, FIRST, SECOND = "198.51.100.10", "203.0.113.9", "10.0.0.2", "10.0.0.3"
TO_FIRST, TO_SECOND = Mapping(0xCB007109, 0x0A000002, 1), Mapping(0xCB007109, 0x0A000003, 1)

READ = """
import os, select, sys
end, left = map(int, sys.argv[1:])
poll = select.poll()
poll.register(end, select.POLLIN)
raw = b""
while len(raw) < left and poll.poll(20_000):
    raw += os.read(end, 1 << 22)
sys.stdout.buffer.write(raw)
"""


def wire(destination: str, size: int = 4) -> bytes:
    datagram = UDP(sport=1, dport=2) / Raw(bytes(size))
    return bytes(IP(src=CLIENT, dst=destination) / datagram)


def table(generation: int, *mappings: Mapping, slots: int = 4) -> Table:
    return build(generation, slots, mappings)


@pytest.fixture(params=LOOPS)
def kernel(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Kernel]:
    generations.publish(tmp_path, table(1, TO_FIRST))
    with running(tmp_path, request.param) as opened:
        yield opened


@pytest.fixture(params=LOOPS)
def patient(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Kernel]:
    """One that waits for long."""
    generations.publish(tmp_path, table(1, TO_FIRST))
    with running(tmp_path, request.param, wait_s=30) as opened:
        yield opened


def test_several_messages_are_answered_in_one_turn_and_in_order(
    tmp_path: Path, kernel: Kernel
) -> None:
    destinations = [PUBLIC, "203.0.113.77", PUBLIC, PUBLIC]
    queued = [message(wire(to, n), 1, queued_id=n) for n, to in enumerate(destinations)]
    assert kernel.turn(*queued) == [
        Verdict(0, True, wire(FIRST, 0)),
        Verdict(1, False, None),
        Verdict(2, True, wire(FIRST, 2)),
        Verdict(3, True, wire(FIRST, 3)),
    ]
    assert counts(tmp_path).slots == {1: Traffic(3, 28 + 30 + 31, 0, 0)}


@pytest.mark.parametrize("length", range(28, 40))
def test_a_packet_of_any_length_is_followed_by_the_next(kernel: Kernel, length: int) -> None:
    sizes = [length - 28, 0, length - 28]
    queued = [message(wire(PUBLIC, size), queued_id=n) for n, size in enumerate(sizes)]
    expected = [Verdict(n, True, wire(FIRST, size)) for n, size in enumerate(sizes)]
    assert kernel.turn(*queued) == expected


def test_what_doesnt_fit_one_turn_waits_for_the_next(kernel: Kernel) -> None:
    for number in range(MESSAGES + 3):
        kernel.end.send(message(wire(PUBLIC), queued_id=number))
    assert kernel.loop.turn() == MESSAGES
    assert [v.queued_id for v in verdicts(kernel.answers())] == list(range(MESSAGES))
    assert kernel.loop.turn() == 3
    assert [v.queued_id for v in verdicts(kernel.answers())] == [64, 65, 66]


def test_a_mailbox_of_the_longest_packets_is_answered_whole(kernel: Kernel) -> None:
    """4 MB: more than the compiled mailbox sends at once."""
    size = 65_531 - 28
    found = kernel.turn(*(message(wire(PUBLIC, size), queued_id=n) for n in range(MESSAGES)))
    assert found == [Verdict(n, True, wire(FIRST, size)) for n in range(MESSAGES)]


def test_answers_that_are_too_long_together_are_sent_one_by_one(tmp_path: Path) -> None:
    """A socket that takes fewer bytes at once than the answers have together (EMSGSIZE)."""
    generations.publish(tmp_path, table(1, TO_FIRST))
    count, size = 20, 36 + 9028
    with running(tmp_path, "compiled") as kernel:
        kernel.ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 15)
        for number in range(count):
            kernel.end.send(message(wire(PUBLIC, 9000), queued_id=number))
        # Another process reads meanwhile: the loop is not to be waited for in this one.
        end = kernel.end.fileno()
        command = [sys.executable, "-c", READ, str(end), str(count * size)]
        with subprocess.Popen(command, pass_fds=[end], stdout=subprocess.PIPE) as reader:
            assert kernel.loop.turn() == count
            raw, _ = reader.communicate(timeout=30)
    assert verdicts(raw) == [Verdict(n, True, wire(FIRST, 9000)) for n in range(count)]


def test_messages_that_are_no_packets_are_skipped(tmp_path: Path, kernel: Kernel) -> None:
    late = struct.pack("=IHHII", 36, ERROR, 0, 0, 0) + struct.pack("=i", -2) + bytes(16)
    others = [late, b"\0", bytes(20), framed(b""), framed(attribute(10, b"x"))]
    good = message(wire(PUBLIC), queued_id=5)
    found = kernel.turn(late, good, *others, message(wire(PUBLIC), queued_id=6))
    assert found == [Verdict(5, True, wire(FIRST)), Verdict(6, True, wire(FIRST))]
    assert sum(counts(tmp_path).reasons.values()) == 2
    assert kernel.turn(*others) == []


def test_the_loop_begins_with_the_table_published_last(kernel: Kernel, tmp_path: Path) -> None:
    assert generations.laggards(tmp_path, 1) == []
    assert kernel.turn(message(wire(PUBLIC))) == [Verdict(0xA1B2C3D4, True, wire(FIRST))]


def test_a_new_table_is_taken_at_the_next_turn_and_acknowledged(
    tmp_path: Path, kernel: Kernel
) -> None:
    first = message(wire(PUBLIC), queued_id=1)
    assert kernel.turn(first) == [Verdict(1, True, wire(FIRST))]
    generations.publish(tmp_path, table(2, TO_SECOND._replace(slot=5000), slots=5001))
    assert generations.laggards(tmp_path, 2) == ["worker-0"]
    assert kernel.turn(first) == [Verdict(1, True, wire(SECOND))]
    assert generations.laggards(tmp_path, 2) == []
    assert counts(tmp_path).slots == {1: Traffic(1, 32, 0, 0), 5000: Traffic(1, 32, 0, 0)}


def test_a_turn_has_one_table(tmp_path: Path, kernel: Kernel) -> None:
    generations.publish(tmp_path, table(2, TO_SECOND))
    found = kernel.turn(*(message(wire(PUBLIC), queued_id=n) for n in range(5)))
    assert found == [Verdict(n, True, wire(SECOND)) for n in range(5)]


def test_an_idle_loop_takes_the_table_when_its_wait_ends(tmp_path: Path, kernel: Kernel) -> None:
    generations.publish(tmp_path, table(2, TO_SECOND))
    assert kernel.loop.turn() == 0
    assert generations.laggards(tmp_path, 2) == []


def test_each_turn_is_a_heartbeat_with_packets_or_without(tmp_path: Path, kernel: Kernel) -> None:
    beats = [heartbeat(tmp_path, 0)]
    assert beats == [0]
    for queued in ([message(wire(PUBLIC))], []):
        before = time.monotonic_ns()
        kernel.turn(*queued)
        beats.append(heartbeat(tmp_path, 0))
        assert before <= beats[-1] <= time.monotonic_ns()


def test_a_damaged_table_leaves_the_last_one(
    tmp_path: Path, kernel: Kernel, caplog: pytest.LogCaptureFixture
) -> None:
    generations.publish(tmp_path, table(2, TO_SECOND))
    file_of(tmp_path, 2).write_bytes(b"no table")
    for _ in range(2):
        assert kernel.turn(message(wire(PUBLIC), 1, None, 1)) == [Verdict(1, True, wire(FIRST))]
    assert generations.laggards(tmp_path, 2) == ["worker-0"]
    generations.publish(tmp_path, table(3, TO_SECOND))
    assert kernel.turn(message(wire(PUBLIC), 1, None, 1)) == [Verdict(1, True, wire(SECOND))]
    assert "generation 2 refused" in caplog.text
    caplog.clear()  # the error it holds holds the loop


@contextmanager
def handling(number: int, handler: Any) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def after(seconds: float, number: int) -> threading.Timer:
    """Sends this process a signal, from a thread that can't be the one to take it."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), number))
    timer.start()
    return timer


def test_a_signal_ends_the_wait(tmp_path: Path) -> None:
    """Of the compiled loop: Python's own calls wait on when the handler is done."""
    generations.publish(tmp_path, table(1, TO_FIRST))
    seen: list[int] = []
    with (
        running(tmp_path, "compiled", wait_s=30) as kernel,
        handling(generations.WAKE, lambda *_: seen.append(1)),
    ):
        begun = time.monotonic()
        timer = threading.Timer(0.2, generations.publish, (tmp_path, table(2, TO_SECOND)))
        timer.start()
        assert kernel.loop.turn() == 0
        timer.join()
        assert time.monotonic() - begun < 20
        assert generations.laggards(tmp_path, 2) == []
        assert seen


class Ended(BaseException):
    """What a handler raises."""


def end(*_: object) -> None:
    raise Ended


def test_a_handler_that_raises_ends_the_loop(patient: Kernel) -> None:
    with handling(signal.SIGUSR1, end):
        patient.end.send(message(wire(PUBLIC), queued_id=1))
        timer = after(0.2, signal.SIGUSR1)
        with pytest.raises(Ended):
            patient.loop.run()
        timer.join()
    assert verdicts(patient.answers()) == [Verdict(1, True, wire(FIRST))]


def test_a_handler_runs_also_while_packets_never_let_up(tmp_path: Path, patient: Kernel) -> None:
    """And who begins to watch is seen: no wait ends then, as there is none."""
    going = threading.Event()
    going.set()

    def flood() -> None:
        queued = message(wire(PUBLIC))
        while going.is_set():
            for move in (lambda: patient.end.send(queued), lambda: patient.end.recv(1 << 22)):
                try:
                    for _ in range(40):
                        move()
                except BlockingIOError:
                    pass

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        with handling(signal.SIGUSR1, end), listener(tmp_path) as told:
            timer = after(0.5, signal.SIGUSR1)
            begun = time.monotonic()
            with pytest.raises(Ended):
                patient.loop.run()
            assert time.monotonic() - begun < 20
            timer.join()
            assert decode(told.recv(1000)).outcome == Outcome(Reason.TRANSLATED, receiver=1)
    finally:
        going.clear()
        thread.join()


def listener(directory: Path) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    bound.bind(str(directory / "trace-1.sock"))
    return bound


def test_who_watches_gets_each_packet_before_and_after(tmp_path: Path, kernel: Kernel) -> None:
    tunnel = bytes(IP(src=CLIENT, dst=PUBLIC, proto=47) / Raw(bytes(40)))
    with listener(tmp_path) as told:
        assert kernel.loop.turn() == 0  # as when it is woken
        kernel.turn(
            message(wire(PUBLIC)),
            message(wire("203.0.113.77")),
            message(wire(PUBLIC), mark=0),  # of no direction: there is nothing to say
            message(tunnel, 1, 1),  # sent on: it comes again
            message(tunnel, 1, 1, queue=FINISHING),
        )
        records = [decode(told.recv(1000)) for _ in range(3)]
        with pytest.raises(BlockingIOError):
            told.recv(1000)
    inbound = Direction.INBOUND
    assert [record[1:] for record in records] == [
        (1, 0, inbound, Outcome(Reason.TRANSLATED, receiver=1), wire(PUBLIC), wire(FIRST)),
        (1, 0, inbound, Outcome(Reason.UNKNOWN_PUBLIC), wire("203.0.113.77"), b""),
        (1, 0, inbound, Outcome(Reason.UNFINISHED), tunnel, b""),
    ]
    kernel.turn(message(wire(PUBLIC)))
    assert not kernel.worker.is_watched


def test_a_socket_that_fails_is_an_error(patient: Kernel) -> None:
    """The other end is gone: nobody can be answered."""
    patient.end.send(message(wire(PUBLIC)))
    patient.end.close()
    with pytest.raises(OSError, match=r"Broken pipe|Connection reset"):
        patient.loop.run()


ATTRIBUTE = st.one_of(
    st.builds(
        attribute,
        st.sampled_from((1, 3, 10, 14, 5)),
        st.one_of(
            st.binary(max_size=40),
            st.integers(0, 4).map(lambda number: number.to_bytes(4)),
            st.builds(
                lambda raw, cut: raw[: len(raw) - cut], st.just(wire(PUBLIC, 9)), st.integers(0, 30)
            ),
        ),
    ),
    st.builds(struct.Struct("=HH").pack, st.integers(0, 60), st.integers(0, 20)),
)
PACKETS = st.builds(
    message,
    st.one_of(
        st.binary(min_size=1, max_size=80), st.binary(max_size=30).map(lambda b: wire(PUBLIC) + b)
    ),
    st.one_of(st.none(), st.integers(0, 4)),
    st.one_of(st.none(), st.integers(0, 7)),
    st.integers(0, 2**32 - 1),
)
QUEUED = st.one_of(
    PACKETS,
    st.lists(ATTRIBUTE, max_size=8).map(lambda parts: framed(b"".join(parts))),
    st.builds(lambda raw, cut: raw[: len(raw) - cut], PACKETS, st.integers(0, 60)).filter(len),
    st.binary(min_size=1, max_size=100),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.lists(QUEUED, min_size=1, max_size=6))
@example([framed(attribute(10, b"no room in front of it"))])
@example([framed(attribute(1, bytes(7)) + attribute(10, wire(PUBLIC)) + b"\x04\0\x03\0")])
def test_both_loops_answer_any_messages_alike(both: list[Kernel], queued: list[bytes]) -> None:
    found = [kernel.turn(*queued) for kernel in both]
    assert found[0] == found[1]
    assert len(found[0]) <= len(queued)
    for directory in {kernel.directory for kernel in both}:
        assert counts(directory).slots.keys() <= {1}
    first, second = (counts(kernel.directory) for kernel in both)
    assert first == second


@pytest.fixture
def both(tmp_path: Path) -> Iterator[list[Kernel]]:
    for kind in LOOPS:
        (tmp_path / kind).mkdir()
        generations.publish(tmp_path / kind, table(1, TO_FIRST))
    with (
        running(tmp_path / "interpreted", "interpreted") as first,
        running(tmp_path / "compiled", "compiled") as second,
    ):
        yield [first, second]


@with_both_loops
def test_a_loop_leaves_its_socket_to_who_made_it(tmp_path: Path, kind: str) -> None:
    with running(tmp_path, kind) as kernel:
        kernel.stop()
        kernel.end.send(b"still there")
        assert kernel.ours.recv(100) == b"still there"
