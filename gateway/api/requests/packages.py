"""Requests about bandwidth packages (service vpc)."""

from typing import Annotated, ClassVar

from gateway.api.requests import ids
from gateway.api.requests.fields import (
    FilterList,
    Ignored,
    Known,
    Page,
    Refused,
    Request,
    Tag,
    Whole,
    only,
)
from gateway.control import values
from gateway.control.values import UNLIMITED_MBPS, ChargeType, PackageChargeType

_Address = Annotated[str, only("Address")]
_Ipv4 = Annotated[str, only("ipv4")]


class CreateBandwidthPackage(Request):
    """Make bandwidth packages."""

    BandwidthPackageName: str = ""
    InternetMaxBandwidth: Whole = UNLIMITED_MBPS
    NetworkType: values.NetworkType = values.NetworkType.BGP
    ChargeType: PackageChargeType = PackageChargeType.ENHANCED95_POSTPAID_BY_MONTH
    BandwidthPackageCount: Whole = 1
    Tags: tuple[Tag, ...] = ()
    Protocol: _Ipv4 = "ipv4"
    TimeSpan: Ignored = None
    Egress: Annotated[str, only("center_egress1")] = "center_egress1"
    DesignatedZone: Refused = None


class DeleteBandwidthPackage(Request):
    """Delete a bandwidth package."""

    BandwidthPackageId: ids.PackageId


class ModifyBandwidthPackageBandwidth(Request):
    """Limit the members together, or not at all."""

    BandwidthPackageId: ids.PackageId
    InternetMaxBandwidth: Whole


class ModifyBandwidthPackageAttribute(Request):
    """Give a bandwidth package another name, another charge type, or both."""

    BandwidthPackageId: ids.PackageId
    BandwidthPackageName: str | None = None
    ChargeType: (
        Annotated[
            PackageChargeType,
            Known(PackageChargeType, "InvalidParameterValue.InvalidBandwidthPackageChargeType"),
        ]
        | None
    ) = None


class AddBandwidthPackageResources(Request):
    """Addresses join a bandwidth package."""

    BandwidthPackageId: ids.PackageId
    ResourceIds: ids.SomeResourceIds
    ResourceType: _Address = "Address"
    NetworkType: Ignored = None
    Protocol: _Ipv4 = "ipv4"
    InternetMaxBandwidthOut: Refused = None


class RemoveBandwidthPackageResources(Request):
    """Addresses leave a bandwidth package."""

    BandwidthPackageId: ids.PackageId
    ResourceIds: ids.SomeResourceIds
    ResourceType: _Address = "Address"
    InternetChargeType: ChargeType = ChargeType.TRAFFIC_POSTPAID_BY_HOUR
    InternetMaxBandwidthOut: Whole | None = None


class DescribeBandwidthPackages(Page):
    """List bandwidth packages, or those with these ids."""

    either: ClassVar[tuple[str, ...]] = ("BandwidthPackageIds", "Filters")

    BandwidthPackageIds: ids.PackageIds = ()
    Filters: FilterList = ()


class DescribeBandwidthPackageResources(Page):
    """List a bandwidth package's members."""

    BandwidthPackageId: ids.PackageId
    Filters: FilterList = ()
