"""Requests about public addresses (service vpc)."""

from typing import Annotated

from pydantic import Field

from gateway.api.requests.fields import Flag, Ignored, No, Page, Request, Whole, only
from gateway.control.values import ChargeType


class AllocateAddresses(Request):
    """Take EIPs."""

    AddressName: str = ""
    InternetChargeType: ChargeType = ChargeType.TRAFFIC_POSTPAID_BY_HOUR
    InternetMaxBandwidthOut: Whole = 1
    AddressCount: Whole = 1
    ClientToken: str = ""
    BandwidthPackageId: str | None = None
    AddressType: Annotated[str, only("EIP")] = "EIP"
    InternetServiceProvider: Ignored = None
    Tags: Ignored = None


class AssociateAddress(Request):
    """Bind an EIP to an instance."""

    AddressId: str
    InstanceId: str
    EipDirectConnection: No = False


class DisassociateAddress(Request):
    """Unbind an EIP."""

    AddressId: str
    ReallocateNormalPublicIp: Flag = False


class ReleaseAddresses(Request):
    """Give EIPs back."""

    AddressIds: tuple[str, ...] = Field(min_length=1, max_length=100)


class DescribeAddresses(Page):
    """List EIPs, or those with these ids."""

    AddressIds: tuple[str, ...] = Field(default=(), max_length=100)


class ModifyAddressesBandwidth(Request):
    """Give EIPs another bandwidth."""

    AddressIds: tuple[str, ...] = Field(min_length=1, max_length=100)
    InternetMaxBandwidthOut: Whole


class ModifyAddressInternetChargeType(Request):
    """Pay for an EIP in another way."""

    AddressId: str
    InternetChargeType: ChargeType
    InternetMaxBandwidthOut: Whole


class ModifyAddressAttribute(Request):
    """Call an EIP so."""

    AddressId: str
    AddressName: str


class TransformAddress(Request):
    """Make an EIP of an instance's ordinary public IP."""

    InstanceId: str


class ReturnNormalAddresses(Request):
    """Give ordinary public IPs back, by their addresses."""

    AddressIps: tuple[str, ...] = Field(min_length=1, max_length=100)
