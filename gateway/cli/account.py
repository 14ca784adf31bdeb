"""tgw account: the account's settings, which the operator may change."""

import argparse

from gateway.cli.control import client
from gateway.cli.output import print_json, print_table
from gateway.cli.verbs import Subparsers, command, whole
from gateway.control.values import Behaviour


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = command(nouns, common, "account", account, json=True)
    parser.add_argument(
        "--behaviour",
        choices=[behaviour.value.lower() for behaviour in Behaviour],
        help="whether the system or the user takes care of ordinary public IPs beside EIPs",
    )
    parser.add_argument("--eips-max", type=whole, metavar="N", help="how many EIPs it may have")
    parser.add_argument(
        "--applications-max", type=whole, metavar="N", help="for how many it may apply in a day"
    )


def account(arguments: argparse.Namespace) -> None:
    given = {
        "Behaviour": arguments.behaviour and arguments.behaviour.upper(),
        "EipsMax": arguments.eips_max,
        "ApplicationsMax": arguments.applications_max,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    answer = client(arguments).call("ConfigureAccount", **changes)
    if arguments.json:
        print_json(answer)
    else:
        print_table(
            ("BEHAVIOUR", "EIPS MAX", "APPLICATIONS MAX"),
            [(answer["Behaviour"], answer["EipsMax"], answer["ApplicationsMax"])],
        )
