"""What actions answer with: the cloud's objects, their fields and JSON types.

A field that is always null or the same here is there all the same: the cloud's typed clients know
it. `RequestId` is in every answer and isn't repeated.
"""

from typing import Any, TypedDict


class Tag(TypedDict):
    """What a thing is marked with."""

    Key: str
    Value: str


class AlgType(TypedDict):
    """Protocols whose inside is translated, too."""

    Ftp: bool
    Sip: bool


class Address(TypedDict):
    """A public address: an EIP, or an ordinary public IP."""

    AddressId: str
    AddressName: str
    AddressStatus: str
    AddressIp: str
    InstanceId: str | None
    CreatedTime: str
    NetworkInterfaceId: str | None
    PrivateAddressIp: str | None
    IsArrears: bool
    IsBlocked: bool
    IsEipDirectConnection: bool
    EipVisibleOnEni: bool
    AddressType: str
    CascadeRelease: bool
    EipAlgType: AlgType
    InternetServiceProvider: str
    LocalBgp: bool
    Bandwidth: int
    InternetChargeType: str
    TagSet: list[Tag]
    DeadlineDate: str | None
    InstanceType: str | None
    Egress: str
    AntiDDoSPackageId: str | None
    RenewFlag: str | None
    BandwidthPackageId: str | None
    UnVpcId: str | None
    DedicatedClusterId: str | None


class Resource(TypedDict):
    """A member of a bandwidth package."""

    ResourceType: str
    ResourceId: str
    AddressIp: str


class BandwidthPackage(TypedDict):
    """A bandwidth package."""

    BandwidthPackageId: str
    BandwidthPackageName: str
    NetworkType: str
    ChargeType: str
    CreatedTime: str
    Status: str
    Bandwidth: int
    Egress: str
    Deadline: str | None
    ResourceSet: list[Resource]


class Quota(TypedDict):
    """How much of something there is, and may be."""

    QuotaId: str
    QuotaCurrent: int
    QuotaLimit: int
    QuotaGroup: str


class InstanceStatus(TypedDict):
    """The state of an instance."""

    InstanceId: str
    InstanceState: str


class InternetChargeTypeConfig(TypedDict):
    """A way to pay for public traffic."""

    InternetChargeType: str
    Description: str


class RegionInfo(TypedDict):
    """A region."""

    Region: str
    RegionName: str
    RegionState: str


class ZoneInfo(TypedDict):
    """A zone."""

    Zone: str
    ZoneName: str
    ZoneId: str
    ZoneState: str


class Vpc(TypedDict):
    """A private network."""

    VpcName: str
    VpcId: str
    CidrBlock: str
    IsDefault: bool
    EnableMulticast: bool
    CreatedTime: str
    DnsServerSet: list[str]
    DomainName: str
    DhcpOptionsId: str
    EnableDhcp: bool
    Ipv6CidrBlock: str
    TagSet: list[Tag]
    AssistantCidrSet: list[Any]
    EnableRouteVpcPublish: bool
    Ipv6CidrBlockSet: list[Any]
    EnableRouteVpcPublishIpv6: bool
    StackType: str | None


class Subnet(TypedDict):
    """A part of a private network."""

    VpcId: str
    SubnetId: str
    SubnetName: str
    CidrBlock: str
    IsDefault: bool
    EnableBroadcast: bool
    Zone: str
    RouteTableId: str
    CreatedTime: str
    AvailableIpAddressCount: int
    Ipv6CidrBlock: str
    NetworkAclId: str
    IsRemoteVpcSnat: bool
    TotalIpAddressCount: int
    TagSet: list[Tag]
    CdcId: str
    IsCdcSubnet: int
    StackType: str | None


class ResourceTag(TypedDict):
    """A tag, as the tag service shows it."""

    TagKey: str
    TagValue: str
    Category: str


class ResourceTagMapping(TypedDict):
    """A resource, in six parts, and its tags."""

    Resource: str
    Tags: list[ResourceTag]


class Instances(TypedDict):
    """A page of instances, and how many there are."""

    TotalCount: int
    InstanceSet: list[dict[str, Any]]


class InstanceIds(TypedDict, total=False):
    """The instances that are bought; nothing by a dry run."""

    InstanceIdSet: list[str]


class InstanceStatuses(TypedDict):
    """A page of states, and how many there are."""

    TotalCount: int
    InstanceStatusSet: list[InstanceStatus]


class InternetChargeTypeConfigs(TypedDict):
    """The ways to pay."""

    InternetChargeTypeConfigSet: list[InternetChargeTypeConfig]


class Regions(TypedDict):
    """The regions."""

    TotalCount: int
    RegionSet: list[RegionInfo]


class Zones(TypedDict):
    """The zones."""

    TotalCount: int
    ZoneSet: list[ZoneInfo]


class Task(TypedDict):
    """The task that was begun."""

    TaskId: str


class TaskNumber(TypedDict):
    """The task that was begun, as a number."""

    TaskId: int


class TaskResult(TypedDict):
    """What came of a task."""

    TaskId: int
    Result: str


class AddressesAndTask(TypedDict):
    """The EIPs that are allocated, and the task that was begun."""

    AddressSet: list[str]
    TaskId: str


class AddressAndTask(TypedDict):
    """The EIP that an ordinary public IP became, and the task that was begun."""

    AddressId: str
    TaskId: int


class Addresses(TypedDict):
    """A page of public addresses, and how many there are."""

    TotalCount: int
    AddressSet: list[Address]


class Quotas(TypedDict):
    """The quotas."""

    QuotaSet: list[Quota]


class PackageIds(TypedDict):
    """The bandwidth packages that are made, and the first of them."""

    BandwidthPackageId: str
    BandwidthPackageIds: list[str]


class Packages(TypedDict):
    """A page of bandwidth packages, and how many there are."""

    TotalCount: int
    BandwidthPackageSet: list[BandwidthPackage]


class Resources(TypedDict):
    """A page of members, and how many there are."""

    TotalCount: int
    ResourceSet: list[Resource]


class AccountType(TypedDict):
    """How the account behaves."""

    NetworkAccountType: str


class Vpcs(TypedDict):
    """A page of private networks, and how many there are."""

    TotalCount: int
    VpcSet: list[Vpc]


class Subnets(TypedDict):
    """A page of their parts, and how many there are."""

    TotalCount: int
    SubnetSet: list[Subnet]


class MonitorData(TypedDict):
    """What a metric was: points for each that was asked about."""

    Period: int
    MetricName: str
    DataPoints: list[dict[str, Any]]
    StartTime: str
    EndTime: str
    Msg: str


class Metrics(TypedDict):
    """The metrics there are."""

    MetricSet: list[dict[str, Any]]


class Identity(TypedDict):
    """Who asks."""

    Arn: str
    AccountId: str
    UserId: str
    PrincipalId: str
    Type: str


class ResourceTagMappings(TypedDict):
    """A page of resources with tags, and where the next one begins; empty if none is left."""

    PaginationToken: str
    ResourceTagMappingList: list[ResourceTagMapping]
