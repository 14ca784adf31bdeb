"""tgw group create | list | show | delete | clone, and group rule …"""

import argparse
from collections.abc import Sequence
from typing import Any, Final

from gateway.api.client import Client
from gateway.cli import group_rules
from gateway.cli.control import GROUP, client, every, find_group
from gateway.cli.group_rules import describe, print_rules, say_hidden
from gateway.cli.output import print_json, print_table
from gateway.cli.verbs import Subparsers, noun, verb

_ANY: Final = {"CidrBlock": "0.0.0.0/0", "Action": "ACCEPT"}
_ALL: Final = {"Protocol": "ALL", "Port": "ALL", **_ANY}
_COMMON: Final = [
    *({"Protocol": "TCP", "Port": port, **_ANY} for port in ("22", "80,443", "3389")),
    {"Protocol": "ICMP", "Port": "ALL", **_ANY},
]
# What a group admits at first: the cloud's console has these choices, too.
ADMITS: Final[dict[str, dict[str, Sequence[dict[str, str]]]]] = {
    "nothing": {},
    "common": {"Ingress": _COMMON, "Egress": [_ALL]},
    "all": {"Ingress": [_ALL], "Egress": [_ALL]},
}


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    verbs = noun(nouns, "group")
    parser = verb(verbs, common, "create", create, "Make a security group", json=True)
    parser.add_argument("--name", default="", help="a name for it")
    parser.add_argument("--description", default="", metavar="TEXT", help="what it is for")
    parser.add_argument(
        "--admit",
        choices=list(ADMITS),
        default="nothing",
        help="what it admits at first: nothing; common: TCP 22, 80, 443, 3389 and ICMP inward, "
        "all outward; or all (default %(default)s)",
    )
    verb(verbs, common, "list", show_all, "List the security groups", json=True)
    parser = verb(verbs, common, "show", show, "Show a security group and its rules", json=True)
    add_group(parser)
    parser = verb(verbs, common, "delete", delete, "Delete one that nothing needs", json=True)
    add_group(parser)
    parser = verb(verbs, common, "clone", clone, "Make another one with its rules", json=True)
    add_group(parser)
    parser.add_argument("--name", help="another name (default: the same)")
    group_rules.add(verbs, common)


def create(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    answer = control.call(
        "CreateSecurityGroupWithPolicies",
        GroupName=arguments.name,
        GroupDescription=arguments.description,
        SecurityGroupPolicySet=dict(ADMITS[arguments.admit]),
    )
    _print(control, answer["SecurityGroup"], json=arguments.json)


def show_all(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    answer = every(control, GROUP.action, GROUP.field)
    if arguments.json:
        print_json(answer)
    else:
        _print_rows(control, answer[GROUP.field])


def show(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    group = find_group(control, arguments.group)
    policies = describe(control, group["SecurityGroupId"])
    if arguments.json:
        print_json(group | {"SecurityGroupPolicySet": policies})
        return
    _print_rows(control, [group])
    print()
    print_rules(policies)
    say_hidden(control, group["SecurityGroupId"])


def delete(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    group_id = find_group(control, arguments.group)["SecurityGroupId"]
    answer = control.call("DeleteSecurityGroup", SecurityGroupId=group_id)
    if arguments.json:
        print_json(answer)
    else:
        print(f"{group_id} is deleted")


def clone(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    group_id = find_group(control, arguments.group)["SecurityGroupId"]
    answer = control.call(
        "CloneSecurityGroup", SecurityGroupId=group_id, GroupName=arguments.name, IsCloneTags=True
    )
    _print(control, answer["SecurityGroup"], json=arguments.json)


def add_group(parser: argparse.ArgumentParser) -> None:
    """Declare the group that a verb is about."""
    parser.add_argument("group", metavar="GROUP", help="a security group's id or name")


def _print(control: Client, group: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(group)
    else:
        _print_rows(control, [group])


def _print_rows(control: Client, groups: list[dict[str, Any]]) -> None:
    ids = [group["SecurityGroupId"] for group in groups]
    answer = control.call("DescribeSecurityGroupAssociationStatistics", SecurityGroupIds=ids)
    found = answer["SecurityGroupAssociationStatisticsSet"]
    counts = {one["SecurityGroupId"]: one["CVM"] for one in found}
    print_table(
        ("GROUP", "NAME", "INSTANCES", "DESCRIPTION"),
        (
            (
                group["SecurityGroupId"],
                group["SecurityGroupName"],
                counts[group["SecurityGroupId"]],
                group["SecurityGroupDesc"],
            )
            for group in groups
        ),
    )
