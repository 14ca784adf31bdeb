"""EIPs and what goes with them as the cloud's API shows them: its field names and forms."""

from typing import Any

from gateway.api import objects
from gateway.api.times import iso_time
from gateway.control.place import REGION
from gateway.control.state import State
from gateway.control.values import AddressStatus, BandwidthPackage, Eip, Instance

EGRESS = "center_egress1"


def ordinary_as_eip(instance: Instance) -> Eip:
    """An instance's ordinary public IP, with what it has in common with an EIP."""
    assert instance.ordinary is not None
    return Eip(
        eip_id=instance.ordinary.address_id,
        address=instance.ordinary.address,
        name="",
        bandwidth_mbps=instance.bandwidth_mbps,
        charge_type=instance.charge_type,
        created_at=instance.created_at,
        instance_id=instance.instance_id,
        package_id=instance.package_id,
    )


def address_type(state: State, eip: Eip) -> str:
    """Whether the account allocated it, or the system assigned it."""
    return "WanIP" if eip.eip_id in state.ordinary else "EIP"


def address_status(eip: Eip, passing: AddressStatus | None) -> str:
    """Where it is in its life: the status it is passing through, if there is one."""
    rest = AddressStatus.BIND if eip.instance_id else AddressStatus.UNBIND
    return (passing or rest).value


def address_view(state: State, eip: Eip, passing: AddressStatus | None = None) -> objects.Address:
    """An `Address` of the vpc API, with the status it is passing through if there is one."""
    instance = state.instances[eip.instance_id] if eip.instance_id else None
    return {
        "AddressId": eip.eip_id,
        "AddressName": eip.name,
        "AddressIp": eip.address,
        "AddressStatus": address_status(eip, passing),
        "AddressType": address_type(state, eip),
        "InstanceId": instance.instance_id if instance else None,
        "InstanceType": "CVM" if instance else None,
        "NetworkInterfaceId": None,
        "PrivateAddressIp": instance.private_ip if instance else None,
        "IsBlocked": eip.address in state.blocked,
        "Bandwidth": eip.bandwidth_mbps,
        "InternetChargeType": eip.charge_type.value,
        "BandwidthPackageId": eip.package_id,
        "CreatedTime": iso_time(eip.created_at),
        "TagSet": tags_view(state, eip.eip_id),
        "IsArrears": False,
        "IsEipDirectConnection": False,
        "EipVisibleOnEni": False,
        "CascadeRelease": False,
        "EipAlgType": {"Ftp": False, "Sip": False},
        "InternetServiceProvider": "BGP",
        "LocalBgp": False,
        "Egress": EGRESS,
        "DeadlineDate": None,
        "RenewFlag": None,
        "AntiDDoSPackageId": None,
        "UnVpcId": None,
        "DedicatedClusterId": None,
    }


def package_view(state: State, package: BandwidthPackage) -> objects.BandwidthPackage:
    """A `BandwidthPackage` of the vpc API."""
    return {
        "BandwidthPackageId": package.package_id,
        "BandwidthPackageName": package.name,
        "NetworkType": package.network_type.value,
        "ChargeType": package.charge_type.value,
        "CreatedTime": iso_time(package.created_at),
        "Status": "CREATED",
        "Bandwidth": package.bandwidth_mbps,
        "Egress": EGRESS,
        "Deadline": None,
        "ResourceSet": members_view(state, package),
    }


def members_view(state: State, package: BandwidthPackage) -> list[objects.Resource]:
    """The `Resource` of each member, as they joined."""
    return [
        {
            "ResourceType": "Address",
            "ResourceId": address_id,
            "AddressIp": state.address(address_id),
        }
        for address_id in package.members
    ]


def quota_view(quota_id: str, current: int, limit: int) -> objects.Quota:
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
        "BlockedUntil": iso_time(state.blocked[address]),
    }


def tags_view(state: State, resource_id: str) -> list[objects.Tag]:
    """The `Tag`s of a thing."""
    return [{"Key": key, "Value": value} for key, value in state.tags.get(resource_id, {}).items()]
