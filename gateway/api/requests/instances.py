"""Requests about instances (service cvm)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from gateway.api.requests import ids
from gateway.api.requests.fields import (
    FilterList,
    Flag,
    Ignored,
    No,
    Page,
    Refused,
    Request,
    Tag,
    Whole,
    only,
)
from gateway.control.place import SUBNET_ID, VPC_ID, ZONE
from gateway.control.values import DEFAULT_IMAGE, DEFAULT_TYPE, ChargeType, purchases


class Internet(Request):
    """How an instance reaches the internet."""

    InternetChargeType: ChargeType = ChargeType.TRAFFIC_POSTPAID_BY_HOUR
    InternetMaxBandwidthOut: Whole = 0
    PublicIpAssigned: Flag | None = None
    InternetServiceProvider: Ignored = None
    BandwidthPackageId: ids.PackageId | None = None
    IPv4AddressType: Refused = None
    IPv6AddressType: Refused = None
    AntiDDoSPackageId: Refused = None


class NewTags(Request):
    """The tags that new instances get."""

    ResourceType: Annotated[str, only("instance")]
    Tags: tuple[Tag, ...]


class Where(Request):
    """The zone, which is the only one, and what there is none of here."""

    Zone: str = ZONE
    ProjectId: Annotated[Whole, only(0)] = 0
    HostIds: Ignored = None


class Network(Request):
    """The VPC and subnet, of which there is one each, and private addresses to have in it."""

    VpcId: str
    SubnetId: str
    PrivateIpAddresses: tuple[str, ...] = ()
    AsVpcGateway: No = False
    Ipv6AddressCount: Annotated[Whole, only(0)] = 0


class RunInstances(Request):
    """Buy instances."""

    InstanceName: str = ""
    InternetAccessible: Internet = Internet()
    InstanceCount: Whole = 1
    ClientToken: str = ""
    MinCount: Whole | None = None
    DryRun: Flag = False
    Placement: Where = Where()
    ImageId: str = DEFAULT_IMAGE
    InstanceType: str = DEFAULT_TYPE
    InstanceChargeType: purchases.InstanceChargeType = purchases.InstanceChargeType.POSTPAID_BY_HOUR
    SystemDisk: Ignored = None
    DataDisks: Ignored = None
    VirtualPrivateCloud: Network = Network(VpcId=VPC_ID, SubnetId=SUBNET_ID)
    SecurityGroupIds: Ignored = None
    LoginSettings: Ignored = None
    EnhancedService: Ignored = None
    HostName: str = ""
    TagSpecification: tuple[NewTags, ...] = ()
    UserData: str = ""
    CamRoleName: str = ""
    DisableApiTermination: Flag = False
    InstanceMarketOptions: Ignored = None
    DisasterRecoverGroupIds: Ignored = None
    InstanceChargePrepaid: Ignored = None
    ActionTimer: Refused = None
    LaunchTemplate: Refused = None
    DedicatedClusterId: Refused = None
    HpcClusterId: Refused = None
    ChcIds: Refused = None
    Metadata: Refused = None
    CpuTopology: Refused = None
    EnableJumboFrame: No = False


class OnInstances(Request):
    """Start instances; and what is common to stopping, rebooting and terminating them."""

    InstanceIds: ids.WrittenIds


class HowToStop(StrEnum):
    """How an instance is asked to stop."""

    SOFT = "SOFT"
    SOFT_FIRST = "SOFT_FIRST"
    HARD = "HARD"


class Stopped(StrEnum):
    """Whether an instance is charged for while it is stopped."""

    KEEP_CHARGING = "KEEP_CHARGING"
    STOP_CHARGING = "STOP_CHARGING"


class StopInstances(OnInstances):
    """Stop instances: gently or not is the same here, charged or not isn't."""

    ForceStop: Flag | None = None
    StopType: HowToStop | None = None
    StoppedMode: Stopped = Stopped.KEEP_CHARGING


class RebootInstances(OnInstances):
    """Reboot instances, each way of which is the same here."""

    ForceReboot: Ignored = None
    StopType: Ignored = None


class TerminateInstances(OnInstances):
    """Give instances back. Neither option concerns what there is here."""

    ReleaseAddress: Ignored = None
    ReleasePrepaidDataDisks: Ignored = None


class DescribeInstances(Page):
    """List instances, or those with these ids."""

    either: ClassVar[tuple[str, ...]] = ("InstanceIds", "Filters")

    InstanceIds: ids.InstanceIds = ()
    Filters: FilterList = ()


class DescribeInstancesStatus(Page):
    """List the states of instances, or of those with these ids."""

    InstanceIds: ids.InstanceIds = ()


class ResetInstancesInternetMaxBandwidth(Request):
    """Give ordinary public IPs another bandwidth; of the object only that counts."""

    InstanceIds: ids.WrittenIds
    InternetAccessible: Internet
    StartTime: Refused = None
    EndTime: Refused = None


class ModifyInstancesAttribute(Request):
    """Change one thing about instances; another host name needs no reboot here."""

    InstanceIds: ids.WrittenIds
    InstanceName: str | None = None
    UserData: str | None = None
    CamRoleName: str | None = None
    HostName: str | None = None
    DisableApiTermination: Flag | None = None
    AutoReboot: No = False
    SecurityGroups: Refused = None
    CamRoleType: Refused = None
    EnableJumboFrame: No = False
