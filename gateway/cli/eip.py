"""tgw eip allocate | bind | unbind | release | modify | list."""

import argparse
from typing import Any, Final

from gateway.api.client import Client
from gateway.cli.control import addresses, client, find_address, find_instance
from gateway.cli.output import MistakeError, print_json, print_table
from gateway.cli.verbs import Subparsers, noun, verb, whole
from gateway.control.values import EIP_BANDWIDTH_MAX_MBPS, ChargeType

# How an EIP can be paid for when it is allocated; 'tgw package add' lets a package pay for it.
_ON_ITS_OWN: Final = [
    kind for kind in EIP_BANDWIDTH_MAX_MBPS if kind is not ChargeType.BANDWIDTH_PACKAGE
]


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    verbs = noun(nouns, "eip")
    parser = verb(verbs, common, "allocate", allocate, "Take an EIP from the pool", json=True)
    parser.add_argument("--name", default="", help="a name for it")
    parser.add_argument("--bandwidth", type=whole, default=1, metavar="MBPS", help="default 1")
    parser.add_argument(
        "--charge-type",
        choices=[kind.value for kind in _ON_ITS_OWN],
        default=ChargeType.TRAFFIC_POSTPAID_BY_HOUR.value,
        help="how its traffic is paid for (default %(default)s)",
    )
    _add_months(parser)
    parser = verb(
        verbs,
        common,
        "bind",
        bind,
        "Bind an EIP; if bound elsewhere it moves, in one step",
        json=True,
    )
    _add_eip(parser)
    parser.add_argument("instance", metavar="INSTANCE", help="an instance's id or name")
    parser = verb(verbs, common, "unbind", unbind, "Unbind an EIP from its instance", json=True)
    _add_eip(parser)
    parser.add_argument(
        "--reallocate",
        action=argparse.BooleanOptionalAction,
        help="assign the instance an ordinary public IP, or none; by itself behaviour legacy does",
    )
    parser = verb(verbs, common, "release", release, "Give an unbound EIP back", json=True)
    _add_eip(parser)
    verb(verbs, common, "list", show_all, "List the EIPs", json=True)
    parser = verb(verbs, common, "modify", modify, "Change an EIP while it is in use", json=True)
    _add_eip(parser)
    parser.add_argument("--name", help="another name")
    parser.add_argument("--bandwidth", type=whole, metavar="MBPS", help="another bandwidth")
    parser.add_argument(
        "--charge-type",
        choices=[kind.value for kind in EIP_BANDWIDTH_MAX_MBPS],
        help="another way to pay for its traffic",
    )
    _add_months(parser)


def allocate(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    answer = control.call(
        "AllocateAddresses",
        AddressName=arguments.name,
        InternetChargeType=arguments.charge_type,
        InternetMaxBandwidthOut=arguments.bandwidth,
        **_terms(arguments),
    )
    _print(control, answer["AddressSet"][0], json=arguments.json)


def bind(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    eip_id = find_address(control, arguments.eip)["AddressId"]
    instance_id = find_instance(control, arguments.instance)["InstanceId"]
    control.call("AssociateAddress", AddressId=eip_id, InstanceId=instance_id)
    _print(control, eip_id, json=arguments.json)


def unbind(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    eip_id = find_address(control, arguments.eip)["AddressId"]
    control.call(
        "DisassociateAddress",
        AddressId=eip_id,
        ReallocateNormalPublicIp=arguments.reallocate,
    )
    _print(control, eip_id, json=arguments.json)


def release(arguments: argparse.Namespace) -> None:
    control = client(arguments)
    eip_id = find_address(control, arguments.eip)["AddressId"]
    answer = control.call("ReleaseAddresses", AddressIds=[eip_id])
    if arguments.json:
        print_json(answer)
    else:
        print(f"{eip_id} is released")


def show_all(arguments: argparse.Namespace) -> None:
    answer = addresses(client(arguments))
    if arguments.json:
        print_json(answer)
    else:
        _print_rows(answer["AddressSet"])


def modify(arguments: argparse.Namespace) -> None:
    """Change what is given: what may be refused first, then the name."""
    name, bandwidth, charge_type = arguments.name, arguments.bandwidth, arguments.charge_type
    if name is None and bandwidth is None and charge_type is None:
        raise MistakeError("say what to change: --name, --bandwidth or --charge-type")
    control = client(arguments)
    eip_id = find_address(control, arguments.eip)["AddressId"]
    if charge_type:
        shown = control.call("DescribeAddresses", AddressIds=[eip_id])["AddressSet"]
        control.call(
            "ModifyAddressInternetChargeType",
            AddressId=eip_id,
            InternetChargeType=charge_type,
            InternetMaxBandwidthOut=shown[0]["Bandwidth"] if bandwidth is None else bandwidth,
            **_terms(arguments),
        )
    elif bandwidth is not None:
        control.call(
            "ModifyAddressesBandwidth", AddressIds=[eip_id], InternetMaxBandwidthOut=bandwidth
        )
    if name is not None:
        control.call("ModifyAddressAttribute", AddressId=eip_id, AddressName=name)
    _print(control, eip_id, json=arguments.json)


def _add_months(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--months",
        type=int,
        metavar="N",
        help="how many are paid in advance, with BANDWIDTH_PREPAID_BY_MONTH; renewed by itself",
    )


def _terms(arguments: argparse.Namespace) -> dict[str, Any]:
    """What is paid in advance, if anything is."""
    if arguments.months is None:
        return {}
    return {"AddressChargePrepaid": {"Period": arguments.months}}


def _add_eip(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("eip", metavar="EIP", help="an EIP's id, address or name")


def _print(control: Client, eip_id: str, *, json: bool) -> None:
    found = control.call("DescribeAddresses", AddressIds=[eip_id])["AddressSet"]
    if json:
        print_json(found[0])
    else:
        _print_rows(found)


def _print_rows(addresses: list[dict[str, Any]]) -> None:
    print_table(
        ("EIP", "NAME", "ADDRESS", "STATUS", "INSTANCE", "MBPS"),
        (
            (
                row["AddressId"],
                row["AddressName"],
                row["AddressIp"],
                [row["AddressStatus"], *(["BLOCKED"] if row["IsBlocked"] else [])],
                row["InstanceId"],
                row["Bandwidth"],
            )
            for row in addresses
        ),
    )
