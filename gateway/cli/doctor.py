"""tgw doctor: what this machine offers, a line each."""

import argparse
from dataclasses import asdict

from gateway.cli.output import EXIT_REFUSED, print_json
from gateway.cli.verbs import Subparsers, command
from gateway.lab import resources
from gateway.site import doctor


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    """Declare the command and its one own option."""
    parser = command(
        nouns,
        common,
        "doctor",
        examine,
        json=True,
        needs_root=False,
    )
    parser.add_argument("--quiet", action="store_true", help="only what is needed and missing")


def examine(arguments: argparse.Namespace) -> int:
    """Look, tell, and exit 1 if something needed is missing."""
    findings = [*doctor.examine(), _bounds()]
    bad = [finding for finding in findings if finding.bad]
    if arguments.json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in bad if arguments.quiet else findings:
            print(_line(finding))
    return EXIT_REFUSED if bad else 0


def _bounds() -> doctor.Finding:
    return doctor.Finding(
        "control groups, for the processors and the memory of instances",
        resources.are_bounded(),
        "an instance may use all that the machine has, and its use isn't counted",
        needed=False,
    )


def _line(finding: doctor.Finding) -> str:
    if finding.present:
        return f"ok       {finding.subject}"
    word = "MISSING" if finding.needed else "no"
    return f"{word:<8} {finding.subject}: {finding.advice}".rstrip(": ")
