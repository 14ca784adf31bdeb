"""What a worker shares with others: buckets with workers, packets with who watches, memory."""

import errno
import os
import socket
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw
from support.rules import KINDS
from support.workers import (
    CLIENT,
    FIRST,
    IN,
    OUT,
    PUBLIC,
    SECOND,
    TO_FIRST,
    TO_SECOND,
    Start,
    accepts,
    table,
    wire,
)

from gateway.engine import gate
from gateway.engine.listeners import decode
from gateway.engine.worker import Worker
from gateway.exchange import generations
from gateway.exchange.worker_page import Traffic, WorkerPage, counts
from gateway.nat.outcome import Outcome
from gateway.nat.reasons import Reason
from gateway.nat.table import Package, build


def listener(directory: Path) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    bound.bind(str(directory / "trace-1.sock"))
    return bound


def test_who_watches_is_told_of_each_packet_before_and_after(tmp_path: Path, start: Start) -> None:
    generations.publish(tmp_path, table(6, TO_FIRST))
    worker = start()
    assert not worker.is_watched
    with listener(tmp_path) as told:
        assert not worker.is_watched, "until it looks"
        worker.refresh()
        assert worker.is_watched
        before = time.time()
        assert accepts(worker, wire(CLIENT, PUBLIC), IN)
        assert not accepts(worker, wire(SECOND, CLIENT), OUT)
        first, second = (decode(told.recv(1000)) for _ in range(2))
    assert before <= first.at <= second.at <= time.time()
    assert first[1:] == (
        6, 0, IN, Outcome(Reason.TRANSLATED, receiver=1), wire(CLIENT, PUBLIC), wire(CLIENT, FIRST)
    )  # fmt: skip
    assert second[1:] == (6, 0, OUT, Outcome(Reason.UNKNOWN_PRIVATE), wire(SECOND, CLIENT), b"")
    assert not accepts(worker, wire(SECOND, CLIENT), OUT)
    assert not worker.is_watched, "who is gone is forgotten"


@pytest.mark.parametrize("mark", [-1, 0, 4, 0xFFFFFFFF])
def test_of_a_mark_without_a_direction_nobody_is_told(
    tmp_path: Path, start: Start, mark: int
) -> None:
    worker = start()
    with listener(tmp_path) as told:
        worker.refresh()
        worker.tell(mark, Outcome(Reason.UNKNOWN_DIRECTION), b"before", b"")
        with pytest.raises(BlockingIOError):
            told.recv(1000)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of interpreted gates stands still, so no bucket fills."""
    monkeypatch.setattr(gate, "monotonic_ns", lambda: 10**12)


@pytest.mark.usefixtures("stopped")
def test_the_next_worker_finds_the_buckets_as_the_last_one_left_them(tmp_path: Path) -> None:
    capped = TO_FIRST._replace(out_kbps=8_000, package=1)
    generations.publish(tmp_path, build(1, 4, [capped], [Package(1, 16_000)]))
    packet = bytes(IP(src=FIRST, dst=CLIENT) / UDP() / Raw(bytes(50_000 - 28)))
    passed = []
    for _ in range(3):
        with (
            WorkerPage(tmp_path, 0) as page,
            closing(Worker(tmp_path, page)) as worker,
        ):
            passed += [accepts(worker, bytearray(packet), OUT) for _ in range(2)]
    assert passed == [True] * 4 + [False] * 2


@pytest.mark.usefixtures("stopped")
def test_workers_share_the_buckets_and_not_the_counters(tmp_path: Path) -> None:
    """One after the other: interpreted rules take from a bucket in more than one step."""
    generations.publish(tmp_path, table(1, TO_FIRST._replace(out_kbps=8_000)))
    packet = bytes(IP(src=FIRST, dst=CLIENT) / UDP() / Raw(bytes(50_000 - 28)))
    with ExitStack() as running:
        workers = [
            running.enter_context(
                closing(
                    Worker(
                        tmp_path,
                        running.enter_context(WorkerPage(tmp_path, number)),
                    )
                )
            )
            for number in range(3)
        ]
        passed = [accepts(workers[n % 3], bytearray(packet), OUT) for n in range(9)]
        assert passed == [True] * 4 + [False] * 5
        assert counts(tmp_path).slots == {1: Traffic(0, 0, 4, 200_000)}


@pytest.mark.parametrize("of", ["slots", "packages"])
def test_a_table_there_is_no_memory_for_is_refused(
    tmp_path: Path,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    of: str,
) -> None:
    generations.publish(tmp_path, table(1, TO_FIRST))
    worker = start()
    larger = {
        "slots": table(2, TO_SECOND, slots=5000),
        "packages": build(2, 4, [TO_SECOND], [Package(500, 8_000)]),
    }[of]
    generations.publish(tmp_path, larger)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    packet = wire(CLIENT, PUBLIC)
    assert accepts(worker, packet, IN)
    assert packet == wire(CLIENT, FIRST)
    assert generations.laggards(tmp_path, 2) == ["worker-0"]
    assert "No space left" in caplog.text
    monkeypatch.undo()
    worker.refresh()
    packet = wire(CLIENT, PUBLIC)
    assert accepts(worker, packet, IN)
    assert packet == wire(CLIENT, SECOND)
    assert generations.laggards(tmp_path, 2) == []


def test_a_worker_can_go_by_the_compiled_rules(tmp_path: Path, start: Start) -> None:
    generations.publish(tmp_path, table(1, TO_FIRST))
    worker = start(rules=KINDS["compiled"])
    packet = wire(CLIENT, PUBLIC)
    outcome = worker.translator.feed(memoryview(packet), IN, 0)
    assert outcome == Outcome(Reason.TRANSLATED, receiver=1)
    assert packet == wire(CLIENT, FIRST)
    generations.publish(tmp_path, table(2, TO_SECOND))
    assert worker.seen == 1
    worker.refresh()
    assert worker.seen == 2
    packet = wire(CLIENT, PUBLIC)
    worker.translator.feed(memoryview(packet), IN, 0)
    assert packet == wire(CLIENT, SECOND)


def test_a_closed_worker_holds_nothing_open(tmp_path: Path, page: WorkerPage) -> None:
    before = set(Path("/proc/self/fd").iterdir())
    worker = Worker(tmp_path, page)
    worker.close()
    del worker
    assert set(Path("/proc/self/fd").iterdir()) == before
