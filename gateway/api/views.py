"""EIPs and what goes with them as the cloud's API shows them: its field names and forms."""

from typing import Any

from gateway.api.times import iso_time as _time
from gateway.control.place import REGION
from gateway.control.state import State
from gateway.control.values import AddressStatus, BandwidthPackage, Eip


def address_view(state: State, eip: Eip, passing: AddressStatus | None = None) -> dict[str, Any]:
    """An `Address` of the vpc API, with the status it is passing through if there is one."""
    instance = state.instances[eip.instance_id] if eip.instance_id else None
    rest = AddressStatus.BIND if instance else AddressStatus.UNBIND
    return {
        "AddressId": eip.eip_id,
        "AddressName": eip.name,
        "AddressIp": eip.address,
        "AddressStatus": (passing or rest).value,
        "AddressType": "EIP",
        "InstanceId": instance.instance_id if instance else None,
        "InstanceType": "CVM" if instance else None,
        "PrivateAddressIp": instance.private_ip if instance else None,
        "IsBlocked": eip.address in state.blocked,
        "Bandwidth": eip.bandwidth_mbps,
        "InternetChargeType": eip.charge_type.value,
        "BandwidthPackageId": eip.package_id,
        "CreatedTime": _time(eip.created_at),
    }


def package_view(state: State, package: BandwidthPackage) -> dict[str, Any]:
    """A `BandwidthPackage` of the vpc API."""
    return {
        "BandwidthPackageId": package.package_id,
        "BandwidthPackageName": package.name,
        "NetworkType": package.network_type.value,
        "ChargeType": package.charge_type.value,
        "CreatedTime": _time(package.created_at),
        "Status": "CREATED",
        "Bandwidth": package.bandwidth_mbps,
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


def quota_view(quota_id: str, current: int, limit: int) -> dict[str, Any]:
    """A `Quota` of the vpc API."""
    return {
        "QuotaId": quota_id,
        "QuotaCurrent": current,
        "QuotaLimit": limit,
        "QuotaGroup": REGION,
    }


def blocked_view(state: State, address: str) -> dict[str, Any]:
    """A blocked address, for the operator; it has no id if it is back in the pool."""
    return {
        "Address": address,
        "AddressId": state.in_use.get(address),
        "BlockedUntil": _time(state.blocked[address]),
    }
