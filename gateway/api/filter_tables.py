"""The filters of each action: their names are the cloud's, and what they read is here.

What nothing has here, e.g. an IPv6 address, has its name all the same: it finds nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import AddressValueError, IPv4Address
from typing import Any, Final

from gateway.api import objects, views
from gateway.api.filters import By, Seen, Table, Test, always, equal, holding
from gateway.api.requests import ids
from gateway.api.requests.fields import Check, Form
from gateway.api.wire import BadValueError
from gateway.control.place import SUBNET_ID, VPC_ID, ZONE
from gateway.control.values import BandwidthPackage, Eip, Instance

_VALUE: Final = "InvalidParameterValue"


@dataclass(frozen=True, slots=True)
class Ipv4(Check):
    """The form of an IPv4 address, and the code for what hasn't it."""

    code: str = f"{_VALUE}.IPAddressMalformed"

    def check(self, value: str) -> None:
        """Raises `BadValueError`."""
        try:
            IPv4Address(value)
        except AddressValueError as error:
            raise BadValueError(self.code, f"{value[:80]!r} is no IPv4 address") from error


def _created(fits: Callable[[float, float], bool]) -> By[Instance]:
    """Whether it was created then, by the times that are given: one is enough."""

    def by(values: Sequence[str]) -> Test[Instance]:
        times = [_time(value) for value in values]
        return lambda _state, instance: any(fits(instance.created_at, time) for time in times)

    return by


def _time(text: str) -> float:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise BadValueError(
            _VALUE, f"{text[:80]!r} is no time of the form 2026-01-31 23:59:59"
        ) from error


def _public(seen: Seen, instance: Instance) -> tuple[str | None]:
    return (seen.state.public_ip(instance),)


INSTANCES: Final[Table[Instance]] = Table(
    by={
        "zone": always(ZONE),
        "project-id": always("0"),
        "host-id": always(),
        "dedicated-cluster-id": always(),
        "vpc-id": always(VPC_ID, form=Form("vpc", f"{_VALUE}.VpcIdMalformed")),
        "subnet-id": always(SUBNET_ID, form=Form("subnet", f"{_VALUE}.SubnetIdMalformed")),
        "instance-id": equal(lambda _, one: (one.instance_id,), ids.INSTANCE),
        "uuid": equal(lambda _, one: (one.uuid,)),
        "security-group-id": always(form=Form("sg", "InvalidSgId.Malformed")),
        "instance-name": equal(lambda _, one: (one.name,)),
        "instance-charge-type": equal(lambda _, one: (one.purchase.charge_type.value,)),
        "instance-state": equal(lambda _, one: (one.state.value,)),
        "private-ip-address": equal(lambda _, one: (one.private_ip,), Ipv4()),
        "public-ip-address": equal(_public, Ipv4()),
        "ipv6-address": always(),
        "creation-start-time": _created(lambda at, start: at >= start),
        "creation-end-time": _created(lambda at, end: at <= end),
    },
    tags=lambda seen, one: seen.state.tags.get(one.instance_id, {}),
    unknown="InvalidFilter",
    too_many="InvalidFilterValue.LimitExceeded",
    too_many_values="InvalidFilterValue.LimitExceeded",
    values_max=5,
)


def _private(seen: Seen, eip: Eip) -> tuple[str | None]:
    return (seen.state.instances[eip.instance_id].private_ip if eip.instance_id else None,)


def _status(seen: Seen, eip: Eip) -> tuple[str]:
    return (views.address_status(eip, seen.statuses.get(eip.eip_id)),)


