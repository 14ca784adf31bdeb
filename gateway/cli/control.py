"""Calls to control, and the names people give to what has an id."""

import argparse
from ipaddress import AddressValueError, IPv4Address
from typing import Any, Final

from gateway.api.client import Client
from gateway.cli.output import MistakeError, need_root, site_of

PAGE: Final = 100  # the most that one answer has


def client(arguments: argparse.Namespace) -> Client:
    """A client of the lab's control. Raises `RefusedError` if the lab isn't up."""
    need_root()
    return Client(site_of(arguments).places.socket)


def every(control: Client, action: str, field: str) -> dict[str, Any]:
    """The answer to an action that lists, with all pages of `field` in one."""
    found: list[Any] = []
    while True:
        answer = control.call(action, Offset=len(found), Limit=PAGE)
        found += answer[field]
        if len(answer[field]) < PAGE:
            return {"TotalCount": len(found), field: found}


def instances(control: Client) -> dict[str, Any]:
    """All instances, as DescribeInstances answers."""
    return every(control, "DescribeInstances", "InstanceSet")


def addresses(control: Client) -> dict[str, Any]:
    """All EIPs, as DescribeAddresses answers."""
    return every(control, "DescribeAddresses", "AddressSet")


def packages(control: Client) -> dict[str, Any]:
    """All bandwidth packages, as DescribeBandwidthPackages answers."""
    return every(control, "DescribeBandwidthPackages", "BandwidthPackageSet")


def find_instance(control: Client, word: str) -> dict[str, Any]:
    """The instance with this id or name. Raises `MistakeError` if there isn't exactly one."""
    found = instances(control)["InstanceSet"]
    return _only(found, "instance", word, ("InstanceId", "InstanceName"))


def find_address(control: Client, word: str) -> dict[str, Any]:
    """The EIP with this id, address or name. Raises `MistakeError` if there isn't exactly one.

    An id that isn't an EIP's is passed on: control knows what else it may be.
    """
    eips = addresses(control)["AddressSet"]
    if word.startswith("eip-") and word not in {a["AddressId"] for a in eips}:
        return {"AddressId": word}
    ordinary = {
        address: instance["InstanceId"]
        for instance in instances(control)["InstanceSet"]
        for address in instance["PublicIpAddresses"] or ()
        if address not in {a["AddressIp"] for a in eips}
    }
    if word in ordinary:
        raise MistakeError(
            f"{word} is the ordinary public IP of {ordinary[word]}: the system assigns and "
            "releases it, only an EIP can be bound, unbound or released"
        )
    return _only(eips, "EIP", word, ("AddressId", "AddressIp", "AddressName"))


def find_package(control: Client, word: str) -> dict[str, Any]:
    """The bandwidth package with this id or name. Raises `MistakeError` unless there is one."""
    found = packages(control)["BandwidthPackageSet"]
    return _only(found, "package", word, ("BandwidthPackageId", "BandwidthPackageName"))


def find_public(control: Client, word: str) -> str:
    """The public address itself, or that of the EIP with this id or name. Raises `MistakeError`."""
    try:
        return str(IPv4Address(word))
    except AddressValueError:
        return str(find_address(control, word).get("AddressIp", word))


def _only(
    things: list[dict[str, Any]], kind: str, word: str, keys: tuple[str, ...]
) -> dict[str, Any]:
    for key in keys:
        found = [thing for thing in things if thing[key] == word]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(thing[keys[0]] for thing in found)
            raise MistakeError(f"{len(found)} {kind}s are called {word!r}: use an id ({ids})")
    raise MistakeError(f"no {kind} {word!r}: 'tgw {kind.lower()} list' shows those there are")
