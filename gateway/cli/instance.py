"""tgw instance run | list | show | start | stop | reboot | terminate."""

import argparse
from typing import Any

from gateway.cli.control import client, find_instance
from gateway.cli.output import print_json, print_table
from gateway.cli.verbs import Run, Subparsers, noun, verb
from gateway.control.values import INSTANCE_BANDWIDTH_MAX_MBPS, ChargeType

VERBS = {
    "start": ("StartInstances", "Switch a stopped instance on"),
    "stop": ("StopInstances", "Switch an instance off; it keeps its addresses"),
    "reboot": ("RebootInstances", "Switch an instance off and on"),
    "terminate": ("TerminateInstances", "End an instance: its ordinary public IP is released"),
}


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    """Declare the noun."""
    verbs = noun(nouns, "instance", "Run, look at and end instances")
    parser = verb(
        verbs, common, "run", run, "Run an instance; returns when it is reachable", json=True
    )
    parser.add_argument("--name", default="", help="a name to call it by")
    parser.add_argument(
        "--bandwidth",
        type=int,
        default=0,
        metavar="MBPS",
        help="public bandwidth bought; above 0 the system assigns a public IP (default 0)",
    )
    parser.add_argument(
        "--charge-type",
        choices=[kind.value for kind in INSTANCE_BANDWIDTH_MAX_MBPS],
        default=ChargeType.TRAFFIC_POSTPAID_BY_HOUR.value,
        help="how public traffic is paid for (default %(default)s)",
    )
    verb(verbs, common, "list", show_all, "List the instances", json=True)
    parser = verb(verbs, common, "show", show, "Show one instance", json=True)
    _add_instance(parser)
    for name, (action, help_line) in VERBS.items():
        parser = verb(verbs, common, name, _act(action), help_line, json=True)
        _add_instance(parser)


def run(arguments: argparse.Namespace) -> None:
    """Run one."""
    control = client(arguments)
    answer = control.call(
        "RunInstances",
        InstanceName=arguments.name,
        InternetAccessible={
            "InternetChargeType": arguments.charge_type,
            "InternetMaxBandwidthOut": arguments.bandwidth,
        },
    )
    _print(find_instance(control, answer["InstanceIdSet"][0]), json=arguments.json)


def show_all(arguments: argparse.Namespace) -> None:
    """List them."""
    answer = client(arguments).call("DescribeInstances")
    if arguments.json:
        print_json(answer)
    else:
        _print_rows(answer["InstanceSet"])


def show(arguments: argparse.Namespace) -> None:
    """Show one."""
    _print(find_instance(client(arguments), arguments.instance), json=arguments.json)


def _act(action: str) -> Run:
    def run_verb(arguments: argparse.Namespace) -> None:
        control = client(arguments)
        instance_id = find_instance(control, arguments.instance)["InstanceId"]
        answer = control.call(action, InstanceIds=[instance_id])
        left = control.call("DescribeInstances", InstanceIds=[instance_id])["InstanceSet"]
        if arguments.json:
            print_json(left[0] if left else answer)
        else:
            print(f"{instance_id} is {left[0]['InstanceState'] if left else 'gone'}")

    return run_verb


def _add_instance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("instance", metavar="INSTANCE", help="an instance's id or name")


def _print(instance: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(instance)
    else:
        _print_rows([instance])


def _print_rows(instances: list[dict[str, Any]]) -> None:
    print_table(
        ("INSTANCE", "NAME", "STATE", "PRIVATE", "PUBLIC", "MBPS"),
        (
            (
                row["InstanceId"],
                row["InstanceName"],
                row["InstanceState"],
                row["PrivateIpAddresses"],
                row["PublicIpAddresses"],
                row["InternetAccessible"]["InternetMaxBandwidthOut"],
            )
            for row in instances
        ),
    )
