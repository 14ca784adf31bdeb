"""tgw replay: a capture through the rules, without root and without a lab."""

import argparse
import json
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from gzip import GzipFile
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from gateway.cli import files
from gateway.cli.output import EXIT_REFUSED, MistakeError, print_table
from gateway.cli.verbs import Subparsers, command
from gateway.engine import fast_replay
from gateway.engine.fast_replay import FastEngine, fast_engine
from gateway.engine.replay import DEFAULT_ENGINE, ENGINES, Engine, Replayed, replay
from gateway.nat import table_file
from gateway.nat.outcome import Direction
from gateway.nat.reasons import REASONS, Reason
from gateway.nat.table_file import TableFileError
from gateway.packet import capture, pcapng
from gateway.packet.frame import CaptureError, CutError, Frame
from gateway.telemetry.explanation import Explanation, verdict

COMPRESSED: Final = ".gz"


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command `tgw replay` and its options to the parser."""
    parser = command(
        nouns,
        common,
        "replay",
        run,
        needs_root=False,
    )
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
        "--engine",
        choices=sorted([*ENGINES, fast_replay.NAME]),
        default=DEFAULT_ENGINE,
        help="default %(default)s; fastpath runs the kernel's programs, and needs root",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object for each packet")
    parser.add_argument(
        "--explain",
        action="store_true",
        help="print a line for each packet: before, after, the rule and the reason",
    )
    parser.add_argument(
        "--pcap",
        type=Path,
        metavar="FILE",
        help="write each packet before and after, with reason, generation and slot as a comment "
        "that Wireshark shows (pcapng)",
    )
    parser.add_argument(
        "capture",
        type=Path,
        metavar="IN",
        help="pcap or pcapng, also compressed by gzip: Ethernet with VLAN tags, Linux cooked "
        "(tcpdump -i any), raw IP; '-' is standard input",
    )
    parser.add_argument(
        "output",
        type=Path,
        nargs="?",
        metavar="OUT",
        help="the accepted packets, translated, in order and in the format of IN; compressed if "
        "the name ends in .gz; '-' is standard output, and what is told goes to standard error",
    )


def run(arguments: argparse.Namespace) -> int:
    """Replay, and tell once the outputs are in their places; explanations come as they go."""
    with files.mistakes_about(arguments.table, TableFileError):
        table = table_file.load(arguments.table)
    outputs = [path for path in (arguments.output, arguments.pcap) if path]
    taken = [path for path in outputs if files.is_stdout(path)]
    if len(taken) > 1:
        raise MistakeError("standard output can take one capture only")
    report = sys.stderr if taken else sys.stdout
    direction = Direction[arguments.direction.upper()]
    explanation = Explanation(table, direction)
    frames = _Frames(arguments.capture)
    reasons = array("B")  # a capture may have very many packets
    with ExitStack() as stack:
        write, note = _outputs(arguments, explanation, stack)
        frames.open(stack, write)
        engine = _engine(arguments.engine, stack)
        for one in replay(frames, engine, table, direction):
            reasons.append(one.outcome.reason)
            if one.sent:
                write(one.sent.record)
            note(one)
            if arguments.explain:
                _explain(explanation, len(reasons), one, arguments, report)
    if not arguments.explain:
        (_print_packets if arguments.json else _print_summary)(reasons, report)
    if isinstance(engine, FastEngine) and not arguments.json:
        print(f"{engine.decided[True]} of them decided by the fast path", file=report)
    if frames.cut:
        report.flush()
        print(f"tgw: {arguments.capture}: {frames.cut}; what is whole was read", file=sys.stderr)
    return EXIT_REFUSED if frames.cut else 0


def _engine(name: str, stack: ExitStack) -> Engine:
    """The engine of this name. What it holds is given back at the end of the stack."""
    return stack.enter_context(fast_engine()) if name == fast_replay.NAME else ENGINES[name]


def _outputs(
    arguments: argparse.Namespace, explanation: Explanation, stack: ExitStack
) -> tuple[Callable[[bytes], None], Callable[[Replayed], None]]:
    """What writes the translated packets, and what writes all packets with comments."""
    write: Callable[[bytes], None] = _ignore
    note: Callable[[Replayed], None] = _ignore
    if arguments.output:
        write = _writer(arguments.output, stack)
    if arguments.pcap:
        noted = pcapng.Writer(_writer(arguments.pcap, stack))

        def note(one: Replayed) -> None:
            comment = explanation.comment(one.outcome)
            for name, frame in (("before", one.frame), ("after", one.sent)):
                if frame:
                    noted.write(frame, f"{name}: {comment}")

    return write, note


def _ignore(_: object) -> None:
    """Take the place of an output that was not asked for."""


def _writer(path: Path, stack: ExitStack) -> Callable[[bytes], None]:
    """What writes to a file that replaces `path` in the end; its failures are said of the path."""
    stack.enter_context(files.mistakes_about(path))
    file: BinaryIO | GzipFile = stack.enter_context(files.replacing(path))
    if path.suffix == COMPRESSED:
        file = stack.enter_context(GzipFile(filename="", mode="wb", fileobj=file, mtime=0))

    def write(raw: bytes) -> None:
        with files.mistakes_about(path):
            file.write(raw)

    return write


class _Frames:
    """The frames of a capture up to where it is cut; what is wrong with it is said of its name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._frames: Iterable[Frame] = ()
        self.cut = ""  # where, if it is

    def open(self, stack: ExitStack, others: Callable[[bytes], None]) -> None:
        """`others` is given what else is in the file."""
        with files.mistakes_about(self._path):
            file = stack.enter_context(files.reading(self._path))
        self._frames = capture.read(file, others)

    def __iter__(self) -> Iterator[Frame]:
        with files.mistakes_about(self._path, CaptureError):
            try:
                yield from self._frames
            except CutError as error:
                self.cut = str(error)


def _explain(
    explanation: Explanation,
    number: int,
    one: Replayed,
    arguments: argparse.Namespace,
    report: TextIO,
) -> None:
    if arguments.json:
        line = json.dumps(explanation.as_json(number, *one), separators=(",", ":"))
    else:
        line = explanation.as_line(number, *one)
    with files.mistakes_about(Path("standard output")):
        print(line, file=report)


def _print_packets(reasons: Sequence[int], report: TextIO) -> None:
    for index, reason in enumerate(map(REASONS.__getitem__, reasons)):
        line = {"index": index, "verdict": verdict(reason), "reason": reason.label}
        print(json.dumps(line, separators=(",", ":")), file=report)


def _print_summary(reasons: Sequence[int], report: TextIO) -> None:
    counted = Counter(map(REASONS.__getitem__, reasons))
    print(f"{counted[Reason.TRANSLATED]} of {len(reasons)} packets accepted", file=report)
    print_table(
        ("REASON", "PACKETS", "VERDICT"),
        ((reason.label, counted[reason], verdict(reason)) for reason in sorted(counted)),
        report,
    )
