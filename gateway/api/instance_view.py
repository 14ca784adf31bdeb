"""Instances as the cloud's API shows them: its field names and forms."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

from gateway.api import objects
from gateway.api.times import iso_time
from gateway.api.views import tags_view
from gateway.control.place import SUBNET_ID, VPC_ID, ZONE
from gateway.control.state import PASSING, State
from gateway.control.values import Instance, InstanceState


def as_seen(instance: Instance, passing: Mapping[str, InstanceState]) -> Instance:
    """The instance in the state it is still passing through, if there is one."""
    state = passing.get(instance.instance_id)
    return replace(instance, state=state) if state else instance


def instance_view(state: State, instance: Instance) -> objects.Instance:
    """An `Instance` of the cvm API."""
    shown = {
        "InstanceId": instance.instance_id,
        "InstanceName": instance.name,
        "InstanceState": instance.state.value,
        "RestrictState": "NORMAL",
        "LatestOperationState": _latest(instance),
        "LatestOperationErrorMsg": instance.why or None,
        "Placement": {"Zone": ZONE, "ProjectId": 0, "HostIds": None, "HostId": None},
        **_network(state, instance),
        **_bought(instance),
        "Uuid": instance.uuid,
        "CreatedTime": iso_time(instance.created_at),
        "ExpiredTime": None,
        "IsolatedSource": "NOTISOLATED",
        "Tags": tags_view(state, instance.instance_id),
        **_NONE,
    }
    return cast(objects.Instance, shown)


# What no instance has here.
_NONE: Final = dict.fromkeys(
    (
        "SystemDisk",
        "LoginSettings",
        "OsName",
        "DefaultLoginUser",
        "DefaultLoginPort",
        "LicenseType",
        "RenewFlag",
        "LatestOperation",
        "LatestOperationRequestId",
        "IPv6Addresses",
        "PublicIPv6Addresses",
        "RdmaIpAddresses",
        "DisasterRecoverGroupId",
        "DisasterRecoverGroupIds",
        "DedicatedClusterId",
        "HpcClusterId",
        "GPUInfo",
        "Metadata",
        "EnableJumboFrame",
        "CpuTopology",
        "PartitionNumber",
    )
)


def _network(state: State, instance: Instance) -> dict[str, Any]:
    public = state.public_ip(instance)
    return {
        "PrivateIpAddresses": [instance.private_ip],
        "PublicIpAddresses": [public] if public else None,
        "InternetAccessible": {
            "InternetChargeType": instance.charge_type.value,
            "InternetMaxBandwidthOut": instance.bandwidth_mbps,
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
        "InstanceType": bought.instance_type,
        "InstanceChargeType": bought.charge_type.value,
        "CPU": bought.size.cpus,
        "Memory": bought.size.memory_gib,
        "HostName": bought.attributes.host_name,
        "CamRoleName": bought.attributes.role,
        "DisableApiTermination": bought.attributes.protected,
        "StopChargingMode": _charging(instance),
        # There are none of these here, and clients go through them without a look.
        "SecurityGroupIds": [],
        "DataDisks": [],
    }


def _charging(instance: Instance) -> str:
    if instance.state is not InstanceState.STOPPED:
        return "NOT_APPLICABLE"
    return "KEEP_CHARGING" if instance.charging else "STOP_CHARGING"


def _latest(instance: Instance) -> str:
    """How the latest operation went."""
    if instance.state in PASSING:
        return "OPERATING"
    return "FAILED" if instance.state is InstanceState.LAUNCH_FAILED else "SUCCESS"
