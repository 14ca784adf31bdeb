"""Binding a queue needs root: the loop on a real one is tested in the lab, here on one of ours."""

import os
import re
import select
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, UDP
from support.rules import KINDS
from support.workers import Queued
from vectors.every import VECTORS
from vectors.row import TABLE

from gateway.engine import nfqueue
from gateway.engine.rules import Rules
from gateway.engine.worker import Worker
from gateway.exchange import generations
from gateway.exchange.worker_page import WorkerPage, counts
from gateway.nat.mark import DEFAULT_BITS
from gateway.nat.outcome import Checksum, Direction
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, build
from gateway.steering import ruleset

STEERING = ruleset.Steering("uplink", "198.51.100.254", ("203.0.113.0/24",))


@pytest.mark.parametrize(
    ("match", "direction"),
    [
        pytest.param('iifname "uplink"', Direction.INBOUND, id="from-the-uplink"),
        pytest.param('iifname != "uplink"', Direction.HAIRPIN, id="from-an-instance"),
        pytest.param("  ip daddr", Direction.HAIRPIN, id="from-the-gateway"),
        pytest.param('oifname "uplink"', Direction.OUTBOUND, id="to-the-uplink"),
    ],
)
def test_a_packet_has_the_direction_of_the_rule_that_queued_it(
    match: str, direction: Direction
) -> None:
    rules = ruleset.nft_queue_rules(STEERING).splitlines()
    (rule,) = [line for line in rules if match in line and "meta mark set" in line]
    (mark,) = re.findall(r"meta mark set meta mark & 0xffffcfff \| (0x\w+) queue num", rule)
    assert DEFAULT_BITS.direction(int(mark, 16)) == direction


def test_both_ways_to_queue_give_the_same_marks() -> None:
    nft = re.findall(r"\| (0x\w+) queue", ruleset.nft_queue_rules(STEERING))
    iptables = re.findall(r"--set-xmark (0x\w+)/0x3000\n", ruleset.iptables_queue_rules(STEERING))
    assert nft == iptables == ["0x1000", "0x3000", "0x3000", "0x2000"]


class Ended(BaseException):
    """What a signal's handler raises."""


class FakeQueue:
    """A queue whose packets come from a list, and whose socket is readable while there are some."""

    last: "FakeQueue"

    def __init__(self) -> None:
        FakeQueue.last = self
        self.bound: dict[str, int] = {}
        self.packets: list[Queued] = []
        self.ours, self.end = socket.socketpair()

    def bind(self, number: int, call: Callable[[Any], None], **options: int) -> None:
        self.call = call
        self.bound = {"number": number, **options}

    def get_fd(self) -> int:
        return self.ours.fileno()

    def queue(self, *packets: Queued) -> None:
        self.packets += packets
        self.end.send(b"!")

    def run(self, *, block: bool) -> None:
        assert not block
        if select.select([self.ours], [], [], 0)[0]:
            self.ours.recv(1000)
        while self.packets:
            self.call(self.packets.pop(0))

    def unbind(self) -> None:
        self.bound = {}
        self.ours.close()
        self.end.close()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Rules:
    return KINDS[request.param]


@pytest.fixture
def worker(tmp_path: Path, kind: Rules) -> Iterator[Worker]:
    generations.publish(tmp_path, build(1, 4, [Mapping(0xCB007109, 0x0A000002, 1)]))
    with WorkerPage(tmp_path, 0) as page, closing(Worker(tmp_path, page, kind)) as opened:
        yield opened


@pytest.fixture(autouse=True)
def faked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def end(*_: object) -> None:
        raise Ended

    monkeypatch.setattr(nfqueue, "NetfilterQueue", FakeQueue)
    monkeypatch.setattr(nfqueue, "_report_no_overruns", lambda _: None)
    before = {number: signal.signal(number, end) for number in (signal.SIGUSR1,)}
    before[generations.WAKE] = signal.signal(generations.WAKE, lambda *_: None)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def end_soon(seconds: float = 0.2) -> threading.Timer:
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    return timer


def wire(destination: str) -> bytes:
    return bytes(IP(src="198.51.100.10", dst=destination) / UDP())


