"""The actions on the private network: one VPC with one subnet, which is all of it."""

from collections.abc import Collection
from typing import Annotated, Any, ClassVar, Final

from gateway.api import codes, ids
from gateway.api.action import Answer, Context, Listing, action
from gateway.api.errors import ApiError
from gateway.api.fields import AT_ONCE_MAX, Between, Refused, Whole
from gateway.api.filters import Seen, Table, always, equal, holding, matching
from gateway.api.listing import listed
from gateway.api.services import VPC
from gateway.api.tag_view import tags_view
from gateway.api.times import plain_time
from gateway.control.place import SUBNET_ID, VPC_ID, ZONE
from gateway.control.state import State


def _network(_: Seen, thing: dict[str, Any]) -> tuple[str, str]:
    """The network with and without its prefix length, which clients leave out."""
    return thing["CidrBlock"], thing["CidrBlock"].partition("/")[0]


_VPC_FILTERS: Final[Table[dict[str, Any]]] = Table(
    by={
        "vpc-name": holding(lambda _, one: (one["VpcName"],)),
        "is-default": always("true"),
        "vpc-id": always(VPC_ID, form=ids.VPC),
        "cidr-block": equal(_network),
        "ipv6-cidr-block": always(),
        "isp-type": always(),
        "address-type": always(),
    },
    tags=lambda seen, _one: seen.state.tags.get(VPC_ID, {}),
    unknown="InvalidParameter.FilterInvalidKey",
    too_many=codes.LIMIT,
)
_SUBNET_FILTERS: Final[Table[dict[str, Any]]] = Table(
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
    tags=lambda seen, _one: seen.state.tags.get(SUBNET_ID, {}),
    unknown="InvalidParameter.FilterInvalidKey",
    too_many=codes.LIMIT,
)


class _NetworkListing(Listing):
    """What both actions have in common: their numbers may be texts."""

    either_code: ClassVar[str] = "InvalidParameter.Coexist"

    Offset: Annotated[Whole, Between(0)] = 0
    Limit: Annotated[Whole, Between(1, AT_ONCE_MAX)] = 20

    def found(self, state: State, name: str, thing: dict[str, Any]) -> Answer:
        """The answer with the one thing that there is, if it passes the filters."""
        return listed(name, matching(Seen(state), [thing], self.tests()), self, lambda one: one)


@action(VPC, codes=codes.PRIVATE_NETWORK, filters=_VPC_FILTERS)
class DescribeVpcs(_NetworkListing):
    """List the one VPC here, if it passes the filters."""

    either: ClassVar[tuple[str, ...]] = ("VpcIds", "Filters")

    VpcIds: ids.VpcIds = ()

    def run(self, context: Context) -> Answer:
        """The VPC, unless an id or a filter asks for another one."""
        _check_known(self.VpcIds, VPC_ID)
        with context.control.state() as state:
            return self.found(state, "VpcSet", _vpc_view(state))


@action(VPC, codes=codes.PRIVATE_NETWORK, filters=_SUBNET_FILTERS)
class DescribeSubnets(_NetworkListing):
    """List the one subnet here, if it passes the filters."""

    either: ClassVar[tuple[str, ...]] = ("SubnetIds", "Filters")

    SubnetIds: ids.SubnetIds = ()
    MaxResults: Refused = None
    NextToken: Refused = None

    def run(self, context: Context) -> Answer:
        """The subnet, unless an id or a filter asks for another one."""
        _check_known(self.SubnetIds, SUBNET_ID)
        with context.control.state() as state:
            return self.found(state, "SubnetSet", _subnet_view(state))


def _check_known(given: Collection[str], only: str) -> None:
    """These actions refuse an unknown id, unlike the actions on instances and addresses."""
    unknown = [one for one in given if one != only]
    if unknown:
        raise ApiError("ResourceNotFound", f"there is no {unknown[0]}: here is only {only}")


def _vpc_view(state: State) -> dict[str, Any]:
    return {
        "VpcName": "Default-VPC",
        "VpcId": VPC_ID,
        "CidrBlock": _cidr(state),
        "IsDefault": True,
        "EnableMulticast": False,
        "CreatedTime": plain_time(state.configured_at),
        "DomainName": "",
        "DhcpOptionsId": "",
        "EnableDhcp": False,
        "Ipv6CidrBlock": "",
        "EnableRouteVpcPublish": False,
        "EnableRouteVpcPublishIpv6": False,
        "TagSet": tags_view(state, VPC_ID),
    }


def _subnet_view(state: State) -> dict[str, Any]:
    free = len(state.subnet)
    return {
        "VpcId": VPC_ID,
        "SubnetId": SUBNET_ID,
        "SubnetName": "Default-Subnet",
        "CidrBlock": _cidr(state),
        "IsDefault": True,
        "EnableBroadcast": False,
        "Zone": ZONE,
        "RouteTableId": "",
        "CreatedTime": plain_time(state.configured_at),
        "AvailableIpAddressCount": free,
        "Ipv6CidrBlock": "",
        "NetworkAclId": "",
        "IsRemoteVpcSnat": False,
        "TotalIpAddressCount": free + len(state.instances),
        "CdcId": "",
        "IsCdcSubnet": 0,
        "TagSet": tags_view(state, SUBNET_ID),
    }


def _cidr(state: State) -> str:
    assert state.config is not None, "the first event is always the lab's configuration"
    return state.config.vpc
