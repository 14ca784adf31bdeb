"""The actions that allocate, bind, list and release EIPs."""

from typing import Annotated, Any, Final, Self

from pydantic import model_validator

from gateway.api import codes, ids
from gateway.api.action import Action, Answer, Context, Listing, action
from gateway.api.client import WaitsFor
from gateway.api.client_tokens import answered_before
from gateway.api.errors import ApiError, BadValueError
from gateway.api.fields import Flag, No, Refused, Request, Tag, Whole, only
from gateway.api.filters import Seen, matching
from gateway.api.listing import listed, selected
from gateway.api.services import VPC
from gateway.api.unused import complete
from gateway.api.vpc.account import quota_view
from gateway.api.vpc.address_view import EGRESS, FILTERS, address_view, ordinary_as_eip
from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.progress import Task
from gateway.control.state import State
from gateway.control.values import REASSIGNMENTS_MAX, ChargeType, Eip, Renewal
from gateway.control.values import Tag as TagValue

PER_S: Final = 10.0
RENEWALS: Final = {0: Renewal.MANUAL, 1: Renewal.AUTO, 2: Renewal.NEVER}


@complete(VPC, "AddressChargePrepaid")
class Prepaid(Request):
    """For how many months an EIP is paid, and what happens then: by itself it is renewed."""

    Period: Whole
    AutoRenewFlag: Whole | None = None

    @property
    def renewal(self) -> Renewal | None:
        """What happens then. Raises `ApiError` for a number that stands for nothing."""
        if self.AutoRenewFlag is None:
            return None
        if self.AutoRenewFlag not in RENEWALS:
            raise ApiError(
                codes.VALUE, f"AutoRenewFlag: use one of {', '.join(map(str, RENEWALS))}"
            )
        return RENEWALS[self.AutoRenewFlag]


def terms(prepaid: Prepaid | None) -> dict[str, Any]:
    """The same for a command; nothing if it isn't given. Raises `ApiError`."""
    if prepaid is None:
        return {}
    return {"months": prepaid.Period, "renewal": prepaid.renewal or Renewal.AUTO}


@action(
    VPC,
    rate_per_s=PER_S,
    waits_for=WaitsFor.TASK,
    codes=(
        *codes.ADDRESS_QUOTA,
        *codes.BANDWIDTH,
        *codes.PACKAGE,
        *codes.TAGS,
        f"{codes.VALUE}.Range",
        f"{codes.VALUE}.Combination",
        codes.PACKAGE_FULL,
        "InvalidParameterConflict",
        "ResourceInsufficient",
    ),
)
class AllocateAddresses(Action):
    """Allocate EIPs from the pool to the account, once for each `ClientToken`."""

    AddressName: str = ""
    InternetChargeType: ChargeType = ChargeType.TRAFFIC_POSTPAID_BY_HOUR
    InternetMaxBandwidthOut: Whole = 1
    AddressCount: Whole = 1
    ClientToken: str = ""
    BandwidthPackageId: ids.PackageId | None = None
    AddressType: Annotated[str, only("EIP")] = "EIP"
    Tags: tuple[Tag, ...] = ()
    InternetServiceProvider: Annotated[str, only("BGP")] = "BGP"
    Egress: Annotated[str, only(EGRESS)] = EGRESS
    AddressChargePrepaid: Prepaid | None = None
    AnycastZone: Refused = None
    VipCluster: Refused = None
    DedicatedClusterId: Refused = None
    IsDedicatedAddressPool: No = False
    AntiDDoSPackageId: Refused = None

    def run(self, context: Context) -> Answer:
        command = cmd.AllocateEip(
            name=self.AddressName,
            bandwidth_mbps=self.InternetMaxBandwidthOut,
            charge_type=self.InternetChargeType,
            package_id=self.BandwidthPackageId,
            count=self.AddressCount,
            client_token=self.ClientToken,
            tags=tuple(TagValue(tag.Key, tag.Value) for tag in self.Tags),
            **terms(self.AddressChargePrepaid),
        )
        task = context.submit(command)
        allocated = [event.eip_id for event in task.events if isinstance(event, ev.EipAllocated)]
        shown = allocated or answered_before(context.control, command)
        return {"AddressSet": shown, "TaskId": str(task.number)}


@action(
    VPC,
    rate_per_s=PER_S,
    waits_for=WaitsFor.TASK,
    codes=(
        *codes.ADDRESS,
        *codes.INSTANCE,
        f"{codes.VALUE}.MissingAssociateEntity",
        f"{codes.VALUE}.Combination",
        f"{codes.VALUE}.InstanceHasWanIP",
        f"{codes.VALUE}.ResourceNotSupport",
        "InvalidParameterConflict",
        "InvalidNetworkInterfaceId.NotFound",
        "InvalidInstanceId.AlreadyBindEip",
        codes.ADDRESS_STATUS,
        "UnsupportedOperation.InstanceStateNotSupported",
        codes.BLOCKED,
        codes.EXPIRED,
        f"{codes.VALUE}.InstanceNormalPublicIpBlocked",
        codes.MUTEX,
    ),
    own_codes={errors.OrdinaryAddressError: f"{codes.VALUE}.ResourceNotSupport"},
)
class AssociateAddress(Action):
    """Bind an EIP to an instance. No other network interface has an id here."""

    AddressId: ids.AddressId
    InstanceId: ids.InstanceId | None = None
    NetworkInterfaceId: ids.InterfaceId | None = None
    PrivateIpAddress: str | None = None
    EipDirectConnection: No = False
    InstanceRegion: Refused = None

    @model_validator(mode="after")
    def _check_target(self) -> Self:
        by_interface = (self.NetworkInterfaceId, self.PrivateIpAddress)
        if self.InstanceId and any(by_interface):
            raise BadValueError(
                "InvalidParameterConflict",
                "either InstanceId is given, or NetworkInterfaceId and PrivateIpAddress",
            )
        if not self.InstanceId and not any(by_interface):
            raise BadValueError(
                f"{codes.VALUE}.MissingAssociateEntity", "InstanceId says what to bind to"
            )
        if any(by_interface) and not all(by_interface):
            raise BadValueError(
                f"{codes.VALUE}.Combination",
                "NetworkInterfaceId and PrivateIpAddress are given together",
            )
        return self

    def run(self, context: Context) -> Task:
        if self.InstanceId is None:
            raise ApiError(
                "InvalidNetworkInterfaceId.NotFound",
                f"there is no network interface {self.NetworkInterfaceId!r}",
            )
        return context.submit(cmd.BindEip(self.AddressId, self.InstanceId))


