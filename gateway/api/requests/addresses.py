"""Requests about public addresses (service vpc)."""

from typing import Annotated, Self

from pydantic import model_validator

from gateway.api.requests import ids
from gateway.api.requests.fields import (
    FilterList,
    Flag,
    Ignored,
    No,
    Only,
    Page,
    Refused,
    Request,
    Size,
    Tag,
    Whole,
    only,
)
from gateway.api.wire import BadValueError
from gateway.control.values import ChargeType


class Prepaid(Request):
    """For how many months an EIP is paid. Here nobody pays, so it ends with its release alone."""

    Period: Whole
    AutoRenewFlag: Whole = 1


class AllocateAddresses(Request):
    """Take EIPs."""

    AddressName: str = ""
    InternetChargeType: ChargeType = ChargeType.TRAFFIC_POSTPAID_BY_HOUR
    InternetMaxBandwidthOut: Whole = 1
    AddressCount: Whole = 1
    ClientToken: str = ""
    BandwidthPackageId: ids.PackageId | None = None
    AddressType: Annotated[str, only("EIP")] = "EIP"
    Tags: tuple[Tag, ...] = ()
    InternetServiceProvider: Annotated[str, only("BGP")] = "BGP"
    Egress: Annotated[str, only("center_egress1")] = "center_egress1"
    IPChargeType: Ignored = None
    AddressChargePrepaid: Prepaid | None = None
    AnycastZone: Refused = None
    VipCluster: Refused = None
    ApplicableForCLB: Ignored = None
    DedicatedClusterId: Refused = None
    IsDedicatedAddressPool: No = False
    AntiDDoSPackageId: Refused = None


class AssociateAddress(Request):
    """Bind an EIP to an instance. No other network interface has an id here."""

    AddressId: ids.AddressId
    InstanceId: ids.InstanceId | None = None
    NetworkInterfaceId: ids.InterfaceId | None = None
    PrivateIpAddress: str | None = None
    EipDirectConnection: No = False
    InstanceRegion: Refused = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        by_interface = (self.NetworkInterfaceId, self.PrivateIpAddress)
        if self.InstanceId and any(by_interface):
            raise BadValueError(
                "InvalidParameterConflict",
                "either InstanceId is given, or NetworkInterfaceId and PrivateIpAddress",
            )
        if not self.InstanceId and not any(by_interface):
            raise BadValueError(
                "InvalidParameterValue.MissingAssociateEntity", "InstanceId says what to bind to"
            )
        if any(by_interface) and not all(by_interface):
            raise BadValueError(
                "InvalidParameterValue.Combination",
                "NetworkInterfaceId and PrivateIpAddress are given together",
            )
        return self


class DisassociateAddress(Request):
    """Unbind an EIP."""

    AddressId: ids.AddressId
    ReallocateNormalPublicIp: Flag = False


class ReleaseAddresses(Request):
    """Give EIPs back."""

    AddressIds: ids.SomeAddressIds


class DescribeAddresses(Page):
    """List EIPs, or those with these ids; ordinary public IPs if the filter address-type asks."""

    AddressIds: ids.AddressIds = ()
    Filters: FilterList = ()

    @model_validator(mode="after")
    def _ids_once(self) -> Self:
        if self.AddressIds and any(one.Name == "address-id" for one in self.Filters):
            raise BadValueError(
                "InvalidParameter", "AddressIds and the filter address-id can't be given together"
            )
        return self


class ModifyAddressesBandwidth(Request):
    """Give EIPs another bandwidth."""

    AddressIds: ids.SomeAddressIds
    InternetMaxBandwidthOut: Whole
    StartTime: Ignored = None
    EndTime: Ignored = None


class ModifyAddressInternetChargeType(Request):
    """Pay for an EIP in another way."""

    AddressId: ids.AddressId
    InternetChargeType: ChargeType
    InternetMaxBandwidthOut: Whole
    AddressChargePrepaid: Prepaid | None = None


class _NotDirect(Only):
    """Every address is translated at the gateway: none is the guest's own."""

    def check(self, value: str) -> None:
        """Raises `BadValueError`."""
        if value.upper() != self.value:
            raise BadValueError(
                "UnsupportedOperation.ModifyAddressAttribute",
                "no EIP is visible in an instance here: only FALSE can be had",
            )


class ModifyAddressAttribute(Request):
    """Call an EIP so."""

    AddressId: ids.AddressId
    AddressName: str | None = None
    EipDirectConnection: Annotated[str, _NotDirect("FALSE")] = "FALSE"
    EipVisibleOnEni: No = False

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set - {"AddressId"}:
            raise BadValueError("MissingParameter", "there is nothing to change")
        return self


class TransformAddress(Request):
    """Make an EIP of an instance's ordinary public IP."""

    InstanceId: ids.InstanceId


class AdjustPublicAddress(Request):
    """Change an instance's ordinary public IP, or the address of an EIP in a package."""

    InstanceId: ids.InstanceId | None = None
    AddressId: ids.AddressId | None = None


class ReturnNormalAddresses(Request):
    """Give ordinary public IPs back, by their addresses."""

    AddressIps: Annotated[tuple[str, ...], Size(1, 100)]
