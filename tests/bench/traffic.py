"""What is sent through a peer, and what came of it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from bench.processes import BenchError, Program, keep_on, processors, run_in, started
from bench.rig import HOST_LINK, Rig, received

PING_PORT: Final = "7"
STREAM_PORT: Final = "5201"
DATAGRAM_PORT: Final = "5202"
UDP: Final = "UDP"
SYN: Final = "SYN"
FRAGMENT: Final = "fragment"
KINDS: Final[dict[str, list[str]]] = {UDP: [], SYN: ["-S"], FRAGMENT: ["-F"]}
CONNECT_WITHIN_S: Final = 5
SLACK_S: Final = 20.0  # beyond what a program was told to run
AFTER_S: Final = 0.1  # the flood goes on for so long after what is measured


@dataclass(frozen=True, slots=True)
class Flood:
    """Small UDP packets to `count` addresses from `target` on, in `flows` flows."""

    target: str
    count: int = 1
    flows: int = 1
    rate: float = 0.0  # packets a second; 0: as many as the sender can
    kind: str = UDP
    source: str = ""  # the sender's one address; none: many of the client's


class Sent(NamedTuple):
    """What a sender has sent: packets, a second of them, and what one costs its processor.

    That is the sender's own work, and the kernel's with a packet up to the first queue.
    """

    packets: int
    rate: float
    packet_ns: float


class Delivered(NamedTuple):
    """Packets a second: what came through, and what was sent; and what one cost the sender."""

    delivered: float
    offered: float
    packet_ns: float


class Trips(NamedTuple):
    """Round trips: how many were asked for and answered, and how long they took, in µs."""

    asked: int
    answered: int
    p50: float
    p99: float


@contextmanager
def sending(
    rig: Rig, programs: Path, flood: Flood, seconds: float, processor: int = 0
) -> Iterator[Program]:
    """The flood's program stays on that processor, for `seconds` or until the block ends."""
    command = [
        str(programs / "flood"),
        *("-i", HOST_LINK, "-m", rig.next_hop, "-d", f"{flood.target}/{flood.count}"),
        *("-f", str(flood.flows), "-r", str(flood.rate), "-t", str(seconds)),
        *KINDS[flood.kind],
        *(["-s", flood.source] if flood.source else []),
    ]
    with started(rig.client, command) as program:
        keep_on([processors()[processor]], [program.pid])
        yield program


def sent(program: Program) -> Sent:
    """What such a program has sent, once it ends by itself. Raises `BenchError`."""
    packets, seconds, used_s = map(float, program.output(within_s=SLACK_S).split())
    if not packets:
        raise BenchError("flood: no processor was free for it, nothing was sent")
    return Sent(int(packets), packets / seconds, used_s / packets * 1e9)


@contextmanager
def flooding(rig: Rig, programs: Path, flood: Flood, seconds: float) -> Iterator[Program]:
    """The flood goes on, and its first packets have come through the peer."""
    before = received(rig)
    with sending(rig, programs, flood, seconds) as program:
        # With a million destinations it takes a moment to prepare.
        deadline = time.monotonic() + SLACK_S
        while received(rig) == before and program.is_alive() and time.monotonic() < deadline:
            time.sleep(0.002)
        yield program


def delivered(
    rig: Rig, programs: Path, flood: Flood, *, warm_s: float, seconds: float
) -> Delivered:
    """What comes through while the flood goes on, after a time to warm up."""
    with flooding(rig, programs, flood, warm_s + seconds + AFTER_S) as program:
        time.sleep(warm_s)
        began, before = time.monotonic(), received(rig)
        time.sleep(seconds)
        elapsed, packets = time.monotonic() - began, received(rig) - before
        by_sender = sent(program)
        return Delivered(packets / elapsed, by_sender.rate, by_sender.packet_ns)


@contextmanager
def answering(rig: Rig, programs: Path, address: str) -> Iterator[None]:
    """The server answers round trips and streams at its `address`."""
    with (
        started(rig.server, [str(programs / "pingpong"), "serve", address, PING_PORT]) as echo,
        started(rig.server, ["iperf3", "-s", "-B", address, "-p", STREAM_PORT]) as sink,
    ):
        yield
        for program in (echo, sink):
            if not program.is_alive():
                raise BenchError(program.complaint())


def trips(rig: Rig, programs: Path, target: str, *, interval_us: int, seconds: float) -> Trips:
    """Round trips, one after the other. Raises `BenchError` if none is answered."""
    command = [str(programs / "pingpong"), "ask", target, PING_PORT, str(interval_us)]
    said = run_in(rig.client, [*command, str(seconds)], within_s=seconds + SLACK_S).split()
    found = Trips(int(said[0]), int(said[1]), float(said[2]), float(said[3]))
    if not found.answered:
        raise BenchError("no round trip was answered")
    return found


def stream(rig: Rig, target: str, *, streams: int, seconds: int) -> float:
    """What the server received, in Gbit/s, over so many TCP streams. Raises `BenchError`."""
    said = run_in(
        rig.client,
        [
            *("iperf3", "-J", "-c", target, "-p", STREAM_PORT, "-P", str(streams)),
            *("-t", str(seconds), "--connect-timeout", str(CONNECT_WITHIN_S * 1000)),
        ],
        within_s=seconds + SLACK_S,
    )
    report = json.loads(said)
    if "sum_received" not in report["end"]:  # it ended early, and says why
        raise BenchError(f"iperf3: {report.get('error', 'nothing was received')}")
    return float(report["end"]["sum_received"]["bits_per_second"]) / 1e9


def datagrams(rig: Rig, programs: Path, target: str, address: str, *, seconds: float) -> float:
    """Gbit/s that the server received at `address`, of UDP that goes in aggregates.

    Raises `BenchError`.
    """
    program = str(programs / "udp_stream")
    with started(rig.server, [program, "take", address, DATAGRAM_PORT]) as taker:
        run_in(rig.client, [program, "send", target, DATAGRAM_PORT, str(seconds)])
        taken, taken_s = map(float, taker.output(within_s=SLACK_S).split())
    if not taken_s:
        raise BenchError("udp_stream: nothing was received")
    return taken * 8 / taken_s / 1e9