@action(
    VPC,
    rate_per_s=PER_S,
    waits_for=WaitsFor.TASK,
    codes=(
        *codes.ADDRESS,
        "InvalidAddressIdStatus.NotPermit",
        codes.ADDRESS_STATUS,
        "AddressQuotaLimitExceeded.DailyAllocate",
        "ResourceInsufficient",
        codes.BLOCKED,
        codes.MUTEX,
    ),
    own_codes={errors.OrdinaryAddressError: "InvalidAddressIdStatus.NotPermit"},
)
class DisassociateAddress(Action):
    """Unbind an EIP; its instance may get a new ordinary public IP."""

    AddressId: ids.AddressId
    ReallocateNormalPublicIp: Flag | None = None

    def run(self, context: Context) -> Task:
        """Unbind it; the instance may get an ordinary public IP."""
        return context.submit(cmd.UnbindEip(self.AddressId, self.ReallocateNormalPublicIp))


@action(
    VPC,
    rate_per_s=PER_S,
    waits_for=WaitsFor.TASK,
    codes=(
        *codes.ADDRESS,
        f"{codes.VALUE}.AddressTypeConflict",
        f"{codes.VALUE}.AddressInternetChargeTypeConflict",
        codes.ADDRESS_STATUS,
    ),
)
class ReleaseAddresses(Action):
    """Give the addresses of unbound EIPs back to the pool; one that is paid for isn't released."""

    AddressIds: ids.SomeAddressIds

    def run(self, context: Context) -> Task:
        return context.submit(*map(cmd.ReleaseEip, dict.fromkeys(self.AddressIds)))


@action(
    VPC,
    rate_per_s=PER_S,
    filters=FILTERS,
    codes=(
        codes.NO_FILTER,
        "LimitExceeded.NumberOfFilters",
        f"{codes.VALUE}.AddressIdMalformed",
        f"{codes.VALUE}.NetworkInterfaceIdMalformed",
        codes.LIMIT,
    ),
)
class DescribeAddresses(Listing):
    """List EIPs, or those with these ids; ordinary public IPs if the filter address-type asks."""

    AddressIds: ids.AddressIds = ()

    @model_validator(mode="after")
    def _check_ids_once(self) -> Self:
        if self.AddressIds and any(one.Name == "address-id" for one in self.Filters):
            raise BadValueError(
                "InvalidParameter", "AddressIds and the filter address-id can't be given together"
            )
        return self

    def run(self, context: Context) -> Answer:
        """The addresses in the statuses that they are passing through."""
        tests = self.tests()
        with context.control.state() as state:
            progress = context.control.progress
            statuses = progress.statuses
            ordinary = _ordinary(state) if self._wants_ordinary() else {}
            things = {**state.eips, **progress.offlining, **ordinary}
            found = matching(Seen(state, statuses), selected(things, self.AddressIds), tests)
            return listed(
                "AddressSet",
                found,
                self,
                lambda eip: address_view(state, eip, statuses.get(eip.eip_id)),
            )

    def _wants_ordinary(self) -> bool:
        return any(one.Name == "address-type" and "WanIP" in one.Values for one in self.Filters)


def _ordinary(state: State) -> dict[str, Eip]:
    return {
        address_id: ordinary_as_eip(state.instances[instance_id])
        for address_id, instance_id in state.ordinary.items()
    }


# Quotas of kinds of addresses, and of ways to get one, that aren't here.
_NOT_HERE: Final = (
    "MONTHLY_RECOVER_QUOTA",
    "LOCALBGP_EIP_QUOTA",
    "SINGLEISP_EIP_QUOTA",
    "DAILY_SINGLEISP_APPLY",
)


@action(VPC, rate_per_s=PER_S)
class DescribeAddressQuota(Action):
    """List the account's quotas of EIPs, and how much of each is used."""

    def run(self, context: Context) -> Answer:
        """The account's quotas, and how much of each is used."""
        now = context.control.now()
        with context.control.state() as state:
            account, ledger = state.account, state.ledger
            rows = [
                ("TOTAL_EIP_QUOTA", len(state.eips), account.eips_max),
                ("DAILY_EIP_APPLY", ledger.applications(now), account.applications_max),
                ("DAILY_PUBLIC_IP_ASSIGN", ledger.reassignments(now), REASSIGNMENTS_MAX),
                *((name, 0, 0) for name in _NOT_HERE),
            ]
        return {"QuotaSet": [quota_view(*row) for row in rows]}
