"""The requests of each action, declared once: names, types and defaults are the cloud's.

Parsing and validation follow from these; a field that isn't here is an unknown parameter. What the
cloud's clients send as a matter of course, and what has no counterpart here, is `Ignored`. Of a
field that would change what happens only the value that changes nothing is taken.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from gateway.control import values
from gateway.control.values import UNLIMITED_MBPS, ChargeType, PackageChargeType

_TEXT: Final = object()  # the context in which every value arrives as text
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_FLAGS: Final = {"true": True, "false": False}


def _whole(value: Any, info: ValidationInfo) -> Any:
    if info.context is _TEXT and isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return value


def _flag(value: Any, info: ValidationInfo) -> Any:
    if info.context is _TEXT and isinstance(value, str):
        return _FLAGS.get(value.lower(), value)
    return value


def _ignored(_value: Any, _handler: ValidatorFunctionWrapHandler) -> None:
    return None


def only(value: object) -> AfterValidator:
    """The one value that a field can have here."""

    def check(given: object) -> object:
        if given != value:
            raise ValueError(f"only {value} can be had here")
        return given

    return AfterValidator(check)


# JSON types are taken strictly: a number isn't a string.
Whole = Annotated[int, Field(strict=True), BeforeValidator(_whole)]
Flag = Annotated[bool, Field(strict=True), BeforeValidator(_flag)]
Ignored = Annotated[None, WrapValidator(_ignored)]
One = Annotated[Whole, only(1)]
No = Annotated[Flag, only(False)]  # noqa: FBT003  the value itself


class Request(BaseModel):
    """An action's input."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def from_text(cls, parameters: Mapping[str, Any]) -> Self:
        """From parameters whose values are all text. Raises `ValidationError`."""
        return cls.model_validate(parameters, context=_TEXT)


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


class Page(Request):
    """Which part of a list is wanted; all of it unless there is a limit."""

    Offset: Whole = Field(default=0, ge=0)
    Limit: Whole | None = Field(default=None, ge=1, le=100)


class DescribeInstances(Page):
    """List instances, or those with these ids."""

    InstanceIds: tuple[str, ...] = Field(default=(), max_length=100)


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


class TransformAddress(Request):
    """Make an EIP of an instance's ordinary public IP."""

    InstanceId: str


class ReturnNormalAddresses(Request):
    """Give ordinary public IPs back, by their addresses."""

    AddressIps: tuple[str, ...] = Field(min_length=1, max_length=100)


class ConfigureAccount(Request):
    """The operator's, not the cloud's: the account's settings; what isn't given stays."""

    Behaviour: values.Behaviour | None = None
    EipsMax: Whole | None = None
    ApplicationsMax: Whole | None = None
