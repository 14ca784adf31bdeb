"""The requests of each action, declared once: names, types and defaults are the cloud's.

Parsing and validation follow from these; a field that isn't here is an unknown parameter.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.control import values
from gateway.control.values import UNLIMITED_MBPS, ChargeType, PackageChargeType


class Request(BaseModel):
    """An action's input. JSON types are taken strictly: a number isn't a string."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Internet(Request):
    """How an instance reaches the internet."""

    InternetChargeType: ChargeType = ChargeType.TRAFFIC_POSTPAID_BY_HOUR
    InternetMaxBandwidthOut: int = Field(default=0, strict=True)
    BandwidthPackageId: str | None = None


class RunInstances(Request):
    """Buy instances."""

    InstanceName: str = ""
    InternetAccessible: Internet = Internet()
    InstanceCount: int = Field(default=1, strict=True)
    ClientToken: str = ""


class OnInstances(Request):
    """Start, stop, reboot or terminate instances."""

    InstanceIds: tuple[str, ...] = Field(min_length=1, max_length=100)


class DescribeInstances(Request):
    """List instances, or those with these ids."""

    InstanceIds: tuple[str, ...] = Field(default=(), max_length=100)


class AllocateAddresses(Request):
    """Take EIPs."""

    AddressName: str = ""
    InternetChargeType: ChargeType = ChargeType.TRAFFIC_POSTPAID_BY_HOUR
    InternetMaxBandwidthOut: int = Field(default=1, strict=True)
    AddressCount: int = Field(default=1, strict=True)
    ClientToken: str = ""
    BandwidthPackageId: str | None = None


class AssociateAddress(Request):
    """Bind an EIP to an instance."""

    AddressId: str
    InstanceId: str


class DisassociateAddress(Request):
    """Unbind an EIP."""

    AddressId: str
    ReallocateNormalPublicIp: bool = Field(default=False, strict=True)


class ReleaseAddresses(Request):
    """Give EIPs back."""

    AddressIds: tuple[str, ...] = Field(min_length=1, max_length=100)


class DescribeAddresses(Request):
    """List EIPs, or those with these ids."""

    AddressIds: tuple[str, ...] = Field(default=(), max_length=100)


class ResetInstancesInternetMaxBandwidth(Request):
    """Give ordinary public IPs another bandwidth; of the object only that counts."""

    InstanceIds: tuple[str, ...] = Field(min_length=1, max_length=100)
    InternetAccessible: Internet


class ModifyInstancesAttribute(Request):
    """Call instances so."""

    InstanceIds: tuple[str, ...] = Field(min_length=1, max_length=100)
    InstanceName: str


class ModifyAddressesBandwidth(Request):
    """Give EIPs another bandwidth."""

    AddressIds: tuple[str, ...] = Field(min_length=1, max_length=100)
    InternetMaxBandwidthOut: int = Field(strict=True)


class ModifyAddressInternetChargeType(Request):
    """Pay for an EIP in another way."""

    AddressId: str
    InternetChargeType: ChargeType
    InternetMaxBandwidthOut: int = Field(strict=True)


class ModifyAddressAttribute(Request):
    """Call an EIP so."""

    AddressId: str
    AddressName: str


class Page(Request):
    """Which part of a list is wanted."""

    Offset: int = Field(default=0, ge=0, strict=True)
    Limit: int = Field(default=20, ge=1, le=100, strict=True)


class CreateBandwidthPackage(Request):
    """Make bandwidth packages."""

    BandwidthPackageName: str = ""
    InternetMaxBandwidth: int = Field(default=UNLIMITED_MBPS, strict=True)
    NetworkType: values.NetworkType = values.NetworkType.BGP
    ChargeType: PackageChargeType = PackageChargeType.ENHANCED95_POSTPAID_BY_MONTH
    BandwidthPackageCount: int = Field(default=1, strict=True)


class DeleteBandwidthPackage(Request):
    """Delete a bandwidth package."""

    BandwidthPackageId: str


class ModifyBandwidthPackageBandwidth(Request):
    """Limit the members together, or not at all."""

    BandwidthPackageId: str
    InternetMaxBandwidth: int = Field(strict=True)


class ModifyBandwidthPackageAttribute(Request):
    """Give a bandwidth package another name, another charge type, or both."""

    BandwidthPackageId: str
    BandwidthPackageName: str | None = None
    ChargeType: PackageChargeType | None = None


class AddBandwidthPackageResources(Request):
    """Addresses join a bandwidth package."""

    BandwidthPackageId: str
    ResourceIds: tuple[str, ...] = Field(min_length=1, max_length=100)
    ResourceType: Literal["Address"] = "Address"


class RemoveBandwidthPackageResources(Request):
    """Addresses leave a bandwidth package."""

    BandwidthPackageId: str
    ResourceIds: tuple[str, ...] = Field(min_length=1, max_length=100)
    ResourceType: Literal["Address"] = "Address"
    InternetChargeType: ChargeType = ChargeType.TRAFFIC_POSTPAID_BY_HOUR
    InternetMaxBandwidthOut: int | None = Field(default=None, strict=True)


class DescribeBandwidthPackages(Page):
    """List bandwidth packages, or those with these ids."""

    BandwidthPackageIds: tuple[str, ...] = Field(default=(), max_length=100)


class DescribeBandwidthPackageResources(Page):
    """List a bandwidth package's members."""

    BandwidthPackageId: str


class TransformAddress(Request):
    """Make an EIP of an instance's ordinary public IP."""

    InstanceId: str


class ReturnNormalAddresses(Request):
    """Give ordinary public IPs back, by their addresses."""

    AddressIps: tuple[str, ...] = Field(min_length=1, max_length=100)


class ConfigureAccount(Request):
    """The operator's, not the cloud's: the account's settings; what isn't given stays."""

    Behaviour: values.Behaviour | None = None
    EipsMax: int | None = Field(default=None, strict=True)
    ApplicationsMax: int | None = Field(default=None, strict=True)
