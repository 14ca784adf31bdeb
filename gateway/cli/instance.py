"""tgw instance run | list | show | start | stop | reboot | terminate | modify | …-ip."""

import argparse
import base64
from pathlib import Path
from typing import Any, NoReturn

from gateway.api.client import Client
from gateway.cli import files
from gateway.cli.control import client, find_group, find_instance, instances
from gateway.cli.output import MistakeError, RefusedError, print_json, print_table
from gateway.cli.verbs import Run, Subparsers, noun, verb, whole
from gateway.control.values import (
    DEFAULT_IMAGE,
    DEFAULT_TYPE,
    INSTANCE_BANDWIDTH_MAX_MBPS,
    USER_DATA_MAX,
    ChargeType,
)

VERBS = {
    "start": ("StartInstances", "Switch a stopped instance on"),
    "stop": ("StopInstances", "Switch an instance off; it keeps its addresses"),
    "reboot": ("RebootInstances", "Switch an instance off and on"),
    "terminate": ("TerminateInstances", "End an instance: its ordinary public IP is released"),
}


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    verbs = noun(nouns, "instance")
    parser = verb(
        verbs, common, "run", run, "Run an instance; returns when it is reachable", json=True
    )
    parser.add_argument("--name", default="", help="a name for it")
    parser.add_argument(
        "--bandwidth",
        type=whole,
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
    _add_purchase(parser)
    verb(verbs, common, "list", show_all, "List the instances", json=True)
    parser = verb(verbs, common, "show", show, "Show one instance", json=True)
    _add_instance(parser)
    for name, (action, help_line) in VERBS.items():
        parser = verb(verbs, common, name, _act(action), help_line, json=True)
        _add_instance(parser)
    parser = verb(verbs, common, "log", show_log, "What its user data said, if that is a script")
    _add_instance(parser)
    parser = verb(verbs, common, "modify", modify, "Change an instance while it runs", json=True)
    _add_instance(parser)
    parser.add_argument("--name", help="another name")
    parser.add_argument(
        "--bandwidth",
        type=whole,
        metavar="MBPS",
        help="another bandwidth of its ordinary public IP",
    )
    _add_groups(parser, "be in these security groups and no others")
    parser = verb(
        verbs,
        common,
        "transform-ip",
        transform_ip,
        "Make an EIP of its ordinary public IP",
        json=True,
    )
    _add_instance(parser)
    parser = verb(
        verbs, common, "return-ip", return_ip, "Give its ordinary public IP back", json=True
    )
    _add_instance(parser)


def _add_purchase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--type", default=DEFAULT_TYPE, help="how large it is (default %(default)s)"
    )
    parser.add_argument(
        "--image", default=DEFAULT_IMAGE, metavar="ID", help="any image's id; they are all the same"
    )
    parser.add_argument(
        "--hostname", default="", metavar="NAME", help="what it calls itself (by its address)"
    )
    parser.add_argument(
        "--user-data",
        type=Path,
        metavar="FILE",
        help="what it finds in its metadata, at most 16 KB, and runs once if it begins with #!; "
        "'-' is standard input",
    )
    parser.add_argument(
        "--role", default="", help="a name: programs in it may call the API, with credentials of it"
    )
    _add_groups(parser, "be in this security group (default: the one that admits all)")


def _add_groups(parser: argparse.ArgumentParser, line: str) -> None:
    parser.add_argument(
        "--group",
        action="append",
        default=[],
        metavar="GROUP",
        dest="groups",
        help=f"{line}; of several the first is tried first",
    )


def run(arguments: argparse.Namespace) -> None:
    file = arguments.user_data
    user_data = files.content(file, USER_DATA_MAX) if file else b""
    control = client(arguments)
    answer = control.call(
        "RunInstances",
        InstanceName=arguments.name,
        InternetAccessible={
            "InternetChargeType": arguments.charge_type,
            "InternetMaxBandwidthOut": arguments.bandwidth,
        },
        InstanceType=arguments.type,
        ImageId=arguments.image,
        HostName=arguments.hostname,
        UserData=base64.b64encode(user_data).decode(),
        CamRoleName=arguments.role,
        SecurityGroupIds=_groups(control, arguments),
    )
    _print(find_instance(control, answer["InstanceIdSet"][0]), json=arguments.json)


def show_log(arguments: argparse.Namespace) -> NoReturn:
    """Show the output of its user data, from inside: the file is the instance's."""
    # Only now: no other verb enters a machine.
    from gateway.lab import first_boot, inside
    from gateway.net import entry
    from gateway.net.machine import ENVIRONMENT

    host = find_instance(client(arguments), arguments.instance)["InstanceId"]
    entry.end_as(inside.run(arguments.lab, host, first_boot.SHOW, ENVIRONMENT))


def show_all(arguments: argparse.Namespace) -> None:
    answer = instances(client(arguments))
    if arguments.json:
        print_json(answer)
    else:
        _print_rows(answer["InstanceSet"])


def show(arguments: argparse.Namespace) -> None:
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


def modify(arguments: argparse.Namespace) -> None:
    """Change what is given: what may be refused first, then the name."""
    if arguments.name is None and arguments.bandwidth is None and not arguments.groups:
        raise MistakeError("say what to change: --name, --bandwidth or --group")
    control = client(arguments)
    instance_id = find_instance(control, arguments.instance)["InstanceId"]
    if arguments.bandwidth is not None:
        control.call(
            "ResetInstancesInternetMaxBandwidth",
            InstanceIds=[instance_id],
            InternetAccessible={"InternetMaxBandwidthOut": arguments.bandwidth},
        )
    if arguments.groups:
        groups = _groups(control, arguments)
        control.call("ModifyInstancesAttribute", InstanceIds=[instance_id], SecurityGroups=groups)
    if arguments.name is not None:
        control.call(
            "ModifyInstancesAttribute", InstanceIds=[instance_id], InstanceName=arguments.name
        )
    _print(find_instance(control, instance_id), json=arguments.json)


def _groups(control: Client, arguments: argparse.Namespace) -> list[str]:
    return [find_group(control, word)["SecurityGroupId"] for word in arguments.groups]


def transform_ip(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    instance_id = find_instance(control, arguments.instance)["InstanceId"]
    answer = control.call("TransformAddress", InstanceId=instance_id)
    if arguments.json:
        print_json(answer)
    else:
        print(f"the public IP of {instance_id} is {answer['AddressId']} from now on")


def return_ip(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    instance = find_instance(control, arguments.instance)
    addresses = instance["PublicIpAddresses"]
    if not addresses:
        raise RefusedError(f"{instance['InstanceId']} has no public IP")
    control.call("ReturnNormalAddresses", AddressIps=addresses)
    _print(find_instance(control, instance["InstanceId"]), json=arguments.json)


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
