"""tgw bill: what is to be paid for."""

import argparse
from collections.abc import Iterator
from typing import Any, Final

from gateway.cli.control import client, find_instance
from gateway.cli.output import print_json, print_table
from gateway.cli.verbs import Subparsers, command

HOUR_S: Final = 3600
IDLE: Final = "IDLE"  # in the place of a charge type: what an EIP costs that is bound to nothing


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = command(nouns, common, "bill", bill, json=True)
    parser.add_argument("--instance", metavar="INSTANCE", help="only this one's, by id or name")
    parser.add_argument("--hourly", action="store_true", help="the traffic of each hour")


def bill(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    word = arguments.instance
    # One that is gone is to be paid for, too, and has only its id.
    if word and not word.startswith("ins-"):
        word = find_instance(control, word)["InstanceId"]
    answer = control.call("DescribeUsage", InstanceId=word, Hourly=arguments.hourly)
    if arguments.json:
        print_json(answer)
    elif arguments.hourly:
        hours = ((usage["Hour"], *_row(usage)) for usage in answer["UsageSet"])
        print_table(("HOUR", *TITLES), hours)
    else:
        rows = [_row(usage) for usage in answer["UsageSet"]]
        print_table(TITLES, [*rows, *_idle_rows(answer["EipSet"])])


TITLES: Final = ("ADDRESS", "ID", "INSTANCE", "CHARGE TYPE", "HOURS", "BYTES OUT", "BYTES IN")


def _row(usage: dict[str, Any]) -> tuple[object, ...]:
    return (
        usage["AddressIp"],
        usage["AddressId"],
        usage["InstanceId"],
        usage["InternetChargeType"],
        _hours(usage["HeldSeconds"]),
        usage["OutBytes"],
        usage["InBytes"],
    )


def _idle_rows(eips: list[dict[str, Any]]) -> Iterator[tuple[object, ...]]:
    for eip in eips:
        if eip["IdleSeconds"]:
            hours = _hours(eip["IdleSeconds"])
            yield (eip["AddressIp"], eip["AddressId"], None, IDLE, hours, 0, 0)


def _hours(seconds: float) -> str:
    return f"{seconds / HOUR_S:.3f}"
