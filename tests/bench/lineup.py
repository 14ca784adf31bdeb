"""Who is measured: each peer's name, how it is started, and why it may be missing."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench import ours
from bench.mappings import Files, Mappings
from bench.processes import BenchError, Program, eventually, run, run_in, started
from bench.rig import HOST_LINK, LAN, UPLINK, UPLINK_ADDRESS, Rig, macs

from gateway.dataplane import queues
from gateway.exchange import generations
from gateway.net import namespace
from gateway.net.links import Links
from gateway.net.plan import Route
from gateway.steering import early, kernel

PROGRAMS: Final = Path(__file__).with_name("peers")
SOURCES: Final = {
    "flood": (),
    "pingpong": (),
    "udp_stream": (),
    "nfq_c": ("-lnetfilter_queue", "-lnfnetlink"),
}
MILLION: Final = 1_000_000
START_WITHIN_S: Final = 60.0  # a million mappings
GENERATION: Final = 1

STATEFUL: Final = f"""
chain in {{
  type nat hook prerouting priority dstnat;
  iifname "{UPLINK}" dnat to ip daddr map @inbound
}}
chain out {{
  type nat hook postrouting priority srcnat;
  oifname "{UPLINK}" snat to ip saddr map @outbound
}}
"""
STATELESS: Final = f"""
chain in {{
  type filter hook prerouting priority raw;
  notrack
  iifname "{UPLINK}" ip daddr set ip daddr map @inbound
}}
chain out {{
  type filter hook postrouting priority 0;
  oifname "{UPLINK}" ip saddr set ip saddr map @outbound
}}
"""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a peer is started: the network, the mappings, the files, the compiled programs."""

    rig: Rig
    mappings: Mappings
    files: Files
    programs: Path


