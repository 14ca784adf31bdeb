"""tgw lab up | down | status | graph."""

import argparse
from dataclasses import asdict, replace
from pathlib import Path

from gateway.cli.labs import places_of
from gateway.cli.output import MistakeError, print_json, print_table, progress
from gateway.cli.verbs import DEFAULT_LAB, TGW, Subparsers, noun, verb
from gateway.lab import graph as graphs
from gateway.lab import lifecycle
from gateway.lab.hosts import GATEWAY, INTERNET, Hosts
from gateway.lab.topology import Topology, TopologyError, known, saved


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    """Declare the noun `lab` with all its verbs."""
    verbs = noun(nouns, "lab")
    parser = verb(verbs, common, "up", up, "Build the lab, or repair what is missing of it")
    parser.add_argument("--topology", type=Path, metavar="FILE", help="a TOML file; see README")
    parser.add_argument(
        "--network-only",
        action="store_true",
        help="leave control and data plane to be started by others, such as systemd",
    )
    parser = verb(verbs, common, "down", down, "Remove all of the lab")
    parser.add_argument("--keep-state", action="store_true", help="keep the event log")
    verb(
        verbs, common, "status", status, "What there is of the lab; exits 0 if all of it", json=True
    )
    parser = verb(verbs, common, "graph", graph, "The topology as a drawing", needs_root=False)
    parser.add_argument("--format", choices=graphs.FORMATS, default="text")
    parser.add_argument("--topology", type=Path, metavar="FILE", help="of a lab that isn't up")


def up(arguments: argparse.Namespace) -> None:
    """Build the lab, or repair what is missing."""
    running = None if arguments.topology else known(places_of(arguments))
    topology = running or _topology(arguments)
    lifecycle.up(topology, TGW, network_only=arguments.network_only, say=progress)


def down(arguments: argparse.Namespace) -> None:
    """Remove the lab, with or without its state."""
    lifecycle.down(arguments.lab, keep_state=arguments.keep_state)


def status(arguments: argparse.Namespace) -> int:
    """Show, and exit 1 unless all is there."""
    found = lifecycle.status(arguments.lab)
    if arguments.json:
        print_json({"up": found.up, **asdict(found)})
    else:
        print(f"lab {found.lab} is {'up' if found.up else 'not up'}")
        roles = ((p.role, p.pid, p.ready, p.beat_age_s) for p in found.processes)
        workers = ((w.worker, w.pid, w.ready, w.beat_age_s) for w in found.workers)
        print_table(
            ("PROCESS", "PID", "READY", "HEARTBEAT"),
            (
                (name, pid, "yes" if ready else "no", _age(age_s))
                for name, pid, ready, age_s in (*roles, *workers)
            ),
        )
        print_table(
            ("HOST", "NAMESPACE"), ((h, Hosts(found.lab).namespace(h)) for h in found.hosts)
        )
        if found.hosts:
            print(f"fast path: {found.fastpath}")
        for difference in found.differences:
            print(f"not as it should be: {difference}")
    return 0 if found.up else 1


def _age(seconds: float | None) -> str | None:
    """Say how long ago it was; nothing for a process without a heartbeat."""
    return None if seconds is None else f"{seconds:.1f} s ago"


def graph(arguments: argparse.Namespace) -> None:
    """Print a drawing of the lab's topology and instances."""
    topology = None if arguments.topology else saved(places_of(arguments).run)
    instances = [host for host in Hosts(arguments.lab).names() if host not in (INTERNET, GATEWAY)]
    print(graphs.draw(topology or _topology(arguments), instances, arguments.format))


def _topology(arguments: argparse.Namespace) -> Topology:
    try:
        topology = Topology.load(arguments.topology) if arguments.topology else Topology()
    except TopologyError as error:
        raise MistakeError(str(error)) from error
    if arguments.topology and topology.name not in (DEFAULT_LAB, arguments.lab):
        raise MistakeError(
            f"{arguments.topology} is of lab {topology.name}: use --lab {topology.name}"
        )
    return replace(topology, name=arguments.lab)
