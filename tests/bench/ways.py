"""All ways through a gateway, with the peers side by side.

The peers stand in networks of their own at once, and each is measured in short slices by turns, in
another order each time: so a slow moment of the machine hits all of them, and ratios are closer
than those of runs one after the other. Between two instances, with an address of the pool or with
private ones, there is a way through the gateway, too.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from random import Random
from typing import Final

from bench import runs, traffic
from bench.lineup import Peer, Site
from bench.mappings import Mappings
from bench.processes import BenchError
from bench.rig import CLIENT_ADDRESS, LAN, Rig, macs, neighbour_of, rig_for, sink
from bench.samples import Sample
from bench.traffic import Flood
from bench.work import IDLE_INTERVAL_US, Bench, offered, wait_until_drained

from gateway.fastpath.program import FROM_INSTANCE, FROM_UPLINK
from gateway.steering.kernel import SteeringError

NAMES: Final = ("plain", "nft-stateless", "nft-stateful", "batch-1", "fast-path")
FAST_PATH: Final = "fast-path"
HAIRPINNING: Final = ("plain", "batch-1", "fast-path")  # nft's rules are for the uplink
MAPPINGS: Final = Mappings(2, hosts=2)
WARM_S: Final = 0.1
STREAM_S: Final = 1  # iperf3 takes whole seconds

INBOUND: Final = "pps, side by side, inbound"
OUTBOUND: Final = "pps, side by side, outbound"
HAIRPIN: Final = "pps, side by side, hairpin"
PRIVATE: Final = "pps, side by side, instance to instance"
WAYS: Final = (INBOUND, OUTBOUND, HAIRPIN, PRIVATE)
STREAM: Final = "Gbit/s, side by side, 1 stream"
DATAGRAMS: Final = "Gbit/s, side by side, datagrams"
IDLE: Final = "µs, side by side, idle, p50"
EQUAL: Final = "µs, side by side, equal load, p50"
EQUAL_RATE: Final = "pps, equal load"
RUNS_INBOUND: Final = "ns a run, inbound"
RUNS_OUTBOUND: Final = "ns a run, outbound"
PROGRAM_RUNS: Final = (
    (RUNS_INBOUND, FROM_UPLINK, INBOUND),
    (RUNS_OUTBOUND, FROM_INSTANCE, OUTBOUND),
)


def cost(way: str) -> str:
    """What a packet on this way costs its sender's processor, in ns."""
    return f"{way}, ns a packet"


@dataclass(frozen=True, slots=True)
class Stand:
    """One peer in its network, with a second instance."""

    peer: Peer
    site: Site
    second: str  # the namespace of the second instance

    def way(self, name: str) -> tuple[Rig, Flood]:
        """The network as a flood on this way sees it, and the flood."""
        rig, own = self.site.rig, MAPPINGS.private
        inside = rig.server, rig.gateway
        if name == INBOUND:
            return rig, Flood(self.target)
        hop = macs(rig.gateway)[LAN]
        if name == OUTBOUND:
            return Rig(*inside, rig.client, hop), Flood(CLIENT_ADDRESS, source=own)
        other = str(IPv4Address(own if name == PRIVATE else self.target) + 1)
        return Rig(*inside, self.second, hop), Flood(other, source=own)

    @property
    def target(self) -> str:
        """The first instance's address, seen from the client."""
        return self.peer.target(MAPPINGS)


def measure(bench: Bench, peers: Sequence[Peer]) -> list[Sample]:
    """All of these peers' slices; a peer that doesn't start is said and left out."""
    samples: list[Sample] = []
    order = Random(1)  # noqa: S311  the same in each run
    with ExitStack() as standing:
        stands = []
        for peer in peers:
            try:
                stands.append(standing.enter_context(_stand(bench, peer)))
            except (BenchError, SteeringError, OSError) as error:
                bench.say(f"{peer.name}: {error}")
        for turn in range(1, bench.plan.turns + 1):
            for step in _steps(bench):
                for stand in order.sample(stands, len(stands)):
                    try:
                        found = step(stand, samples)
                    except (BenchError, OSError) as error:
                        bench.say(f"{stand.peer.name}: {error}")
                        continue
                    samples += [Sample(turn, stand.peer.name, *one) for one in found.items()]
            bench.say(f"turn {turn}/{bench.plan.turns} of the peers side by side")
    return samples