Start = Callable[[Site], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to do 1:1 NAT, or none."""

    name: str
    title: str
    start: Start
    lacking: str = ""  # why it can't be measured here
    translates: bool = True
    mappings_max: int = MILLION
    queues: int = 0  # 0: no process of its own
    is_ours: bool = False

    def target(self, mappings: Mappings) -> str:
        """Where the client sends to: without NAT, to the private addresses themselves."""
        return mappings.public if self.translates else mappings.private


def peers(several: int) -> list[Peer]:
    """All of them; `several` is how many queues ours are measured with, besides one."""
    return [
        Peer("plain", "plain forwarding, no NAT", lambda _: nullcontext(), translates=False),
        Peer("nft-stateless", "kernel: nft, stateless", _kernel(STATELESS)),
        Peer("nft-stateful", "kernel: nft with conntrack", _kernel(STATEFUL)),
        Peer("nfq-c", "libnetfilter_queue in C", queued(_c_program), queues=1),
        Peer(
            "nfq-python",
            "NetfilterQueue, plain Python",
            queued(_python_program("nfq_python")),
            queues=1,
        ),
        Peer(
            "nfq-scapy",
            "NetfilterQueue, Scapy",
            queued(_python_program("nfq_scapy")),
            mappings_max=1,
            queues=1,
        ),
        _ours(ours.FIRST_ENGINE, 1),
        _ours(ours.COMPILED_ENGINE, 1),
        _ours(ours.COMPILED_ENGINE, several),
        fast_path(),
    ]


def compile_programs(directory: Path) -> None:
    """Put the programs in C there. Raises `BenchError`."""
    for name, libraries in SOURCES.items():
        source, program = PROGRAMS / f"{name}.c", directory / name
        run(["gcc", "-O2", "-Wall", "-Wextra", "-o", str(program), str(source), *libraries])


def fast_path() -> Peer:
    """The batch engine with the kernel's fast path beside it.

    It carries to a link what is to the link's own instance.
    """

    def program(site: Site) -> Sequence[str]:
        return [*_words(site, ours.COMPILED_ENGINE, 1), site.rig.gateway]

    def is_carrying(site: Site, running: Program) -> bool:
        directory = site.files.published(site.mappings)
        return ours.is_in_service(directory, running.pid) and ours.is_carrying(directory)

    @contextmanager
    def start(site: Site) -> Iterator[None]:
        with Links(site.rig.gateway) as links:
            mac = macs(site.rig.server)[HOST_LINK]
            links.neighbour(LAN, site.mappings.private, mac)
            links.put(Route(f"{site.mappings.private}/32", link=LAN))
        try:
            with queued(program, is_carrying, protected=True)(site):
                if site.mappings.count > site.mappings.hosts:
                    ours.lead_all_to(site.files.published(site.mappings), site.mappings.private)
                yield
        finally:
            ours.forget_fast_path(site.files.published(site.mappings), site.rig.gateway)

    lacking = ours.lacking(ours.COMPILED_ENGINE)
    title = "tgw, the fast path, and batch"
    return Peer("fast-path", title, start, lacking, queues=1, is_ours=True)


def protections() -> list[Peer]:
    """Our batch engine without what protects one address from a flood at another, and with it.

    And the fast path, which leaves the engine little of a flood.
    """
    return [
        replace(
            _ours(ours.COMPILED_ENGINE, 1, protected=False),
            name="unprotected",
            title="tgw, batch, 1 queue, unprotected",
        ),
        _ours(ours.COMPILED_ENGINE, 1),
        fast_path(),
    ]


def _ours(engine: str, count: int, *, protected: bool = True) -> Peer:
    def program(site: Site) -> Sequence[str]:
        return _words(site, engine, count)

    def is_in_service(site: Site, running: Program) -> bool:
        directory = site.files.published(site.mappings)
        late = generations.laggards(directory, GENERATION)
        return ours.is_in_service(directory, running.pid) and not late

    noun = "queue" if count == 1 else "queues"
    return Peer(
        f"{engine}-{count}",
        f"tgw, {engine}, {count} {noun}",
        queued(program, is_in_service, protected=protected),
        lacking=ours.lacking(engine),
        # What the number of mappings costs doesn't depend on how many queues there are.
        mappings_max=MILLION if count == 1 else 1,
        queues=count,
        is_ours=True,
    )


def _words(site: Site, engine: str, count: int) -> Sequence[str]:
    directory, pool = site.files.published(site.mappings), site.mappings.pool
    words = [str(directory), engine, str(count), UPLINK, UPLINK_ADDRESS, pool]
    return [sys.executable, "-P", ours.__file__, *words]


def _c_program(site: Site) -> Sequence[str]:
    return [str(site.programs / "nfq_c"), str(site.files.pairs(site.mappings))]


def _python_program(name: str) -> Callable[[Site], Sequence[str]]:
    def program(site: Site) -> Sequence[str]:
        pairs = str(site.files.pairs(site.mappings))
        return [sys.executable, str(PROGRAMS / f"{name}.py"), pairs]

    return program


def _kernel(chains: str) -> Start:
    """The kernel's own NAT: a ruleset, no process."""

    @contextmanager
    def start(site: Site) -> Iterator[None]:
        ruleset = str(site.files.nft(site.mappings, chains))
        run_in(site.rig.gateway, ["nft", "-f", ruleset], within_s=START_WITHIN_S)
        yield

    return start


def queued(
    program: Callable[[Site], Sequence[str]],
    is_ready: Callable[[Site, Program], bool] = lambda _site, _running: True,
    *,
    protected: bool = False,
) -> Start:
    """A program behind the rules that production has; by itself it serves queue 0.

    If it is `protected`, what is to none of the mappings is dropped before the queue.
    """

    @contextmanager
    def start(site: Site) -> Iterator[None]:
        command = program(site)
        with namespace.inside(site.rig.gateway):
            kernel.install(ours.steering_for(UPLINK, UPLINK_ADDRESS, site.mappings.pool))
            if protected:
                early.fill([site.mappings.pool], site.mappings.places(), GENERATION)
        with started(site.rig.gateway, command) as running:
            eventually(
                lambda: _is_bound(site, running) and is_ready(site, running),
                within_s=START_WITHIN_S,
                what=f"{Path(command[0]).name} takes no packets",
            )
            try:
                yield
            finally:
                if not running.is_alive():  # that explains whatever failed
                    raise BenchError(running.complaint())

    return start


def _is_bound(site: Site, running: Program) -> bool:
    """Whether a queue is served. Raises `BenchError` if the program has ended."""
    if not running.is_alive():
        raise BenchError(running.complaint())
    with namespace.inside(site.rig.gateway):
        return bool(queues.queues())


def waiting(rig: Rig) -> int:
    """How many packets wait in the gateway's queues."""
    with namespace.inside(rig.gateway):
        return sum(queue.waiting for queue in queues.queues())


def several_queues() -> int:
    """As many as there are processors, two at least."""
    return max(2, os.cpu_count() or 2)
