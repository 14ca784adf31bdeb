"""What actions answer with: names and JSON types, beside the `RequestId` that every answer has."""

from typing import Any, TypedDict

from gateway.api import objects


class Instances(TypedDict):
    """A page of instances, and how many there are."""

    TotalCount: int
    InstanceSet: list[objects.Instance]


class InstanceIds(TypedDict, total=False):
    """The instances that are bought; nothing by a dry run."""

    InstanceIdSet: list[str]


class InstanceStatuses(TypedDict):
    """A page of states, and how many there are."""

    TotalCount: int
    InstanceStatusSet: list[objects.InstanceStatus]


class InternetChargeTypeConfigs(TypedDict):
    """The ways to pay."""

    InternetChargeTypeConfigSet: list[objects.InternetChargeTypeConfig]


class Regions(TypedDict):
    """The regions."""

    TotalCount: int
    RegionSet: list[objects.RegionInfo]


class Zones(TypedDict):
    """The zones."""

    TotalCount: int
    ZoneSet: list[objects.ZoneInfo]


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
    AddressSet: list[objects.Address]


class Quotas(TypedDict):
    """The quotas."""

    QuotaSet: list[objects.Quota]


class PackageIds(TypedDict):
    """The bandwidth packages that are made, and the first of them."""

    BandwidthPackageId: str
    BandwidthPackageIds: list[str]


class Packages(TypedDict):
    """A page of bandwidth packages, and how many there are."""

    TotalCount: int
    BandwidthPackageSet: list[objects.BandwidthPackage]


class Resources(TypedDict):
    """A page of members, and how many there are."""

    TotalCount: int
    ResourceSet: list[objects.Resource]


class AccountType(TypedDict):
    """How the account behaves."""

    NetworkAccountType: str


class Vpcs(TypedDict):
    """A page of private networks, and how many there are."""

    TotalCount: int
    VpcSet: list[objects.Vpc]


class Subnets(TypedDict):
    """A page of their parts, and how many there are."""

    TotalCount: int
    SubnetSet: list[objects.Subnet]


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
    ResourceTagMappingList: list[objects.ResourceTagMapping]