def test_each_packet_gets_its_verdict(tmp_path: Path, worker: Worker) -> None:
    packets = [
        Queued(wire("203.0.113.9"), 1),
        Queued(wire("203.0.113.77"), 1),
        Queued(wire("203.0.113.9"), 0),
        Queued(wire("203.0.113.9"), 4),
    ]
    with nfqueue.bound(worker, 7) as carry:
        assert FakeQueue.last.bound["number"] == 7
        FakeQueue.last.queue(*packets)
        timer = end_soon()
        with pytest.raises(Ended):
            carry()
        timer.join()
    assert [packet.done for packet in packets] == [
        [wire("10.0.0.2"), "accept"],
        ["drop"],
        ["drop"],
        ["drop"],
    ]
    found = counts(tmp_path).reasons
    assert {reason: seen for reason, seen in found.items() if seen} == {
        Reason.TRANSLATED: 1,
        Reason.UNKNOWN_PUBLIC: 1,
        Reason.UNKNOWN_DIRECTION: 2,
    }
    assert FakeQueue.last.bound == {}, "the queue is given back"


def test_the_bits_of_an_owner_tell_no_direction(tmp_path: Path, kind: Rules) -> None:
    marks = (0x1000, 0xDEADDFFF, 0x2000, 0x0001, 0xFFFFCFFF)
    packets = [Queued(wire("203.0.113.9"), mark) for mark in marks]
    generations.publish(tmp_path, build(1, 4, [Mapping(0xCB007109, 0x0A000002, 1)]))
    with (
        WorkerPage(tmp_path, 0) as page,
        closing(Worker(tmp_path, page, kind, bits=DEFAULT_BITS)) as worker,
        nfqueue.bound(worker, 7),
    ):
        FakeQueue.last.queue(*packets)
        FakeQueue.last.run(block=False)
    found = counts(tmp_path).reasons
    assert {reason: seen for reason, seen in found.items() if seen} == {
        Reason.TRANSLATED: 2,
        Reason.MISDIRECTED: 1,
        Reason.UNKNOWN_DIRECTION: 2,
    }


def test_all_vectors_through_the_queue(tmp_path: Path, kind: Rules) -> None:
    """The kernel finishes every checksum before it queues to this engine."""
    rows = [v for v in VECTORS if v.table is TABLE and v.checksum is Checksum.FINISHED]
    assert len(rows) > 500
    packets = [Queued(vector.packet, vector.direction) for vector in rows]
    generations.publish(tmp_path, TABLE)
    with (
        WorkerPage(tmp_path, 0) as page,
        closing(Worker(tmp_path, page, kind)) as worker,
        nfqueue.bound(worker, 7),
    ):
        FakeQueue.last.queue(*packets)
        FakeQueue.last.run(block=False)
    for vector, packet in zip(rows, packets, strict=True):
        assert packet.done == ([vector.out, "accept"] if vector.out else ["drop"]), vector.name


def test_a_signal_ends_the_wait_and_has_the_newest_table_taken(
    tmp_path: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nfqueue, "IDLE_LOOK_S", 30)
    seen: list[list[str]] = []

    def publish() -> None:
        generations.publish(tmp_path, build(2, 4, []))
        seen.append(generations.wait_in_force(tmp_path, 2, within_s=20))
        os.kill(os.getpid(), signal.SIGUSR1)

    with nfqueue.bound(worker, 7) as carry:
        timer = threading.Timer(0.2, publish)
        timer.start()
        with pytest.raises(Ended):
            carry()
        timer.join()
    assert seen == [[]]


def test_signals_are_as_before_when_the_queue_is_given_back(worker: Worker) -> None:
    ours, end = socket.socketpair()
    with ours, end:
        end.setblocking(False)
        before = signal.set_wakeup_fd(end.fileno())
        try:
            with nfqueue.bound(worker, 7):
                os.kill(os.getpid(), generations.WAKE)
            os.kill(os.getpid(), generations.WAKE)
            assert ours.recv(100) == bytes([generations.WAKE])
        finally:
            signal.set_wakeup_fd(before)


def test_what_fails_while_the_queue_is_bound_gives_it_back(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError("no such option")

    monkeypatch.setattr(nfqueue, "_report_no_overruns", fail)
    with pytest.raises(OSError, match="no such option"), nfqueue.bound(worker, 7):
        pass
    assert FakeQueue.last.bound == {}
