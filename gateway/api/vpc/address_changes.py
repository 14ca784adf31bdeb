"""The actions that change public addresses while they are in use."""

from ipaddress import AddressValueError, IPv4Address
from typing import Annotated, Self

from pydantic import model_validator

from gateway.api import codes, ids
from gateway.api.action import Action, Answer, Context, action
from gateway.api.client import WaitsFor
from gateway.api.errors import ApiError, BadValueError
from gateway.api.fields import No, Only, Size, Whole
from gateway.api.services import VPC
from gateway.api.vpc.addresses import PER_S, Prepaid, terms
from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions import requirements
from gateway.control.progress import Task
from gateway.control.values import ChargeType, Renewal


@action(
    VPC,
    rate_per_s=PER_S,
    waits_for=WaitsFor.TASK,
    codes=(
        *codes.ADDRESS,
        f"{codes.VALUE}.AddressTypeConflict",
        *codes.BANDWIDTH,
        f"{codes.VALUE}.ResourceExpired",
        codes.LIMIT,
    ),
    own_codes={errors.ExpiredError: f"{codes.VALUE}.ResourceExpired"},
)
class ModifyAddressesBandwidth(Action):
    """Change the bandwidth of these EIPs, in Mbit/s, all or none."""

    AddressIds: ids.SomeAddressIds
    InternetMaxBandwidthOut: Whole

    def run(self, context: Context) -> Task:
        return context.submit(
            cmd.ChangeEipsBandwidth(self.AddressIds, self.InternetMaxBandwidthOut)
        )


@action(
    VPC,
    rate_per_s=PER_S,
    waits_for=WaitsFor.IN_FORCE,
    codes=(
        *codes.ADDRESS,
        f"{codes.VALUE}.Range",
        f"{codes.VALUE}.InternetChargeTypeNotChanged",
        "LimitExceeded.ModifyAddressInternetChargeTypeQuota",
        codes.CHARGE_TYPE,
        codes.EXPIRED,
    ),
    own_codes={errors.OrdinaryAddressError: codes.CHARGE_TYPE},
)
class ModifyAddressInternetChargeType(Action):
    """Change the way in which an EIP is paid for."""

    AddressId: ids.AddressId
    InternetChargeType: ChargeType
    InternetMaxBandwidthOut: Whole
    AddressChargePrepaid: Prepaid | None = None

    def run(self, context: Context) -> Task:
        return context.submit(
            cmd.ChangeEipChargeType(
                self.AddressId,
                self.InternetChargeType,
                self.InternetMaxBandwidthOut,
                **terms(self.AddressChargePrepaid),
            )
        )


@action(
    VPC,
    rate_per_s=PER_S,
    waits_for=WaitsFor.IN_FORCE,
    codes=(*codes.ADDRESS, codes.CHARGE_TYPE),
    own_codes={errors.OrdinaryAddressError: codes.CHARGE_TYPE},
)
class RenewAddresses(Action):
    """Pay for EIPs for more months, from the end on; an expired one passes packets again."""

    AddressIds: ids.SomeAddressIds
    AddressChargePrepaid: Prepaid

    def run(self, context: Context) -> Task:
        prepaid = self.AddressChargePrepaid
        return context.submit(cmd.RenewEips(self.AddressIds, prepaid.Period, prepaid.renewal))


@action(
    VPC,
    rate_per_s=PER_S,
    codes=(
        f"{codes.VALUE}.AddressIdMalformed",
        f"{codes.VALUE}.AddressNotFound",
        f"{codes.VALUE}.ResourceNotSupport",
    ),
    own_codes={
        errors.UnknownEipError: f"{codes.VALUE}.AddressNotFound",
        errors.OrdinaryAddressError: f"{codes.VALUE}.ResourceNotSupport",
        errors.ChargeTypeError: f"{codes.VALUE}.ResourceNotSupport",
    },
)
class ModifyAddressesRenewFlag(Action):
    """Change what happens when the time that EIPs are paid for is over."""

    AddressIds: ids.SomeAddressIds
    RenewFlag: Renewal

    def run(self, context: Context) -> Task:
        return context.submit(cmd.ChangeEipsRenewal(self.AddressIds, self.RenewFlag))


class _NotDirect(Only):
    """Every address is translated at the gateway: no instance sees its EIP."""

    def check(self, value: str) -> None:
        """Raise `BadValueError` unless the value is FALSE, in upper or lower case."""
        if value.upper() != self.value:
            raise BadValueError(
                "UnsupportedOperation.ModifyAddressAttribute",
                "no EIP is visible in an instance here: only FALSE can be had",
            )


