"""The region, its zone, the VPC and its subnet as the cloud's API shows them."""

from datetime import UTC, datetime

from gateway.api import objects
from gateway.control.place import REGION, SUBNET_ID, VPC_ID, ZONE
from gateway.control.state import State

REGION_VIEW: objects.RegionInfo = {
    "Region": REGION,
    "RegionName": "South China (Guangzhou)",
    "RegionState": "AVAILABLE",
}
ZONE_VIEW: objects.ZoneInfo = {
    "Zone": ZONE,
    "ZoneName": "Guangzhou Zone 3",
    "ZoneId": "100003",
    "ZoneState": "AVAILABLE",
}


def vpc_view(state: State) -> objects.Vpc:
    """A `Vpc` of the vpc API."""
    return {
        "VpcName": "Default-VPC",
        "VpcId": VPC_ID,
        "CidrBlock": _network(state),
        "IsDefault": True,
        "EnableMulticast": False,
        "CreatedTime": _created(state),
        "DnsServerSet": [],
        "DomainName": "",
        "DhcpOptionsId": "",
        "EnableDhcp": False,
        "Ipv6CidrBlock": "",
        "TagSet": [],
        "AssistantCidrSet": [],
        "EnableRouteVpcPublish": False,
        "Ipv6CidrBlockSet": [],
        "EnableRouteVpcPublishIpv6": False,
        "StackType": None,
    }


def subnet_view(state: State) -> objects.Subnet:
    """A `Subnet` of the vpc API: all of the VPC."""
    free = len(state.subnet)
    return {
        "VpcId": VPC_ID,
        "SubnetId": SUBNET_ID,
        "SubnetName": "Default-Subnet",
        "CidrBlock": _network(state),
        "IsDefault": True,
        "EnableBroadcast": False,
        "Zone": ZONE,
        "RouteTableId": "",
        "CreatedTime": _created(state),
        "AvailableIpAddressCount": free,
        "Ipv6CidrBlock": "",
        "NetworkAclId": "",
        "IsRemoteVpcSnat": False,
        "TotalIpAddressCount": free + len(state.instances),
        "TagSet": [],
        "CdcId": "",
        "IsCdcSubnet": 0,
        "StackType": None,
    }


def _network(state: State) -> str:
    assert state.config is not None, "LabConfigured is always the first event"
    return state.config.vpc


def _created(state: State) -> str:
    """The form that these two objects have their time in."""
    return datetime.fromtimestamp(state.configured_at, UTC).strftime("%Y-%m-%d %H:%M:%S")
