"""Public addresses as service vpc shows them, and the filters that they are found by."""

from typing import Any, Final

from gateway.api import ids
from gateway.api.filters import Seen, Table, always, equal
from gateway.api.tag_view import tags_view
from gateway.api.times import iso_time
from gateway.control.state import State
from gateway.control.values import AddressStatus, Eip, Instance

EGRESS: Final = "center_egress1"


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


def address_view(state: State, eip: Eip, passing: AddressStatus | None = None) -> dict[str, Any]:
    """The fields of an `Address` that mean something here; `passing` is the passing status."""
    instance = state.instances[eip.instance_id] if eip.instance_id else None
    return {
        "AddressId": eip.eip_id,
        "AddressName": eip.name,
        "AddressIp": eip.address,
        "AddressStatus": address_status(eip, passing),
        "AddressType": address_type(state, eip),
        "InstanceId": instance.instance_id if instance else None,
        "InstanceType": "CVM" if instance else None,
        "PrivateAddressIp": instance.private_ip if instance else None,
        "IsBlocked": eip.address in state.blocked,
        "Bandwidth": eip.bandwidth_mbps,
        "InternetChargeType": eip.charge_type.value,
        "BandwidthPackageId": eip.package_id,
        "CreatedTime": iso_time(eip.created_at),
        "TagSet": tags_view(state, eip.eip_id),
        "IsArrears": eip.expired,
        "DeadlineDate": iso_time(eip.prepaid.until) if eip.prepaid else None,
        "RenewFlag": eip.prepaid.renewal.value if eip.prepaid else None,
        "IsEipDirectConnection": False,
        "EipVisibleOnEni": False,
        "CascadeRelease": False,
        "EipAlgType": {"Ftp": False, "Sip": False},
        "InternetServiceProvider": "BGP",
        "LocalBgp": False,
        "Egress": EGRESS,
    }


def _private(seen: Seen, eip: Eip) -> tuple[str | None]:
    return (seen.state.instances[eip.instance_id].private_ip if eip.instance_id else None,)


def _status(seen: Seen, eip: Eip) -> tuple[str]:
    return (address_status(eip, seen.statuses.get(eip.eip_id)),)


# Ordinary public IPs are among what is looked at only if they are asked for, by address-type.
FILTERS: Final[Table[Eip]] = Table(
    by={
        "address-id": equal(lambda _, one: (one.eip_id,), ids.ADDRESS),
        "address-name": equal(lambda _, one: (one.name,), first=1),
        "address-ip": equal(lambda _, one: (one.address,)),
        "address-status": equal(_status),
        "instance-id": equal(lambda _, one: (one.instance_id,)),
        "private-ip-address": equal(_private, first=1),
        "network-interface-id": always(form=ids.INTERFACE),
        "is-arrears": equal(lambda _, one: ("TRUE" if one.expired else "FALSE",)),
        "instance-type": equal(lambda _, one: ("CVM" if one.instance_id else None,)),
        "address-type": equal(lambda seen, one: (address_type(seen.state, one),)),
        "address-isp": always("BGP"),
        "dedicated-cluster-id": always(),
    },
    tags=lambda seen, one: seen.state.tags.get(one.eip_id, {}),
    unknown="InvalidParameter.InvalidFilter",
    too_many="LimitExceeded.NumberOfFilters",
)
