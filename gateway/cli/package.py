"""tgw package create | list | modify | delete | add | remove."""

import argparse
from typing import Any

from gateway.api.client import Client
from gateway.cli.control import client, find_address, find_package, packages
from gateway.cli.output import MistakeError, print_json, print_table
from gateway.cli.verbs import Subparsers, noun, verb, whole
from gateway.control.values import (
    ON_ITS_OWN,
    UNLIMITED_MBPS,
    ChargeType,
    NetworkType,
    PackageChargeType,
)

UNLIMITED = "unlimited"


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    verbs = noun(nouns, "package")
    parser = verb(verbs, common, "create", create, "Make a bandwidth package", json=True)
    parser.add_argument("--name", default="", help="a name for it")
    _add_bandwidth(parser, UNLIMITED_MBPS)
    _add_charge_type(parser, PackageChargeType.ENHANCED95_POSTPAID_BY_MONTH)
    parser.add_argument(
        "--network-type",
        choices=[kind.value for kind in NetworkType],
        default=NetworkType.BGP.value,
        help="the lines that its traffic uses (default %(default)s)",
    )
    verb(verbs, common, "list", show_all, "List the bandwidth packages", json=True)
    parser = verb(verbs, common, "modify", modify, "Change a bandwidth package", json=True)
    _add_package(parser)
    parser.add_argument("--name", help="another name")
    _add_bandwidth(parser, None)
    _add_charge_type(parser, None)
    parser = verb(verbs, common, "delete", delete, "Delete one that has no members", json=True)
    _add_package(parser)
    _add_membership(verbs, common)


def _add_membership(verbs: Subparsers, common: argparse.ArgumentParser) -> None:
    for name, run, help_line in (
        ("add", join, "Add public addresses to a bandwidth package"),
        ("remove", leave, "Remove public addresses; each is paid for on its own then"),
    ):
        parser = verb(verbs, common, name, run, help_line, json=True)
        _add_package(parser)
        parser.add_argument(
            "addresses",
            metavar="ADDRESS",
            nargs="+",
            help="an EIP's id, address or name, or the id of an ordinary public IP",
        )
    parser.add_argument(
        "--charge-type",
        choices=[kind.value for kind in ON_ITS_OWN],
        default=ChargeType.TRAFFIC_POSTPAID_BY_HOUR.value,
        help="how it is paid for then (default %(default)s)",
    )
    parser.add_argument("--bandwidth", type=whole, metavar="MBPS", help="(default: as before)")


def create(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    answer = control.call(
        "CreateBandwidthPackage",
        BandwidthPackageName=arguments.name,
        InternetMaxBandwidth=arguments.bandwidth,
        ChargeType=arguments.charge_type,
        NetworkType=arguments.network_type,
    )
    _print(control, answer["BandwidthPackageId"], json=arguments.json)


def show_all(arguments: argparse.Namespace) -> None:
    answer = packages(client(arguments))
    if arguments.json:
        print_json(answer)
    else:
        _print_rows(answer["BandwidthPackageSet"])


def modify(arguments: argparse.Namespace) -> None:
    given = {"BandwidthPackageName": arguments.name, "ChargeType": arguments.charge_type}
    attributes = {name: value for name, value in given.items() if value is not None}
    if not attributes and arguments.bandwidth is None:
        raise MistakeError("say what to change: --name, --bandwidth or --charge-type")
    control = client(arguments)
    package_id = find_package(control, arguments.package)["BandwidthPackageId"]
    if arguments.bandwidth is not None:
        control.call(
            "ModifyBandwidthPackageBandwidth",
            BandwidthPackageId=package_id,
            InternetMaxBandwidth=arguments.bandwidth,
        )
    if attributes:
        control.call("ModifyBandwidthPackageAttribute", BandwidthPackageId=package_id, **attributes)
    _print(control, package_id, json=arguments.json)


def delete(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    package_id = find_package(control, arguments.package)["BandwidthPackageId"]
    answer = control.call("DeleteBandwidthPackage", BandwidthPackageId=package_id)
    if arguments.json:
        print_json(answer)
    else:
        print(f"{package_id} is deleted")


def join(arguments: argparse.Namespace) -> None:
    _change_members(arguments, "AddBandwidthPackageResources")


def leave(arguments: argparse.Namespace) -> None:
    given = {
        "InternetChargeType": arguments.charge_type,
        "InternetMaxBandwidthOut": arguments.bandwidth,
    }
    _change_members(arguments, "RemoveBandwidthPackageResources", **given)


def _change_members(arguments: argparse.Namespace, action: str, **given: object) -> None:
    control = client(arguments)
    package_id = find_package(control, arguments.package)["BandwidthPackageId"]
    ids = [find_address(control, word)["AddressId"] for word in arguments.addresses]
    control.call(action, BandwidthPackageId=package_id, ResourceIds=ids, **given)
    _print(control, package_id, json=arguments.json)


def _print(control: Client, package_id: str, *, json: bool) -> None:
    answer = control.call("DescribeBandwidthPackages", BandwidthPackageIds=[package_id])
    found = answer["BandwidthPackageSet"]
    if json:
        print_json(found[0])
    else:
        _print_rows(found)


def _print_rows(packages: list[dict[str, Any]]) -> None:
    print_table(
        ("PACKAGE", "NAME", "MBPS", "MEMBERS"),
        (
            (
                row["BandwidthPackageId"],
                row["BandwidthPackageName"],
                UNLIMITED if row["Bandwidth"] == UNLIMITED_MBPS else row["Bandwidth"],
                [member["AddressIp"] for member in row["ResourceSet"]],
            )
            for row in packages
        ),
    )


def _add_package(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("package", metavar="PACKAGE", help="a bandwidth package's id or name")


def _add_bandwidth(parser: argparse.ArgumentParser, default: int | None) -> None:
    parser.add_argument(
        "--bandwidth",
        type=_bandwidth,
        default=default,
        metavar="MBPS",
        help=f"of all members together, or {UNLIMITED!r}"
        + ("" if default is None else f" (default {UNLIMITED})"),
    )


def _add_charge_type(parser: argparse.ArgumentParser, default: PackageChargeType | None) -> None:
    parser.add_argument(
        "--charge-type",
        choices=[kind.value for kind in PackageChargeType],
        default=default and default.value,
        help="how its traffic is paid for" + ("" if default is None else " (default %(default)s)"),
    )


def _bandwidth(text: str) -> int:
    if text == UNLIMITED:
        return UNLIMITED_MBPS
    try:
        return whole(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, nor {UNLIMITED!r}") from None
