"""One address is flooded, another one works: how many of the working one's packets are lost.

Four addresses have a mapping: the working one, one that is flooded, one that is policed, and one
that is blocked. The fifth has none. The working one's packets are told by their source.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address
from statistics import fmean
from typing import Final, NamedTuple

from bench import traffic
from bench.lineup import Peer, Site
from bench.mappings import Mappings
from bench.processes import BenchError, processors, run
from bench.rig import DISCARD_PORT, Rig, rig_for
from bench.samples import Sample
from bench.traffic import FRAGMENT, SYN, UDP, Flood
from bench.work import Bench, wait_until_drained

from gateway.net import namespace, nftables
from gateway.steering.kernel import SteeringError

MAPPINGS: Final = Mappings(4, blocked=1, policed=1)
WORKING_RATE: Final = 2_000.0
WORKING_SOURCE: Final = "198.51.100.19"  # none of a flood's
FLOOD_RATE: Final = 500_000.0  # of all senders together
FLOWS: Final = 10_000
BESIDE_S: Final = 0.3  # the flood goes on for so long before what is measured, and after
LATE_S: Final = 0.2  # a full queue is empty sooner
TRIP_INTERVAL_US: Final = 2_000


class Kind(NamedTuple):
    """A flood: at which address, counted from the working one, and what it consists of."""

    to: int
    kind: str = UDP


QUIET: Final = "lost, quiet"
UNASSIGNED: Final = "lost, flood at an address without a mapping"
BLOCKED: Final = "lost, flood at a blocked address"
POLICED: Final = "lost, flood at an address without bandwidth"
SYNS: Final = "lost, SYN flood at an assigned address"
DATAGRAMS: Final = "lost, UDP flood at an assigned address"
FRAGMENTS: Final = "lost, fragments at an assigned address"
FLOODED: Final = {
    UNASSIGNED: Kind(4),
    BLOCKED: Kind(3),
    POLICED: Kind(2),
    SYNS: Kind(1, SYN),
    DATAGRAMS: Kind(1),
    FRAGMENTS: Kind(1, FRAGMENT),
}
WORKS: Final = (QUIET, *FLOODED)

SINK: Final = f"""
add counter ip sink working
insert rule ip sink in ip saddr {WORKING_SOURCE} udp dport {DISCARD_PORT} \\
  counter name working drop
add rule ip sink in tcp dport {DISCARD_PORT} drop
add rule ip sink in ip frag-off & 0x1fff != 0 drop
"""


def offered(work: str) -> str:
    """The flood's packets a second in a work."""
    return f"{work}, offered"


def cost(work: str) -> str:
    """What a packet of the flood cost its sender's processor, in ns."""
    return f"{work}, ns a packet"


def trip(work: str) -> str:
    """The p99 of the working address's round trips beside the flood, in µs."""
    return f"{work}, µs, p99"


def measure(bench: Bench, peer: Peer, number: int) -> list[Sample]:
    """Each kind of flood in turn, at one peer started afresh; what fails is said and left out."""
    samples: list[Sample] = []
    try:
        with rig_for(MAPPINGS) as rig, _counted(rig):
            site = Site(rig, MAPPINGS, bench.files, bench.programs)
            with traffic.answering(rig, bench.programs, MAPPINGS.private), peer.start(site):
                for work in WORKS:
                    try:
                        found = _beside(bench, rig, work)
                    except BenchError as error:
                        bench.say(f"{peer.name}: {work}: {error}")
                        continue
                    samples += [Sample(number, peer.name, *one) for one in found.items()]
    except (BenchError, SteeringError) as error:
        bench.say(f"{peer.name}: {error}")
    return samples


def _beside(bench: Bench, rig: Rig, work: str) -> dict[str, float]:
    """What the working address has of the gateway beside a flood, or when all is quiet."""
    seconds = bench.plan.flooded_s
    if work == QUIET:
        return {work: _lost(bench, rig, seconds), **_trips(bench, rig, work)}
    # It goes on until the working sender has begun, sent all and ended, and then the round trips.
    with ExitStack() as flooding:
        senders = [
            flooding.enter_context(traffic.sending(rig, bench.programs, *one))
            for one in _floods(work, 2 * seconds + 3 * BESIDE_S)
        ]
        time.sleep(BESIDE_S)
        lost = _lost(bench, rig, seconds)
        trips = _trips(bench, rig, work)
        sent = [traffic.sent(program) for program in senders]
    wait_until_drained(rig)
    return {
        work: lost,
        **trips,
        offered(work): sum(each.rate for each in sent),
        cost(work): fmean(each.packet_ns for each in sent),
    }


def _floods(work: str, seconds: float) -> Iterator[tuple[Flood, float, int]]:
    """A flood of each processor's: all of them together have the rate, if they can."""
    count = len(processors())
    to, kind = FLOODED[work]
    address = str(IPv4Address(MAPPINGS.public) + to)
    for processor in range(count):
        yield Flood(address, flows=FLOWS, rate=FLOOD_RATE / count, kind=kind), seconds, processor


def _lost(bench: Bench, rig: Rig, seconds: float) -> float:
    """The share of the working address's packets that didn't come."""
    before = _received(rig)
    working = Flood(MAPPINGS.public, rate=WORKING_RATE, source=WORKING_SOURCE)
    with traffic.sending(rig, bench.programs, working, seconds) as program:
        sent = traffic.sent(program).packets
    time.sleep(LATE_S)
    return max(0.0, 1 - (_received(rig) - before) / sent)


def _trips(bench: Bench, rig: Rig, work: str) -> dict[str, float]:
    """What round trips take; nothing if the flood left none."""
    seconds, target = bench.plan.flooded_s, MAPPINGS.public
    try:
        found = traffic.trips(
            rig, bench.programs, target, interval_us=TRIP_INTERVAL_US, seconds=seconds
        )
    except BenchError:
        return {}
    return {trip(work): found.p99}


@contextmanager
def _counted(rig: Rig) -> Iterator[None]:
    """The server counts what is to the working address, and answers no flood."""
    with namespace.inside(rig.server):
        run(["nft", "-f", "-"], stdin=SINK)
    yield


def _received(rig: Rig) -> int:
    with namespace.inside(rig.server):
        return nftables.counters()["sink", "working"]
