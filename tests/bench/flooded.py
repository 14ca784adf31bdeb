"""One address is flooded, another one works: how many of the working one's packets are lost.

Three addresses have a mapping: the working one, one that is flooded, and one that is blocked. The
fourth has none.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from typing import Final

from bench import traffic
from bench.lineup import Peer, Site
from bench.mappings import Mappings
from bench.processes import BenchError, run
from bench.rig import DISCARD_PORT, Rig, rig_for
from bench.samples import Sample
from bench.traffic import Flood
from bench.work import Bench, wait_until_drained

from gateway.net import namespace, nftables
from gateway.steering.kernel import SteeringError

MAPPINGS: Final = Mappings(3, blocked=1)
WORKING_RATE: Final = 2_000.0
FLOOD_RATE: Final = 200_000.0
FLOWS: Final = 10_000
BESIDE_S: Final = 0.3  # the flood goes on for so long before what is measured, and after
QUIET: Final = "lost, quiet"
UNASSIGNED: Final = "lost, flood at an address without a mapping"
BLOCKED: Final = "lost, flood at a blocked address"
SYN: Final = "lost, SYN flood at an assigned address"
FLOODED: Final = {UNASSIGNED: 3, BLOCKED: 2, SYN: 1}  # which address, after the working one
WORKS: Final = (QUIET, *FLOODED)

SINK: Final = f"""
add counter ip sink working
insert rule ip sink in ip daddr {MAPPINGS.private} udp dport {DISCARD_PORT} \\
  counter name working drop
add rule ip sink in tcp dport {DISCARD_PORT} drop
"""


def offered(work: str) -> str:
    """The flood's packets a second in a work."""
    return f"{work}, offered"


def measure(bench: Bench, peer: Peer, number: int) -> list[Sample]:
    """Each kind of flood in turn, at one peer started afresh; what fails is said and left out."""
    samples: list[Sample] = []
    try:
        with rig_for(MAPPINGS) as rig, _counted(rig):
            site = Site(rig, MAPPINGS, bench.files, bench.programs)
            with peer.start(site):
                for work in WORKS:
                    lost, flood_rate = _lost(bench, rig, work)
                    samples.append(Sample(number, peer.name, work, lost))
                    samples.append(Sample(number, peer.name, offered(work), flood_rate))
    except (BenchError, SteeringError) as error:
        bench.say(f"{peer.name}: {error}")
    return samples


def _lost(bench: Bench, rig: Rig, work: str) -> tuple[float, float]:
    """The share of the working address's packets that didn't come, and the flood's rate."""
    seconds = bench.plan.flooded_s
    if work == QUIET:
        return _lost_of_working(bench, rig, seconds), 0.0
    address = IPv4Address(MAPPINGS.public) + FLOODED[work]
    flood = Flood(str(address), flows=FLOWS, rate=FLOOD_RATE, is_syn=work == SYN)
    # It goes on until the working sender has begun, sent all and ended.
    whole_s = seconds + 2 * BESIDE_S
    with traffic.sending(rig, bench.programs, flood, whole_s) as program:
        time.sleep(BESIDE_S)
        lost = _lost_of_working(bench, rig, seconds)
        return lost, traffic.sent(program).rate


def _lost_of_working(bench: Bench, rig: Rig, seconds: float) -> float:
    before = _received(rig)
    working = Flood(MAPPINGS.public, rate=WORKING_RATE)
    with traffic.sending(rig, bench.programs, working, seconds) as program:
        sent = traffic.sent(program).packets
    wait_until_drained(rig)
    return max(0.0, 1 - (_received(rig) - before) / sent)


@contextmanager
def _counted(rig: Rig) -> Iterator[None]:
    """The server counts what is to the working address, and answers no flood."""
    with namespace.inside(rig.server):
        run(["nft", "-f", "-"], stdin=SINK)
    yield


def _received(rig: Rig) -> int:
    with namespace.inside(rig.server):
        return nftables.counters()["sink", "working"]
