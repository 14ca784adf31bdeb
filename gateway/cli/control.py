"""Calls to control, and the names people give to what has an id."""

import argparse
import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Any, Final

from gateway.api.client import Client
from gateway.cli.labs import places_up
from gateway.cli.output import RefusedError

PAGE: Final = 100  # the most that one answer has


def client(arguments: argparse.Namespace) -> Client:
    """A client of the lab's control. Raises `RefusedError` if the lab isn't up."""
    return Client(places_up(arguments).socket)


def every(control: Client, action: str, field: str) -> dict[str, Any]:
    """The answer to an action that lists, with all pages of `field` in one."""
    found: list[Any] = []
    while True:
        answer = control.call(action, Offset=len(found), Limit=PAGE)
        found += answer[field]
        if len(answer[field]) < PAGE:
            return {"TotalCount": len(found), field: found}


def instances(control: Client) -> dict[str, Any]:
    return every(control, "DescribeInstances", "InstanceSet")


def addresses(control: Client) -> dict[str, Any]:
    return every(control, "DescribeAddresses", "AddressSet")


def packages(control: Client) -> dict[str, Any]:
    return every(control, "DescribeBandwidthPackages", "BandwidthPackageSet")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of things, and how the API finds them."""

    name: str
    action: str
    field: str  # of the answer
    id_field: str
    id_filter: str
    name_filter: str
    id_form: re.Pattern[str]

    def found(self, control: Client, by: str, word: str) -> list[dict[str, Any]]:
        """The things that have the word, by the filter `by`; no more than a page of them."""
        filters = [{"Name": by, "Values": [word]}]
        answer = control.call(self.action, Filters=filters, Limit=PAGE)
        return list(answer[self.field])

    def only(self, control: Client, word: str) -> dict[str, Any]:
        """The thing with this id or name. Raises `RefusedError` if there isn't exactly one."""
        is_id = self.id_form.fullmatch(word)
        for by in (self.id_filter, self.name_filter) if is_id else (self.name_filter,):
            found = self.found(control, by, word)
            if len(found) == 1:
                return found[0]
            if found:
                ids = ", ".join(thing[self.id_field] for thing in found)
                raise RefusedError(
                    f"{len(found)} {self.name}s are called {word!r}: use an id ({ids})"
                )
        raise RefusedError(
            f"no {self.name} {word!r}: 'tgw {self.name.lower()} list' shows those there are"
        )


INSTANCE: Final = Kind(
    *("instance", "DescribeInstances", "InstanceSet", "InstanceId", "instance-id"),
    "instance-name",
    re.compile("ins-[0-9a-z]{8}"),
)
EIP: Final = Kind(
    *("EIP", "DescribeAddresses", "AddressSet", "AddressId", "address-id", "address-name"),
    re.compile("eip-[0-9a-z]{8}"),
)
PACKAGE: Final = Kind(
    *("package", "DescribeBandwidthPackages", "BandwidthPackageSet", "BandwidthPackageId"),
    *("bandwidth-package-id", "bandwidth-package-name"),
    re.compile("bwp-[0-9a-z]{8}"),
)


GROUP: Final = Kind(
    *("group", "DescribeSecurityGroups", "SecurityGroupSet", "SecurityGroupId"),
    *("security-group-id", "security-group-name"),
    re.compile("sg-[0-9a-z]{8}"),
)


def find_group(control: Client, word: str) -> dict[str, Any]:
    """The security group with this id or name. Raises `RefusedError` unless there is one."""
    return GROUP.only(control, word)


def find_instance(control: Client, word: str) -> dict[str, Any]:
    """The instance with this id or name. Raises `RefusedError` if there isn't exactly one."""
    return INSTANCE.only(control, word)


def find_package(control: Client, word: str) -> dict[str, Any]:
    """The bandwidth package with this id or name. Raises `RefusedError` unless there is one."""
    return PACKAGE.only(control, word)


def find_address(control: Client, word: str) -> dict[str, Any]:
    """The EIP with this id, address or name. Raises `RefusedError` if there isn't exactly one.

    An id that isn't an EIP's is passed on: control knows what else it may be.
    """
    if word.startswith("eip-"):
        is_id = EIP.id_form.fullmatch(word)
        found = EIP.found(control, EIP.id_filter, word) if is_id else []
        return found[0] if found else {"AddressId": word}
    if not _is_address(word):
        return EIP.only(control, word)
    found = EIP.found(control, "address-ip", word)
    if found:
        return found[0]
    for instance in INSTANCE.found(control, "public-ip-address", word):
        raise RefusedError(
            f"{word} is the ordinary public IP of {instance['InstanceId']}: the system assigns and "
            "releases it, only an EIP can be bound, unbound or released"
        )
    return EIP.only(control, word)


def find_public(control: Client, word: str) -> str:
    """The public address itself, or that of the EIP with this id or name. Raises `RefusedError`."""
    if _is_address(word):
        return str(IPv4Address(word))
    return str(find_address(control, word).get("AddressIp", word))


def _is_address(word: str) -> bool:
    try:
        IPv4Address(word)
    except AddressValueError:
        return False
    return True
