"""tgw trace: each packet before and after, and why, live."""

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

from gateway.cli import files
from gateway.cli.labs import places_up
from gateway.cli.verbs import Subparsers, command
from gateway.engine.listeners import TraceRecord
from gateway.nat.reasons import Reason
from gateway.packet import pcapng
from gateway.packet.frame import Frame
from gateway.telemetry import explanation, live_trace


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command `tgw trace` and its options to the parser."""
    parser = command(
        nouns,
        common,
        "trace",
        run,
        json=True,
    )
    parser.add_argument(
        "--public", type=_address, metavar="ADDRESS", help="only packets of this public address"
    )
    parser.add_argument(
        "--private", type=_address, metavar="ADDRESS", help="only packets of this private address"
    )
    parser.add_argument("--drops", action="store_true", help="only packets that are dropped")
    parser.add_argument("-c", type=_count, dest="count", metavar="N", help="end after N packets")
    parser.add_argument(
        "--pcap",
        type=Path,
        metavar="FILE",
        help="write packets before and after to a capture, with reason, generation and slot as a "
        "comment that Wireshark shows (pcapng); '-' is standard output",
    )


def run(arguments: argparse.Namespace) -> None:
    """Show packets until there were enough, or Ctrl-C."""
    directory = places_up(arguments).run
    addresses = live_trace.PublishedAddresses(directory)
    left = arguments.count
    captured = arguments.pcap and files.is_stdout(arguments.pcap)
    report = sys.stderr if captured else sys.stdout
    with ExitStack() as stack:
        keep = _recorder(arguments.pcap, stack) if arguments.pcap else None
        for record in stack.enter_context(live_trace.listening(directory)):
            if record is None or not _is_wanted(record, arguments):
                continue
            if arguments.json:
                told = live_trace.as_json(record, addresses.at(record.generation))
                line = json.dumps(told)
            else:
                line = live_trace.as_lines(record)
            print(line, file=report, flush=True)
            if keep:
                keep(record)
            left = None if left is None else left - 1
            if left == 0:
                return


def _is_wanted(record: TraceRecord, arguments: argparse.Namespace) -> bool:
    if arguments.drops and record.outcome.reason is Reason.TRANSLATED:
        return False
    addresses = {address for address in (arguments.public, arguments.private) if address}
    return not addresses or live_trace.concerns(record, addresses)


def _recorder(path: Path, stack: ExitStack) -> Callable[[TraceRecord], None]:
    """What writes a record's packets to the capture: raw IP, the one before and the one after."""
    with files.mistakes_about(path):
        file = stack.enter_context(files.writing(path))
    writer = pcapng.Writer(file.write)

    def keep(record: TraceRecord) -> None:
        comment = explanation.comment(record.direction, record.outcome, record.generation)
        with files.mistakes_about(path):
            for name, packet in (("before", record.before), ("after", record.after)):
                if packet:
                    writer.write(Frame(record.at, len(packet), b"", packet), f"{name}: {comment}")
            file.flush()

    return keep


def _address(text: str) -> int:
    try:
        return int(IPv4Address(text))
    except AddressValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no IPv4 address") from error


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of packets: 1 or more is")
    return int(text)
