"""tgw backup, tgw restore: a copy of the event log, and the way back."""

import argparse
import os
from pathlib import Path

from gateway.cli import files
from gateway.cli.labs import places_of
from gateway.cli.output import RefusedError, print_json
from gateway.cli.verbs import Subparsers, command
from gateway.lab.topology import saved
from gateway.store.backup import back_up, put_back


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the commands `tgw backup` and `tgw restore` to the parser."""
    parser = command(nouns, common, "backup", backup, json=True)
    _add_file(parser, "where to; one that is there is left alone", "replace a file that is there")
    parser = command(nouns, common, "restore", restore)
    _add_file(parser, "what 'tgw backup' wrote", "replace the event log that is there")


def _add_file(parser: argparse.ArgumentParser, which: str, force: str) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help=which)
    parser.add_argument("--force", action="store_true", help=force)


def backup(arguments: argparse.Namespace) -> None:
    """Copy the event log to a file, also while control works."""
    events = back_up(places_of(arguments).log, arguments.file, replace=arguments.force)
    if arguments.json:
        print_json({"file": os.path.realpath(arguments.file), "events": events})
    else:
        print(f"{arguments.file} has {events} events")


def restore(arguments: argparse.Namespace) -> None:
    """Put back. The lab must be down: what its data plane has in force is of the other log."""
    with files.mistakes_about(arguments.file):
        arguments.file.open("rb").close()
    places = places_of(arguments)
    if saved(places.run) is not None:
        raise RefusedError(
            f"lab {arguments.lab} is up: 'tgw lab down --keep-state' first, 'tgw lab up' after"
        )
    events = put_back(arguments.file, places.log, replace=arguments.force)
    print(f"the event log of lab {arguments.lab} has {events} events")
