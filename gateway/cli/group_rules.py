"""tgw group rule add | list | remove | move."""

import argparse
import sys
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import Any, Final

from gateway.api.client import Client
from gateway.cli.control import client, find_group
from gateway.cli.output import MistakeError, print_json, print_table
from gateway.cli.verbs import Subparsers, count, verb

ANYWHERE: Final = "any"
WAYS: Final = {"in": "Ingress", "out": "Egress"}
_WAY_OF: Final = {field: way for way, field in WAYS.items()}


def add(verbs: Subparsers, common: argparse.ArgumentParser) -> None:
    """Declare the verbs on the rules of a group, behind the word `rule`."""
    line = "Add, list, remove and move the rules of a security group"
    parser = verbs.add_parser("rule", help=line, description=f"{line}.")
    rules = parser.add_subparsers(metavar="VERB", required=True)
    parser = verb(rules, common, "add", add_rule, "Add a rule: the first that matches decides")
    _add_group(parser)
    _add_rule(parser)
    parser = verb(rules, common, "list", show_all, "List the rules in their order", json=True)
    _add_group(parser)
    parser = verb(rules, common, "remove", remove, "Remove a rule", json=True)
    _add_place(parser)
    parser = verb(rules, common, "move", move, "Move a rule to another place", json=True)
    _add_place(parser)
    parser.add_argument("to", metavar="TO", help="its place then, from 0")


