"""The benchmark itself: short runs, that it measures everything and leaves nothing behind."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import flooded, lineup, rig, ways, work
from bench.lineup import Peer, queued
from bench.mappings import Files, Mappings
from bench.plan import Plan
from bench.work import Bench

from gateway.net import namespace

TINY = Plan(
    name="tiny",
    rounds=1,
    warm_s=0.05,
    flood_s=0.1,
    stream_s=1,
    idle_s=0.1,
    half_s=0.1,
    flooded_s=0.2,
    turns=1,
    slice_s=0.1,
    tables=(300,),
    changed=(),
    quiet_s=0.0,
)
ONE_MAPPING = {
    *(work.PPS, work.offered(work.PPS), work.PPS_FLOWS, work.offered(work.PPS_FLOWS)),
    *(work.STREAM_1, work.STREAM_8, work.IDLE_P50, work.IDLE_P99),
    *(work.HALF_RATE, work.HALF_P50, work.HALF_P99, work.HALF_LOST),
    *(work.CPU_OWN, work.CPU_MACHINE, work.MEMORY, work.MEMORY_PEAK, work.MEMORY_KERNEL),
}
TRIES = 5
PEERS = ["nft-stateful", "nfq-c", "netfilterqueue-1", "fast-path"]

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces and real packets"),
]


@pytest.fixture(scope="module")
def files() -> Iterator[Files]:
    """Where workers find them too, which give up root: pytest's own folders are closed to them."""
    with rig.directory_of_files() as directory:
        yield Files(directory)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("programs")
    lineup.compile_programs(directory)
    return directory


@pytest.mark.parametrize("name", PEERS)
def test_a_round_measures_everything(name: str, files: Files, programs: Path) -> None:
    said: list[str] = []
    bench = Bench(TINY, files, programs, said.append)
    (peer,) = (peer for peer in lineup.peers(2) if peer.name == name)
    wanted = ONE_MAPPING | {work.with_mappings(what, 300) for what in (work.PPS, work.MEMORY)}
    found: dict[str, float] = {}
    for number in range(1, TRIES + 1):  # on a busy machine a step fails now and then, and says so
        for mappings in (Mappings(1), Mappings(300)):
            samples = work.measure(bench, peer, number, mappings)
            found |= {sample.work: sample.value for sample in samples}
        if found.keys() >= wanted:
            break
    assert found.keys() >= wanted, said
    assert all(found[positive] > 0 for positive in (work.PPS, work.STREAM_1, work.IDLE_P50))
    assert namespace.names(f"{rig.PREFIX}.{os.getpid()}.") == []


def test_peers_that_stand_side_by_side_are_measured_on_all_ways(
    files: Files, programs: Path
) -> None:
    said: list[str] = []
    bench = Bench(TINY, files, programs, said.append)
    peers = [peer for peer in lineup.peers(2) if peer.name in ("plain", "fast-path")]
    found: dict[tuple[str, str], float] = {}
    wanted = {
        (peer.name, name)
        for peer in peers
        for name in (*ways.WAYS, ways.STREAM, ways.DATAGRAMS, ways.IDLE, ways.EQUAL)
    }
    wanted |= {("fast-path", name) for name, *_ in ways.PROGRAM_RUNS}
    for _ in range(TRIES):
        samples = ways.measure(bench, peers)
        found |= {(sample.peer, sample.work): sample.value for sample in samples}
        if found.keys() >= wanted:
            break
    assert found.keys() >= wanted, said
    assert all(found[each] > 0 for each in wanted)
    assert namespace.names(f"{rig.PREFIX}.{os.getpid()}.") == []


@pytest.mark.parametrize("name", ["batch-1", "fast-path"])
def test_each_flood_is_measured(name: str, files: Files, programs: Path) -> None:
    said: list[str] = []
    bench = Bench(TINY, files, programs, said.append)
    (peer,) = (peer for peer in lineup.protections() if peer.name == name)
    wanted = {*flooded.WORKS, flooded.trip(flooded.QUIET)}
    found: dict[str, float] = {}
    for number in range(1, TRIES + 1):
        found |= {sample.work: sample.value for sample in flooded.measure(bench, peer, number)}
        if found.keys() >= wanted:
            break
    assert found.keys() >= wanted, said
    assert all(0 <= found[work] <= 1 for work in flooded.WORKS)
    assert found[flooded.trip(flooded.QUIET)] > 0
    assert all(found[flooded.offered(work)] > 0 for work in flooded.FLOODED)
    assert namespace.names(f"{rig.PREFIX}.{os.getpid()}.") == []


def test_a_peer_that_ends_is_said_to_and_left_out(files: Files, programs: Path) -> None:
    said: list[str] = []
    bench = Bench(TINY, files, programs, said.append)
    broken = Peer("broken", "broken", queued(lambda _: ["sh", "-c", "echo no table; exit 3"]))
    assert work.measure(bench, broken, 1, Mappings(1)) == []
    assert said == ["broken: the machine is busy with something else", "broken: sh: no table"]
    assert namespace.names(f"{rig.PREFIX}.{os.getpid()}.") == []
