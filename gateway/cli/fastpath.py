"""tgw fastpath auto | on | off | status."""

import argparse

from gateway.cli.labs import places_up
from gateway.cli.output import RefusedError, print_json, print_table
from gateway.cli.verbs import Subparsers, noun, verb
from gateway.dataplane import record
from gateway.dataplane.record import AUTO, OFF, ON
from gateway.fastpath.report import report
from gateway.site.restart import RestartError, restart


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    """Declare the noun `fastpath` with all its verbs."""
    verbs = noun(nouns, "fastpath")
    verb(verbs, common, "auto", switch_to_auto, "Carry it in the kernel where that can be had")
    verb(verbs, common, "on", switch_on, "Carry what is plain in the kernel, from now on")
    verb(verbs, common, "off", switch_off, "Carry all packets by the workers, from now on")
    verb(verbs, common, "status", status, "What the kernel carries, and what it leaves", json=True)


def switch_to_auto(arguments: argparse.Namespace) -> None:
    """Have the kernel carry what is plain, if it can, and say so if it can't."""
    _switch(arguments.lab, AUTO)


def switch_on(arguments: argparse.Namespace) -> None:
    """Have the kernel carry what is plain, from now on."""
    _switch(arguments.lab, ON)


def switch_off(arguments: argparse.Namespace) -> None:
    """Have the kernel carry nothing, and the workers all."""
    _switch(arguments.lab, OFF)


def _switch(lab: str, wanted: str) -> None:
    try:
        found = restart(lab, fastpath=wanted)
    except RestartError as error:
        raise RefusedError(str(error)) from error
    if found.fastpath != wanted and wanted != AUTO:
        raise RefusedError(f"the fast path isn't {wanted}: {found.fastpath}")
    print(f"lab {lab}: fast path {found.fastpath}")


def status(arguments: argparse.Namespace) -> None:
    """Show what the fast path does now, and has done."""
    run = places_up(arguments).run
    found, taken = report(run), record.load(run)
    passed = {why.label: count for why, count in found.passed.items()}
    if arguments.json:
        print_json(
            {
                "setting": taken.settings.fastpath,
                "state": taken.fastpath,
                "carries": found.carries,
                "watched": found.watched,
                "fast": found.fast,
                "all": found.all,
                "passed": passed,
            }
        )
        return
    print(f"fast path of lab {arguments.lab}: {taken.fastpath}, set to {taken.settings.fastpath}")
    if found.watched:
        print("somebody watches: all packets are left to the workers")
    if found.all:
        share = 100 * found.fast / found.all
        print(
            f"carried or dropped in the kernel: {found.fast} of {found.all} packets, {share:.1f} %"
        )
    print_table(("LEFT TO THE WORKERS", "PACKETS"), (row for row in passed.items() if row[1]))