def _add_rule(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.add_argument(
        "service",
        metavar="SERVICE",
        help="tcp:80, tcp:80,443, udp:8000-8010, tcp, icmp, gre, all, or a template of services",
    )
    way = parser.add_mutually_exclusive_group()
    remote = "a network, an address, a security group, a template of addresses, or 'any'"
    way.add_argument("--from", dest="source", metavar="REMOTE", help=f"{remote} (default any)")
    way.add_argument("--to", dest="target", metavar="REMOTE", help="the same, for what goes out")
    parser.add_argument("--drop", action="store_true", help="drop what matches, don't admit it")
    parser.add_argument(
        "--index", type=count, metavar="N", help="its place, from 0 (default: behind the last)"
    )
    parser.add_argument("--description", default="", metavar="TEXT", help="what it is for")


def _place(word: str) -> int:
    """The place that a word names. Raises `MistakeError`."""
    try:
        return count(word)
    except argparse.ArgumentTypeError as error:
        raise MistakeError(f"a rule's place: {error}") from None


def _add_group(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("group", metavar="GROUP", help="a security group's id or name")


def _add_place(parser: argparse.ArgumentParser) -> None:
    _add_group(parser)
    parser.add_argument("way", choices=list(WAYS), help="the direction, seen from the instance")
    parser.add_argument("index", metavar="INDEX", help="its place, from 0")


def add_rule(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    group_id = find_group(control, arguments.group)["SecurityGroupId"]
    outward = arguments.target is not None
    remote = arguments.target if outward else arguments.source or ANYWHERE
    policy = {
        **_service(arguments.service),
        **_remote(control, remote),
        "Action": "DROP" if arguments.drop else "ACCEPT",
        "PolicyDescription": arguments.description,
        "PolicyIndex": arguments.index,
    }
    way = WAYS["out" if outward else "in"]
    control.call(
        "CreateSecurityGroupPolicies",
        SecurityGroupId=group_id,
        SecurityGroupPolicySet={way: [policy]},
    )
    _print(control, group_id, json=arguments.json)


def show_all(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    group_id = find_group(control, arguments.group)["SecurityGroupId"]
    _print(control, group_id, json=arguments.json)


def remove(arguments: argparse.Namespace) -> None:
    """Remove the rule as it was seen a moment before, not another that has come to its place."""
    index = _place(arguments.index)
    control = client(arguments)
    group_id = find_group(control, arguments.group)["SecurityGroupId"]
    _change(control, "DeleteSecurityGroupPolicies", group_id, arguments.way, index)
    _print(control, group_id, json=arguments.json)


def move(arguments: argparse.Namespace) -> None:
    index, to = _place(arguments.index), _place(arguments.to)
    control = client(arguments)
    group_id = find_group(control, arguments.group)["SecurityGroupId"]
    before = {WAYS[arguments.way]: [{"PolicyIndex": index}]}
    more = {"OriginalSecurityGroupPolicySet": before, "UpdateType": "Priority"}
    action = "ReplaceSecurityGroupPolicies"
    _change(control, action, group_id, arguments.way, to, **more)
    _print(control, group_id, json=arguments.json)


def _change(
    control: Client, action: str, group_id: str, way: str, index: int, **more: object
) -> None:
    version = describe(control, group_id)["Version"]
    wanted = {"Version": version, WAYS[way]: [{"PolicyIndex": index}]}
    control.call(action, SecurityGroupId=group_id, SecurityGroupPolicySet=wanted, **more)


def describe(control: Client, group_id: str) -> dict[str, Any]:
    """The rules of a group as the API has them."""
    answer = control.call("DescribeSecurityGroupPolicies", SecurityGroupId=group_id)
    return dict(answer["SecurityGroupPolicySet"])


def print_rules(policies: dict[str, Any]) -> None:
    """Print the rules as a table, those for what comes in first."""
    print_table(
        ("WAY", "INDEX", "ACTION", "SERVICE", "REMOTE", "DESCRIPTION"),
        (
            (
                way,
                one["PolicyIndex"],
                one["Action"].lower(),
                _service_text(one),
                _remote_text(one),
                one["PolicyDescription"],
            )
            for way, field in WAYS.items()
            for one in policies[field]
        ),
    )


def say_hidden(control: Client, group_id: str) -> None:
    """Warn of rules that never match, and name what hides each."""
    answer = control.call("DescribeHiddenPolicies", SecurityGroupId=group_id)
    for one in answer["HiddenPolicySet"]:
        way = _WAY_OF[one["Direction"]]
        print(
            f"tgw: warning: rule {way} {one['PolicyIndex']} never matches: "
            f"rule {way} {one['HiddenBy']} before it takes all that it would",
            file=sys.stderr,
        )


def _print(control: Client, group_id: str, *, json: bool) -> None:
    policies = describe(control, group_id)
    if json:
        print_json(policies)
    else:
        print_rules(policies)
    say_hidden(control, group_id)


def _service(word: str) -> dict[str, Any]:
    """What a word for a service means to the API, which checks it."""
    if word.startswith("ppmg-"):
        return {"ServiceTemplate": {"ServiceGroupId": word}}
    if word.startswith("ppm-"):
        return {"ServiceTemplate": {"ServiceId": word}}
    protocol, _, ports = word.partition(":")
    return {"Protocol": protocol, "Port": ports}


def _remote(control: Client, word: str) -> dict[str, Any]:
    """What a word for a remote means to the API. Raises `RefusedError` if it names no group."""
    if word == ANYWHERE:
        return {"CidrBlock": "0.0.0.0/0"}
    if word.startswith("ipmg-"):
        return {"AddressTemplate": {"AddressGroupId": word}}
    if word.startswith("ipm-"):
        return {"AddressTemplate": {"AddressId": word}}
    if _is_network(word):
        return {"CidrBlock": word}
    return {"SecurityGroupId": find_group(control, word)["SecurityGroupId"]}


def _is_network(word: str) -> bool:
    try:
        IPv4Network(word, strict=False)
    except (AddressValueError, NetmaskValueError, ValueError):
        return False
    return True


def _service_text(policy: dict[str, Any]) -> str:
    template = policy["ServiceTemplate"]
    if named := template["ServiceId"] or template["ServiceGroupId"]:
        return str(named)
    protocol, ports = policy["Protocol"].lower(), policy["Port"].lower()
    return protocol if ports == "all" else f"{protocol}:{ports}"


def _remote_text(policy: dict[str, Any]) -> str:
    template = policy["AddressTemplate"]
    named = policy["SecurityGroupId"] or template["AddressId"] or template["AddressGroupId"]
    cidr = policy["CidrBlock"]
    return str(named or (ANYWHERE if cidr == "0.0.0.0/0" else cidr))