@action(
    VPC,
    rate_per_s=PER_S,
    codes=(
        *codes.ADDRESS,
        f"{codes.VALUE}.TooLong",
        "UnsupportedOperation.ModifyAddressAttribute",
    ),
    own_codes={errors.OrdinaryAddressError: "UnsupportedOperation.ModifyAddressAttribute"},
)
class ModifyAddressAttribute(Action):
    """Give an EIP another name; this action changes no other attribute."""

    AddressId: ids.AddressId
    AddressName: str | None = None
    EipDirectConnection: Annotated[str, _NotDirect("FALSE")] = "FALSE"
    EipVisibleOnEni: No = False

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if not self.model_fields_set - {"AddressId"}:
            raise BadValueError("MissingParameter", "there is nothing to change")
        return self

    def run(self, context: Context) -> Answer | Task:
        """The EIP must be there, even if nothing changes."""
        if self.AddressName is not None:
            return context.submit(cmd.RenameEip(self.AddressId, self.AddressName))
        with context.control.state() as state:
            requirements.eip(state, self.AddressId)
        return {}


@action(
    VPC,
    rate_per_s=PER_S,
    waits_for=WaitsFor.TASK,
    codes=(
        *codes.INSTANCE,
        "InvalidInstanceId.AlreadyBindEip",
        f"{codes.VALUE}.InstanceHasNoWanIP",
        f"{codes.VALUE}.InvalidInstanceState",
        *codes.ADDRESS_QUOTA,
        codes.CHARGE_TYPE,
        codes.BLOCKED,
        codes.MUTEX,
    ),
    own_codes={errors.InstanceStateError: f"{codes.VALUE}.InvalidInstanceState"},
)
class TransformAddress(Action):
    """Make an EIP of an instance's ordinary public IP."""

    InstanceId: ids.InstanceId

    def run(self, context: Context) -> Answer:
        """The id of the EIP, and the task."""
        task = context.submit(cmd.TransformOrdinaryIp(self.InstanceId))
        (eip_id,) = [event.eip_id for event in task.events if isinstance(event, ev.EipTransformed)]
        return {"AddressId": eip_id, "TaskId": task.number}


@action(
    VPC,
    waits_for=WaitsFor.TASK,
    codes=(
        *codes.INSTANCE,
        f"{codes.VALUE}.Combination",
        f"{codes.VALUE}.InstanceHasNoWanIP",
        codes.CHARGE_TYPE,
        "LimitExceeded.ChangeAddressQuota",
        "LimitExceeded.DailyChangeAddressQuota",
        f"{codes.VALUE}.AddressNotFound",
        f"{codes.VALUE}.ResourceNotSupport",
        "ResourceInsufficient",
        codes.BLOCKED,
        codes.MUTEX,
    ),
    own_codes={
        errors.UnknownEipError: f"{codes.VALUE}.AddressNotFound",
        errors.OrdinaryAddressError: f"{codes.VALUE}.ResourceNotSupport",
    },
)
class AdjustPublicAddress(Action):
    """Change an instance's ordinary public IP, or the address of an EIP in a package."""

    InstanceId: ids.InstanceId | None = None
    AddressId: ids.AddressId | None = None

    def run(self, context: Context) -> Task:
        """Exchange the address for another one of the pool."""
        if self.InstanceId and self.AddressId:
            raise ApiError(
                f"{codes.VALUE}.Combination", "InstanceId and AddressId can't be given together"
            )
        if self.InstanceId:
            return context.submit(cmd.ChangeOrdinaryIp(self.InstanceId))
        if self.AddressId:
            return context.submit(cmd.ChangeEipAddress(self.AddressId))
        raise ApiError("MissingParameter", "InstanceId or AddressId must be given")


@action(
    VPC,
    rate_per_s=2.0,
    waits_for=WaitsFor.IN_FORCE,
    codes=(
        f"{codes.VALUE}.AddressIpsNotFound",
        f"{codes.VALUE}.Illegal",
        codes.LIMIT,
    ),
)
class ReturnNormalAddresses(Action):
    """Give ordinary public IPs back, by their addresses."""

    AddressIps: Annotated[tuple[str, ...], Size(1, 100)]

    def run(self, context: Context) -> Task:
        for address in self.AddressIps:
            _check_address(address)
        with context.control.state() as state:
            holders = {state.address(key): instance for key, instance in state.ordinary.items()}
        unknown = [address for address in self.AddressIps if address not in holders]
        if unknown:
            raise ApiError(
                f"{codes.VALUE}.AddressIpsNotFound", f"no ordinary public IP {unknown[0]}"
            )
        return context.submit(cmd.ReturnOrdinaryIps(tuple(holders[one] for one in self.AddressIps)))


def _check_address(text: str) -> None:
    try:
        IPv4Address(text)
    except AddressValueError as error:
        raise ApiError(
            f"{codes.VALUE}.Illegal", f"AddressIps: {text[:80]!r} is no IPv4 address"
        ) from error
