"""tgw trace: each packet before and after, and why, live."""

import argparse
import json
from collections.abc import Callable
from contextlib import ExitStack
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

from gateway.cli.output import need_root, topology_of
from gateway.cli.verbs import Subparsers, verb
from gateway.engine.trace import Record
from gateway.nat.reasons import Reason
from gateway.packet.pcap import Captured, Format, Writer
from gateway.telemetry import trace


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = verb(
        nouns,
        common,
        "trace",
        run,
        "Each packet before and after the rules, and why, live",
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
        "--pcap", type=Path, metavar="FILE", help="write packets before and after to a capture"
    )


def run(arguments: argparse.Namespace) -> None:
    """Show packets until there were enough, or Ctrl-C."""
    need_root()
    topology = topology_of(arguments)
    left = arguments.count
    with ExitStack() as stack:
        keep = _recorder(arguments.pcap, stack) if arguments.pcap else None
        for record in stack.enter_context(trace.listening(topology.site.places.run)):
            if record is None or not _is_wanted(record, arguments):
                continue
            if arguments.json:
                print(json.dumps(trace.as_json(record, topology.pool)), flush=True)
            else:
                print(trace.as_lines(record), flush=True)
            if keep:
                keep(record)
            left = None if left is None else left - 1
            if left == 0:
                return


def _is_wanted(record: Record, arguments: argparse.Namespace) -> bool:
    if arguments.drops and record.outcome.reason is Reason.TRANSLATED:
        return False
    addresses = {address for address in (arguments.public, arguments.private) if address}
    return not addresses or trace.concerns(record, addresses)


def _recorder(path: Path, stack: ExitStack) -> Callable[[Record], None]:
    """What writes a record's packets to the capture: raw IP, the one before and the one after."""
    file = stack.enter_context(path.open("wb"))
    writer = Writer(file, Format())

    def keep(record: Record) -> None:
        seconds, fraction = divmod(round(record.at * 1_000_000), 1_000_000)
        for packet in filter(None, (record.before, record.after)):
            writer.write(Captured(seconds, fraction, record.at, len(packet), b"", packet))
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