Found = dict[str, float]
Step = Callable[[Stand, Sequence[Sample]], Found]


def _steps(bench: Bench) -> list[Step]:
    """What is measured in one turn, one after the other: each by all peers before the next."""
    return [
        *(partial(_packets, bench, way) for way in WAYS),
        partial(_stream, bench),
        partial(_datagrams, bench),
        partial(_idle, bench),
        partial(_equal_load, bench),
        partial(_program_runs, bench),
    ]


def _packets(bench: Bench, way: str, stand: Stand, _: Sequence[Sample]) -> Found:
    if way == HAIRPIN and stand.peer.name not in HAIRPINNING:
        return {}
    rig, flood = stand.way(way)
    found = traffic.delivered(rig, bench.programs, flood, warm_s=WARM_S, seconds=bench.plan.slice_s)
    wait_until_drained(stand.site.rig)
    return {way: found.delivered, offered(way): found.offered, cost(way): found.packet_ns}


def _stream(_bench: Bench, stand: Stand, _: Sequence[Sample]) -> Found:
    rig = stand.site.rig
    return {STREAM: traffic.stream(rig, stand.target, streams=1, seconds=STREAM_S)}


def _datagrams(bench: Bench, stand: Stand, _: Sequence[Sample]) -> Found:
    rig, seconds = stand.site.rig, bench.plan.slice_s
    own = MAPPINGS.private
    return {DATAGRAMS: traffic.datagrams(rig, bench.programs, stand.target, own, seconds=seconds)}


def _idle(bench: Bench, stand: Stand, _: Sequence[Sample]) -> Found:
    return {IDLE: _trip(bench, stand)}


def _trip(bench: Bench, stand: Stand) -> float:
    return traffic.trips(
        stand.site.rig,
        bench.programs,
        stand.target,
        interval_us=IDLE_INTERVAL_US,
        seconds=bench.plan.slice_s,
    ).p50


def _equal_load(bench: Bench, stand: Stand, samples: Sequence[Sample]) -> Found:
    """Round trips beside half of what plain forwarding carried last, the same for each peer."""
    plain = [one.value for one in samples if (one.peer, one.work) == (NAMES[0], INBOUND)]
    if not plain:
        raise BenchError("no equal load: it isn't known what plain forwarding carries")
    rate = plain[-1] / 2
    flood = Flood(stand.target, rate=rate)
    longest_s = bench.plan.slice_s + traffic.SLACK_S
    with traffic.flooding(stand.site.rig, bench.programs, flood, longest_s):
        p50 = _trip(bench, stand)
    wait_until_drained(stand.site.rig)
    return {EQUAL: p50, EQUAL_RATE: rate}


def _program_runs(bench: Bench, stand: Stand, _: Sequence[Sample]) -> Found:
    """What a run of each of the fast path's programs takes."""
    if stand.peer.name != FAST_PATH:
        return {}
    directory = stand.site.files.published(MAPPINGS)
    found = {}
    for name, program, way in PROGRAM_RUNS:
        before = runs.of(directory, program)
        with runs.counting():
            _packets(bench, way, stand, ())
        after = runs.of(directory, program)
        if after.number == before.number:
            raise BenchError(f"{program}: it didn't run")
        found[name] = (after.ns - before.ns) / (after.number - before.number)
    return found


@contextmanager
def _stand(bench: Bench, peer: Peer) -> Iterator[Stand]:
    """A peer that is ready, in a network of its own."""
    second = str(IPv4Address(MAPPINGS.private) + 1)
    with rig_for(MAPPINGS, f"{peer.name}.") as rig, neighbour_of(rig, second) as host:
        sink(rig.client)
        site = Site(rig, MAPPINGS, bench.files.apart(peer.name), bench.programs)
        with traffic.answering(rig, bench.programs, MAPPINGS.private), peer.start(site):
            yield Stand(peer, site, host)
