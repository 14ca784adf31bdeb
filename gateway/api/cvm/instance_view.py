"""Instances as service cvm shows them, and the filters that they are found by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import AddressValueError, IPv4Address
from typing import Any, Final

from gateway.api import ids
from gateway.api.codes import VALUE
from gateway.api.cvm.equipment import disks_view
from gateway.api.errors import BadValueError
from gateway.api.fields import Check, Form
from gateway.api.filters import By, Seen, Table, Test, always, equal
from gateway.api.tag_view import tags_view
from gateway.api.times import from_plain_time, iso_time
from gateway.control.place import SUBNET_ID, VPC_ID, ZONE
from gateway.control.state import PASSING, State
from gateway.control.values import Instance, InstanceState

OS_NAME: Final = "Linux"  # of every image: an instance runs on the machine's own system
ORDINARY: Final = "WanIP"  # the type of an ordinary public IP
# What an instance is in no part of, as there is nothing of the kind here.
_NOTHING_OF_THE_KIND: Final = {
    "DisasterRecoverGroupId": "",
    "HpcClusterId": "",
    "DedicatedClusterId": "",
    "EnableJumboFrame": False,
    "IPv6Addresses": [],
    "RdmaIpAddresses": [],
}


def as_seen(instance: Instance, passing: Mapping[str, InstanceState]) -> Instance:
    """The instance in the state it is still passing through, if there is one."""
    state = passing.get(instance.instance_id)
    return replace(instance, state=state) if state else instance


def instance_view(state: State, instance: Instance) -> dict[str, Any]:
    """The fields of an `Instance` that mean something here, and those that tools rely on.

    What is paid for by the hour has no end: its `RenewFlag` and `ExpiredTime` are null.
    """
    return {
        "InstanceId": instance.instance_id,
        "InstanceName": instance.name,
        "InstanceState": instance.state.value,
        "RestrictState": "NORMAL",
        "LatestOperation": instance.latest.name,
        "LatestOperationState": _latest(instance),
        "LatestOperationRequestId": instance.latest.request_id or None,
        "LatestOperationErrorMsg": instance.why,
        "Placement": {"Zone": ZONE, "ProjectId": 0, "HostId": "", "RackId": ""},
        **_network(state, instance),
        **_bought(instance),
        **disks_view(instance.purchase),
        "SecurityGroupIds": list(state.groups_of(instance)),
        **_NOTHING_OF_THE_KIND,
        "Uuid": instance.uuid,
        "CreatedTime": iso_time(instance.created_at),
        "IsolatedSource": "NOTISOLATED",
        "Tags": tags_view(state, instance.instance_id),
    }


def _network(state: State, instance: Instance) -> dict[str, Any]:
    public = state.public_ip(instance)
    return {
        "PrivateIpAddresses": [instance.private_ip],
        "PublicIpAddresses": [public] if public else None,
        "InternetAccessible": {
            "InternetChargeType": instance.charge_type.value,
            "InternetMaxBandwidthOut": instance.bandwidth_mbps,
            "PublicIpAssigned": bool(public),
            "BandwidthPackageId": instance.package_id,
            "InternetServiceProvider": "BGP",
            "IPv4AddressType": ORDINARY if instance.ordinary else None,
        },
        "VirtualPrivateCloud": {
            "VpcId": VPC_ID,
            "SubnetId": SUBNET_ID,
            "AsVpcGateway": False,
            "PrivateIpAddresses": [instance.private_ip],
            "Ipv6AddressCount": 0,
        },
    }


def _bought(instance: Instance) -> dict[str, Any]:
    bought = instance.purchase
    return {
        "ImageId": bought.image_id,
        "OsName": OS_NAME,
        "LicenseType": "TencentCloud",
        "DefaultLoginUser": "root",
        "DefaultLoginPort": 22,
        "InstanceType": bought.instance_type,
        "InstanceChargeType": bought.charge_type.value,
        "CPU": bought.size.cpus,
        "Memory": bought.size.memory_gib,
        "HostName": bought.attributes.host_name,
        "CamRoleName": bought.attributes.role,
        "DisableApiTermination": bought.attributes.protected,
        "StopChargingMode": _charging(instance),
    }


def _charging(instance: Instance) -> str:
    if instance.state is not InstanceState.STOPPED:
        return "NOT_APPLICABLE"
    return "KEEP_CHARGING" if instance.charging else "STOP_CHARGING"


def _latest(instance: Instance) -> str:
    if instance.state in PASSING:
        return "OPERATING"
    return "FAILED" if instance.state is InstanceState.LAUNCH_FAILED else "SUCCESS"


@dataclass(frozen=True, slots=True)
class Ipv4(Check):
    """The form of an IPv4 address, and the code for a text of another form."""

    code: str = f"{VALUE}.IPAddressMalformed"

    def check(self, value: str) -> None:
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
        return from_plain_time(text)
    except ValueError as error:
        raise BadValueError(
            VALUE, f"{text[:80]!r} is no time of the form 2026-01-31 23:59:59"
        ) from error


def _public(seen: Seen, instance: Instance) -> tuple[str | None]:
    return (seen.state.public_ip(instance),)


FILTERS: Final[Table[Instance]] = Table(
    by={
        "zone": always(ZONE),
        "project-id": always("0"),
        "host-id": always(),
        "dedicated-cluster-id": always(),
        "vpc-id": always(VPC_ID, form=Form("vpc", f"{VALUE}.VpcIdMalformed")),
        "subnet-id": always(SUBNET_ID, form=Form("subnet", f"{VALUE}.SubnetIdMalformed")),
        "instance-id": equal(lambda _, one: (one.instance_id,), ids.INSTANCE),
        "uuid": equal(lambda _, one: (one.uuid,)),
        "security-group-id": equal(lambda seen, one: seen.state.groups_of(one), ids.BOUND_GROUP),
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
