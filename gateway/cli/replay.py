"""tgw replay: a capture through the rules, without root and without a lab."""

import argparse
import contextlib
import json
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from gateway.cli.output import MistakeError, print_table
from gateway.cli.verbs import Subparsers, verb
from gateway.engine.replay import DEFAULT_ENGINE, ENGINES, Engine, replay
from gateway.nat import table_file
from gateway.nat.outcome import Direction
from gateway.nat.reasons import Reason
from gateway.nat.table import Table
from gateway.nat.table_file import TableFileError
from gateway.packet.pcap import Captured, PcapError, Reader, Writer


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = verb(nouns, common, "replay", run, "A capture through the rules: no lab, no root")
    parser.add_argument(
        "--table",
        type=Path,
        required=True,
        metavar="TABLE.json",
        help='mappings: {"mappings": [{"public": "203.0.113.10", "private": "10.0.0.2"}]}; '
        "what 'tgw table --json' prints will do",
    )
    parser.add_argument(
        "--direction",
        choices=[direction.name.lower() for direction in Direction],
        required=True,
        help="of all packets of the capture, seen from the instances",
    )
    parser.add_argument(
        "--engine", choices=sorted(ENGINES), default=DEFAULT_ENGINE, help="default %(default)s"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object for each packet")
    parser.add_argument(
        "capture", type=Path, metavar="IN.pcap", help="of Ethernet frames, or raw IP"
    )
    parser.add_argument(
        "output", type=Path, metavar="OUT.pcap", help="the accepted packets, translated, in order"
    )


def run(arguments: argparse.Namespace) -> None:
    """Replay, and tell only once the output is in its place."""
    with _mistakes_about(arguments.table):
        table = table_file.load(arguments.table)
    reasons = _replay(
        arguments.capture,
        arguments.output,
        ENGINES[arguments.engine],
        table,
        Direction[arguments.direction.upper()],
    )
    if arguments.json:
        _print_packets(reasons)
    else:
        _print_summary(reasons)


def _replay(
    source: Path, target: Path, engine: Engine, table: Table, direction: Direction
) -> list[Reason]:
    reasons = []
    with contextlib.ExitStack() as stack:
        with _mistakes_about(source):
            capture = Reader(stack.enter_context(source.open("rb")))
        stack.enter_context(_mistakes_about(target))
        writer = Writer(stack.enter_context(_replacing(target)), capture.format)
        for outcome, sent in replay(_packets(source, capture), engine, table, direction):
            reasons.append(outcome.reason)
            if sent:
                writer.write(sent)
    return reasons


def _packets(source: Path, capture: Reader) -> Iterator[Captured]:
    """Its own generator, so that what goes wrong in reading isn't said of the output."""
    with _mistakes_about(source):
        yield from capture


@contextlib.contextmanager
def _mistakes_about(path: Path) -> Iterator[None]:
    """What is wrong with a file is a mistake of the command line that names it."""
    try:
        yield
    except (PcapError, TableFileError) as error:
        raise MistakeError(f"{path}: {error}") from error
    except OSError as error:
        raise MistakeError(f"{path}: {error.strerror or error}") from error


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when the block ends well, and leaves no trace else.

    So `path` may be the very file that is read. What isn't a plain file, such as /dev/null, is
    written as it is: a rename would put a file in its place.
    """
    path = Path(os.path.realpath(path))  # a link stays one
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    fresh = path.with_name(f".tgw-replay-{secrets.token_hex(8)}")
    file = fresh.open("xb")
    try:
        with file:
            if path.exists():
                path.open("ab").close()  # a rename would replace one that we may not write
                shutil.copymode(path, fresh)
            yield file
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _print_packets(reasons: Sequence[Reason]) -> None:
    for index, reason in enumerate(reasons):
        line = {"index": index, "verdict": _verdict(reason), "reason": reason.label}
        print(json.dumps(line, separators=(",", ":")))


def _print_summary(reasons: Sequence[Reason]) -> None:
    counted = Counter(reasons)
    print(f"{counted[Reason.TRANSLATED]} of {len(reasons)} packets accepted")
    print_table(
        ("REASON", "PACKETS", "VERDICT"),
        ((reason.label, counted[reason], _verdict(reason)) for reason in sorted(counted)),
    )


def _verdict(reason: Reason) -> str:
    return "accept" if reason is Reason.TRANSLATED else "drop"
