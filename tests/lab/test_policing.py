"""Policing on the wire: what an address has bought is what it gets, TCP and UDP, out and in.

All streams run at the same time. Measured are the IP bits that passed by our own counters, in ten
seconds from a stream's beginning on. A full bucket lets 0.2 s of the rate pass at once, and no less
than 131 kB: so in ten seconds a bit more than the rate is right.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest
from support.labs import Lab, eventually
from support.load import Load, watching
from support.peers import listening

from gateway.exchange.worker_page import Traffic

LOOK_S = 10.0
STREAM_S = 12
BEGUN_BYTES = 20_000  # more than iperf3 says before it begins
PORT = 5200
MEGABIT = 1_000_000


class Stream(NamedTuple):
    """An iperf3: which way, the bandwidth bought, what is offered; and what is to pass, in Mbps."""

    outbound: bool
    bought: int
    options: tuple[str, ...]
    least: float
    most: float


def udp(offered: str) -> tuple[str, ...]:
    return ("-u", "-b", offered, "-l", "1400")


STREAMS = {
    "tcp-out": Stream(True, 20, (), 17, 20.5),
    "tcp-in": Stream(False, 20, (), 17, 20.5),
    "udp-out": Stream(True, 20, udp("40M"), 19, 20.5),
    "udp-in": Stream(False, 20, udp("40M"), 19, 20.5),
    # In, an address has no less than 10 Mbps.
    "udp-out-of-1": Stream(True, 1, udp("4M"), 0.95, 1.15),
    "udp-in-of-1": Stream(False, 1, udp("20M"), 9.5, 10.3),
    "udp-below": Stream(True, 20, udp("3M"), 2.9, 3.2),
}


class Run:
    """One stream in a lab that is up, and its look."""

    def __init__(self, lab: Lab, stream: Stream, port: int) -> None:
        self.stream = stream
        self.instance = lab.instance(bandwidth=stream.bought)
        ends = ("internet", lab.topology.internet_address), (self.instance.id, self.instance.public)
        (self.server, self.address), (self.client, _) = ends if stream.outbound else ends[::-1]
        self.port = str(port)
        self.first: tuple[float, int] | None = None
        self.last: tuple[float, int] | None = None
        self.report: dict[str, Any] = {}
        self.load = Load()

    def look(self, at: float, passed: dict[str, Traffic]) -> None:
        """Note what has passed at a time, if the look begins or ends with it."""
        traffic = passed.get(self.instance.public, Traffic(0, 0, 0, 0))
        now = at, traffic.bytes_out if self.stream.outbound else traffic.bytes_in
        if self.first is None:
            self.first = now if now[1] > BEGUN_BYTES else None
        elif self.last is None and at >= self.first[0] + LOOK_S:
            self.last = now

    @property
    def mbps(self) -> float:
        assert self.first is not None
        assert self.last is not None
        (begin, before), (end, after) = self.first, self.last
        return (after - before) * 8 / (end - begin) / MEGABIT


@pytest.fixture(scope="module")
def runs(lab: Lab) -> Iterator[dict[str, Run]]:
    """All streams after they have ended, and beside them a ping of an address of its own."""
    found = {
        name: Run(lab, stream, PORT + number)
        for number, (name, stream) in enumerate(STREAMS.items())
    }
    with ExitStack() as stack:
        for run in found.values():
            server = ("iperf3", "-s", "-1", "--forceflush", "-p", run.port)
            stack.enter_context(listening(lab, run.server, *server, ready="Server listening"))
        clients = {}
        for name, run in found.items():
            command = ("iperf3", "-J", "-c", run.address, "-p", run.port, "-t", str(STREAM_S))
            started = lab.start(run.client, *command, *run.stream.options)
            clients[name] = stack.enter_context(started)
        with watching(lab) as load:
            _watch(lab, list(found.values()))
        for run in found.values():
            run.load = load
        for name, client in clients.items():
            found[name].report = json.loads(client.communicate(timeout=30)[0])
    yield found
    for run in found.values():
        run.instance.terminate()


def _watch(lab: Lab, runs: list[Run]) -> None:
    def all_looked() -> bool:
        passed = lab.carried()
        at = time.monotonic()
        for run in runs:
            run.look(at, passed)
        return all(run.last for run in runs)

    eventually(all_looked, within_s=STREAM_S + 30)


@pytest.mark.parametrize("name", STREAMS)
def test_an_address_carries_what_was_bought(runs: dict[str, Run], name: str) -> None:
    run = runs[name]
    assert "error" not in run.report, run.report
    print(f"{name}: {run.mbps:.2f} Mbps of IP")
    assert run.mbps <= run.stream.most
    if run.mbps < run.stream.least:
        run.load.skip_if_starved()
    assert run.mbps >= run.stream.least


def test_who_keeps_below_loses_nothing(runs: dict[str, Run]) -> None:
    """Whatever others send at the same time."""
    total = runs["udp-below"].report["end"]["sum"]
    if total["lost_packets"]:
        runs["udp-below"].load.skip_if_starved()
    assert total["packets"] > 3 * MEGABIT * LOOK_S / 8 / 1400
    assert total["lost_packets"] == 0
