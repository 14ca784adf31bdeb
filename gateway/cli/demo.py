"""tgw demo: a lab of its own, ten steps, and the evidence of each."""

import argparse
import os
from dataclasses import asdict, replace

from gateway.cli.output import EXIT_REFUSED, print_json, progress
from gateway.cli.verbs import LAB_VARIABLE, TGW, Subparsers, command, lab_option
from gateway.lab import lifecycle
from gateway.lab.demo.stage import Told, stage
from gateway.lab.demo.steps import STEPS
from gateway.lab.topology import Topology

DEMO_LAB = "demo"
INDENT = "     "


def add(nouns: Subparsers, _common: argparse.ArgumentParser) -> None:
    """Declare the command, with a lab of its own."""
    common = lab_option(DEMO_LAB)
    parser = command(nouns, common, "demo", demo, json=True)
    parser.add_argument("--keep", action="store_true", help="leave the demo's lab up")


def demo(arguments: argparse.Namespace) -> int:
    """Build, show, and clean up; exits 1 if a step isn't as it should be."""
    lifecycle.down(arguments.lab)  # what an earlier --keep left
    told = []
    try:
        lifecycle.up(replace(Topology(), name=arguments.lab), TGW, say=progress)
        if not arguments.json:
            print(f"The commands below act on this lab: export {LAB_VARIABLE}={arguments.lab}\n")
        environment = os.environ | {LAB_VARIABLE: arguments.lab}
        with stage(arguments.lab, TGW, environment) as scene:
            for number, step in enumerate(STEPS, 1):
                told.append(scene.tell(step))
                if not arguments.json:
                    _print(number, told[-1])
    finally:
        if not arguments.keep:
            lifecycle.down(arguments.lab)
    failed = [one for one in told if not one.ok]
    if arguments.json:
        print_json([{"step": n, **asdict(one)} for n, one in enumerate(told, 1)])
    else:
        print(f"{len(told) - len(failed)} of {len(told)} steps as they should be")
        if arguments.keep:
            print(f"the lab stays up: try 'tgw instance list --lab {arguments.lab}'")
    return EXIT_REFUSED if failed else 0


def _print(number: int, told: Told) -> None:
    print(f"{'✓' if told.ok else '✗'} {number:>2}. {told.title}", flush=True)
    for shown in told.evidence:
        if shown.command:
            print(f"{INDENT}$ {shown.command}")
        for line in shown.output.splitlines():
            print(f"{INDENT}{line}".rstrip())
    print(flush=True)
