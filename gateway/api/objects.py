"""The cloud's objects, as answers have them: their fields and JSON types.

A field that is always null or the same here is there all the same: the cloud's typed clients know
it.
"""

from typing import Any, TypedDict


class Tag(TypedDict):
    """What a thing is marked with."""

    Key: str
    Value: str


class Placement(TypedDict):
    """Where an instance is."""

    Zone: str
    ProjectId: int
    HostIds: list[str] | None
    HostId: str | None


class InternetAccessible(TypedDict):
    """What an instance's ordinary public IP may carry, and how it is paid for."""

    InternetChargeType: str
    InternetMaxBandwidthOut: int


class VirtualPrivateCloud(TypedDict):
    """Where an instance is in the private network."""

    VpcId: str
    SubnetId: str
    AsVpcGateway: bool
    PrivateIpAddresses: list[str]
    Ipv6AddressCount: int


class Instance(TypedDict):
    """An instance."""

    InstanceId: str
    InstanceName: str
    InstanceState: str
    RestrictState: str
    LatestOperation: str | None
    LatestOperationState: str
    LatestOperationRequestId: str | None
    LatestOperationErrorMsg: str | None
    Placement: Placement
    PrivateIpAddresses: list[str]
    PublicIpAddresses: list[str] | None
    IPv6Addresses: list[str] | None
    PublicIPv6Addresses: list[str] | None
    InternetAccessible: InternetAccessible
    VirtualPrivateCloud: VirtualPrivateCloud
    ImageId: str
    OsName: str | None
    InstanceType: str
    InstanceChargeType: str
    CPU: int
    Memory: int
    HostName: str
    CamRoleName: str
    DisableApiTermination: bool
    StopChargingMode: str
    SecurityGroupIds: list[str]
    SystemDisk: dict[str, Any] | None
    DataDisks: list[Any]
    LoginSettings: dict[str, Any] | None
    DefaultLoginUser: str | None
    DefaultLoginPort: int | None
    LicenseType: str | None
    RenewFlag: str | None
    Uuid: str
    CreatedTime: str
    ExpiredTime: str | None
    IsolatedSource: str
    Tags: list[Tag]
    RdmaIpAddresses: list[str] | None
    DisasterRecoverGroupId: str | None
    DisasterRecoverGroupIds: list[str] | None
    DedicatedClusterId: str | None
    HpcClusterId: str | None
    GPUInfo: dict[str, Any] | None
    Metadata: dict[str, Any] | None
    EnableJumboFrame: bool | None
    CpuTopology: dict[str, Any] | None
    PartitionNumber: int | None


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
