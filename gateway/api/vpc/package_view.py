"""Bandwidth packages as service vpc shows them, and the filters that they are found by."""

from typing import Any, Final

from gateway.api import ids
from gateway.api.filters import Seen, Table, equal
from gateway.api.times import iso_time
from gateway.api.vpc.address_view import EGRESS
from gateway.control.state import State
from gateway.control.values import BandwidthPackage


def package_view(state: State, package: BandwidthPackage) -> dict[str, Any]:
    return {
        "BandwidthPackageId": package.package_id,
        "BandwidthPackageName": package.name,
        "NetworkType": package.network_type.value,
        "ChargeType": package.charge_type.value,
        "CreatedTime": iso_time(package.created_at),
        "Status": "CREATED",
        "Bandwidth": package.bandwidth_mbps,
        "Egress": EGRESS,
        "ResourceSet": members_view(state, package),
    }


def members_view(state: State, package: BandwidthPackage) -> list[dict[str, Any]]:
    """The `Resource` of each member, as they joined."""
    return [
        {
            "ResourceType": "Address",
            "ResourceId": address_id,
            "AddressIp": state.address(address_id),
        }
        for address_id in package.members
    ]


def _addresses(seen: Seen, package: BandwidthPackage) -> list[str]:
    return [seen.state.address(member) for member in package.members]


FILTERS: Final[Table[BandwidthPackage]] = Table(
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
MEMBER_FILTERS: Final[Table[dict[str, Any]]] = Table(
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