# Ordinary public IPs are among what is looked at only if they are asked for, by address-type.
ADDRESSES: Final[Table[Eip]] = Table(
    by={
        "address-id": equal(lambda _, one: (one.eip_id,), ids.ADDRESS),
        "address-name": equal(lambda _, one: (one.name,), first=1),
        "address-ip": equal(lambda _, one: (one.address,)),
        "address-status": equal(_status),
        "instance-id": equal(lambda _, one: (one.instance_id,)),
        "private-ip-address": equal(_private, first=1),
        "network-interface-id": always(form=ids.INTERFACE),
        "is-arrears": always("FALSE"),
        "instance-type": equal(lambda _, one: ("CVM" if one.instance_id else None,)),
        "address-type": equal(lambda seen, one: (views.address_type(seen.state, one),)),
        "address-isp": always("BGP"),
        "dedicated-cluster-id": always(),
    },
    tags=lambda seen, one: seen.state.tags.get(one.eip_id, {}),
    unknown="InvalidParameter.InvalidFilter",
    too_many="LimitExceeded.NumberOfFilters",
)


def _addresses(seen: Seen, package: BandwidthPackage) -> list[str]:
    return [seen.state.address(member) for member in package.members]


PACKAGES: Final[Table[BandwidthPackage]] = Table(
    by={
        "bandwidth-package-id": equal(lambda _, one: (one.package_id,), ids.PACKAGE),
        "bandwidth-package-name": equal(lambda _, one: (one.name,)),
        "network-type": equal(lambda _, one: (one.network_type.value,)),
        "charge-type": equal(lambda _, one: (one.charge_type.value,)),
        "resource.resource-type": equal(lambda _, one: ("Address",) if one.members else ()),
        "resource.resource-id": equal(lambda _, one: one.members),
        "resource.address-ip": equal(_addresses),
    },
    tags=lambda seen, one: seen.state.tags.get(one.package_id, {}),
    unknown="InvalidParameter.InvalidFilter",
    too_many="InvalidParameter.InvalidFilter",
)
RESOURCES: Final[Table[objects.Resource]] = Table(
    by={
        "resource-id": equal(lambda _, one: (one["ResourceId"],)),
        "resource-type": equal(lambda _, one: (one["ResourceType"],)),
    },
    tags=None,
    unknown="InvalidParameter.InvalidFilter",
    too_many="InvalidParameter.InvalidFilter",
    too_many_values="InvalidParameterValue.Illegal",
    values_max=5,
)


def _network(_: Seen, thing: objects.Vpc | objects.Subnet) -> tuple[str, str]:
    """With and without its prefix length, which clients leave out."""
    return thing["CidrBlock"], thing["CidrBlock"].partition("/")[0]


VPCS: Final[Table[objects.Vpc]] = Table(
    by={
        "vpc-name": holding(lambda _, one: (one["VpcName"],)),
        "is-default": always("true"),
        "vpc-id": always(VPC_ID, form=ids.VPC),
        "cidr-block": equal(_network),
        "ipv6-cidr-block": always(),
        "isp-type": always(),
        "address-type": always(),
    },
    tags=lambda _state, _one: {},
    unknown="InvalidParameter.FilterInvalidKey",
    too_many="InvalidParameterValue.LimitExceeded",
)
SUBNETS: Final[Table[objects.Subnet]] = Table(
    by={
        "subnet-id": always(SUBNET_ID, form=ids.SUBNET),
        "vpc-id": always(VPC_ID, form=ids.VPC),
        "cidr-block": equal(_network),
        "is-default": always("true"),
        "is-remote-vpc-snat": always("false"),
        "subnet-name": equal(lambda _, one: (one["SubnetName"],)),
        "zone": always(ZONE),
        "cdc-id": always(),
        "is-cdc-subnet": always("0"),
        "ipv6-cidr-block": always(),
        "isp-type": always(),
        "address-type": always(),
    },
    tags=lambda _state, _one: {},
    unknown="InvalidParameter.FilterInvalidKey",
    too_many="InvalidParameterValue.LimitExceeded",
)
# By action, for the document.
TABLES: Final[Mapping[str, Table[Any]]] = {
    "DescribeInstances": INSTANCES,
    "DescribeAddresses": ADDRESSES,
    "DescribeBandwidthPackages": PACKAGES,
    "DescribeBandwidthPackageResources": RESOURCES,
    "DescribeVpcs": VPCS,
    "DescribeSubnets": SUBNETS,
}
