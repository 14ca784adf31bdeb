"""Requests about instances (service cvm)."""

from typing import Annotated

from pydantic import Field

from gateway.api.requests.fields import Flag, Ignored, No, One, Page, Request, Whole, only
from gateway.control.values import ChargeType


class Internet(Request):
    """How an instance reaches the internet."""

    InternetChargeType: ChargeType = ChargeType.TRAFFIC_POSTPAID_BY_HOUR
    InternetMaxBandwidthOut: Whole = 0
    PublicIpAssigned: Annotated[Flag, only(True)] = True  # noqa: FBT003  the value itself
    InternetServiceProvider: Ignored = None
    BandwidthPackageId: str | None = None


class RunInstances(Request):
    """Buy instances."""

    InstanceName: str = ""
    InternetAccessible: Internet = Internet()
    InstanceCount: Whole = 1
    ClientToken: str = ""
    MinCount: One = 1
    DryRun: No = False
    Placement: Ignored = None
    ImageId: Ignored = None
    InstanceType: Ignored = None
    InstanceChargeType: Ignored = None
    SystemDisk: Ignored = None
    DataDisks: Ignored = None
    VirtualPrivateCloud: Ignored = None
    SecurityGroupIds: Ignored = None
    LoginSettings: Ignored = None
    EnhancedService: Ignored = None
    HostName: Ignored = None
    TagSpecification: Ignored = None
    UserData: Ignored = None


class OnInstances(Request):
    """Start instances; and what is common to stopping, rebooting and terminating them."""

    InstanceIds: tuple[str, ...] = Field(min_length=1, max_length=100)


class StopInstances(OnInstances):
    """Stop instances, each way of which is the same here."""

    ForceStop: Ignored = None
    StopType: Ignored = None
    StoppedMode: Ignored = None


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

    InstanceIds: tuple[str, ...] = Field(default=(), max_length=100)


class ResetInstancesInternetMaxBandwidth(Request):
    """Give ordinary public IPs another bandwidth; of the object only that counts."""

    InstanceIds: tuple[str, ...] = Field(min_length=1, max_length=100)
    InternetAccessible: Internet


class ModifyInstancesAttribute(Request):
    """Call instances so."""

    InstanceIds: tuple[str, ...] = Field(min_length=1, max_length=100)
    InstanceName: str
