"""`scripts/bench`: measures every peer, and writes what came of it."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from bench import changed, chart, flooded, lineup, machine, promises, report, rig, ways, work
from bench.lineup import Peer
from bench.mappings import Files, Mappings
from bench.ours import COMPILED_ENGINE, FIRST_ENGINE
from bench.plan import FULL, QUICK, Plan
from bench.processes import BenchError
from bench.samples import Sample, Samples

DOCS: Final = Path(__file__).parents[2] / "docs"
DOCUMENT: Final = DOCS / "performance.md"
PICTURE: Final = DOCS / "performance.svg"
FLOODS: Final = "floods"  # the names of these tables, where peers are named
CHANGES: Final = "changes"
TABLES: Final = {FLOODS, CHANGES}
ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmark; its exit status."""
    parser = _parser()
    options = parser.parse_args(words)
    unknown = set(options.only) - {peer.name for peer in _all_peers()} - TABLES
    if unknown:
        parser.error(f"no such peer: {', '.join(sorted(unknown))}")
    if not machine.is_root():
        return _fail("must run as root, as it makes network namespaces")
    for number in ENDING:
        signal.signal(number, _interrupt)
    try:
        rig.remove_stale()
        with rig.directory_of_files() as directory:
            return _bench(options, directory)
    except KeyboardInterrupt:
        return _fail("interrupted", status=130)
    except OSError as error:
        return _fail(f"{error.filename or 'the kernel'}: {error.strerror}")
    except BenchError as error:
        return _fail(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure the gateway beside its peers, in namespaces of its own, and write "
        "docs/performance.md and docs/performance.svg.",
    )
    parser.add_argument("--quick", action="store_true", help="some seven minutes, rough figures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples there, too")
    parser.add_argument(
        "--only",
        metavar="NAME,…",
        type=lambda names: names.split(","),
        default=[],
        help="only these peers; prints the tables and leaves the documents alone: "
        + ", ".join([*(peer.name for peer in _all_peers()), *sorted(TABLES)]),
    )
    return parser


def _bench(options: argparse.Namespace, directory: Path) -> int:
    plan = QUICK if options.quick else FULL
    wanted = set(options.only) or TABLES
    peers = [] if options.only and wanted <= TABLES else _present(_chosen(options.only))
    if options.json:
        options.json.touch()  # better to know now than in half an hour
    _say("compiling the programs in tests/bench/peers")
    lineup.compile_programs(directory)
    bench = work.Bench(plan, Files(directory), directory, _say)
    began = time.monotonic()
    samples = _measured(bench, peers)
    samples.add(*ways.measure(bench, [peer for peer in peers if peer.name in ways.NAMES]))
    if FLOODS in wanted:
        samples.add(*_measured_floods(bench))
    if CHANGES in wanted:
        for mappings in plan.changed:
            samples.add(*changed.measure(mappings))
            _say(f"changes to {mappings:,} mappings")
    facts = machine.describe()
    kept = promises.kept(samples, _best(peers))
    if options.json:
        options.json.write_text(_as_json(samples, plan, facts))
    parts = report.sections(samples, peers, plan, facts, kept)
    print("\n\n".join(parts.values()))
    if not options.only:
        report.write(DOCUMENT, parts)
        PICTURE.write_text(chart.svg(chart.panels(samples, peers), _caption(plan, facts)))
        _say(f"wrote {DOCUMENT.name} and {PICTURE.name} in docs/")
    _say(f"done after {time.monotonic() - began:.0f} s")
    return 0


def _measured(bench: work.Bench, peers: Sequence[Peer]) -> Samples:
    """Every peer in each round; each round begins with another one."""
    samples = Samples()
    plan = bench.plan
    for number in range(1, plan.rounds + 1) if peers else ():
        turn = (number - 1) % len(peers)
        for peer in (*peers[turn:], *peers[:turn]):
            for count in (1, *plan.tables):
                if count <= peer.mappings_max:
                    found = work.measure(bench, peer, number, Mappings(count))
                    samples.add(*found)
                    _say(f"round {number}/{plan.rounds}  {peer.title}, {_gist(found, count)}")
    return samples


def _measured_floods(bench: work.Bench) -> list[Sample]:
    """Each protection in each round, one after the other; what can't run here is left out."""
    found: list[Sample] = []
    able = [peer for peer in lineup.protections() if not peer.lacking]
    for number in range(1, bench.plan.rounds + 1):
        for peer in able if number % 2 else reversed(able):
            found += flooded.measure(bench, peer, number)
            bench.say(f"round {number}/{bench.plan.rounds}  {peer.title}: floods")
    return found


def _gist(found: Sequence[Sample], count: int) -> str:
    wanted = work.with_mappings(work.PPS, count)
    rates = [report.number(sample.value) for sample in found if sample.work == wanted]
    mappings = "1 mapping" if count == 1 else f"{count:,} mappings"
    return f"{mappings}: {rates[0]} packets/s" if rates else f"{mappings}: nothing"


def _all_peers() -> list[Peer]:
    return lineup.peers(lineup.several_queues())


def _chosen(only: Sequence[str]) -> list[Peer]:
    return [peer for peer in _all_peers() if not only or peer.name in only]


def _present(peers: Sequence[Peer]) -> list[Peer]:
    for peer in peers:
        if peer.lacking:
            _say(f"without {peer.title}: {peer.lacking}")
    present = [peer for peer in peers if not peer.lacking]
    if not present:
        raise BenchError("none of these can be measured here")
    return present


def _best(peers: Sequence[Peer]) -> str:
    """The engine that the promises are about."""
    names = [peer.name for peer in peers]
    fast = f"{COMPILED_ENGINE}-1"
    return fast if fast in names else f"{FIRST_ENGINE}-1"


def _as_json(samples: Samples, plan: Plan, facts: dict[str, str]) -> str:
    rows = [sample._asdict() for sample in samples.all]
    content = {"run": plan.name, "rounds": plan.rounds, "machine": facts, "samples": rows}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _caption(plan: Plan, facts: dict[str, str]) -> str:
    return (
        f"{facts['processor']}, Linux {facts['kernel']}; medians of {plan.rounds} rounds, "
        "lines from the least to the greatest"
    )


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def _fail(text: str, status: int = 1) -> int:
    print(f"scripts/bench: {text}", file=sys.stderr)
    return status


def _interrupt(*_: object) -> NoReturn:
    """Take everything down; a second signal doesn't stop that."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
