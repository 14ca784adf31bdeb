"""tgw block, tgw unblock: seal a public address for a time, as the cloud does against attacks."""

import argparse
import re
from typing import Final

from gateway.cli.control import client, find_public
from gateway.cli.output import print_json, print_table
from gateway.cli.verbs import Subparsers, command

SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
DURATION: Final = re.compile(f"([0-9]{{1,9}})([{''.join(SECONDS)}])")


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = command(
        nouns,
        common,
        "block",
        block,
        json=True,
    )
    _add_address(parser, nargs="?")
    parser.add_argument(
        "--for",
        dest="seconds",
        type=_duration,
        default="2h",
        metavar="TIME",
        help="such as 90s, 30m, 2h or 3d (default %(default)s)",
    )
    parser = command(nouns, common, "unblock", unblock, json=True)
    _add_address(parser)


def block(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    address = None
    if arguments.address is not None:
        address = find_public(control, arguments.address)
        control.call("BlockAddress", Address=address, Seconds=arguments.seconds)
    blocked = control.call("DescribeBlockedAddresses")["BlockedAddressSet"]
    rows = [row for row in blocked if address in (None, row["Address"])]
    if arguments.json:
        print_json({"BlockedAddressSet": rows})
    else:
        print_table(
            ("ADDRESS", "ID", "BLOCKED UNTIL"),
            ((row["Address"], row["AddressId"], row["BlockedUntil"]) for row in rows),
        )


def unblock(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    address = find_public(control, arguments.address)
    answer = control.call("OpenAddress", Address=address)
    if arguments.json:
        print_json(answer)
    else:
        print(f"{address} is open")


def _add_address(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    parser.add_argument(
        "address", metavar="ADDRESS", nargs=nargs, help="a public address, or an EIP's id or name"
    )


def _duration(text: str) -> int:
    found = DURATION.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 90s, 30m, 2h or 3d")
    return int(found[1]) * SECONDS[found[2]]
