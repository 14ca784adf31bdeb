"""Requests about bandwidth packages (service vpc)."""

from typing import Literal

from pydantic import Field

from gateway.api.requests.fields import Page, Request, Whole
from gateway.control import values
from gateway.control.values import UNLIMITED_MBPS, ChargeType, PackageChargeType


class CreateBandwidthPackage(Request):
    """Make bandwidth packages."""

    BandwidthPackageName: str = ""
    InternetMaxBandwidth: Whole = UNLIMITED_MBPS
    NetworkType: values.NetworkType = values.NetworkType.BGP
    ChargeType: PackageChargeType = PackageChargeType.ENHANCED95_POSTPAID_BY_MONTH
    BandwidthPackageCount: Whole = 1


class DeleteBandwidthPackage(Request):
    """Delete a bandwidth package."""

    BandwidthPackageId: str


class ModifyBandwidthPackageBandwidth(Request):
    """Limit the members together, or not at all."""

    BandwidthPackageId: str
    InternetMaxBandwidth: Whole


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
    InternetMaxBandwidthOut: Whole | None = None


class DescribeBandwidthPackages(Page):
    """List bandwidth packages, or those with these ids."""

    BandwidthPackageIds: tuple[str, ...] = Field(default=(), max_length=100)


class DescribeBandwidthPackageResources(Page):
    """List a bandwidth package's members."""

    BandwidthPackageId: str
