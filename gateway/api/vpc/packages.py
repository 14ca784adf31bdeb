"""The actions on bandwidth packages."""

from typing import Annotated, ClassVar

from gateway.api import codes, ids
from gateway.api.action import Action, Answer, Context, Listing, action
from gateway.api.client import WaitsFor
from gateway.api.fields import Known, Refused, Tag, Whole, only
from gateway.api.filters import Seen, matching
from gateway.api.listing import listed, selected
from gateway.api.services import VPC
from gateway.api.vpc.account import quota_view
from gateway.api.vpc.address_view import EGRESS
from gateway.api.vpc.package_view import FILTERS, MEMBER_FILTERS, members_view, package_view
from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control import values
from gateway.control.decisions.packages import PACKAGES_MAX, find
from gateway.control.progress import Task
from gateway.control.values import UNLIMITED_MBPS, PackageChargeType

_Address = Annotated[str, only("Address")]
_Ipv4 = Annotated[str, only("ipv4")]


@action(
    VPC,
    codes=(
        "LimitExceeded.BandwidthPackageQuota",
        f"{codes.VALUE}.Range",
    ),
)
class CreateBandwidthPackage(Action):
    """Create bandwidth packages that differ only in their ids."""

    BandwidthPackageName: str = ""
    InternetMaxBandwidth: Whole = UNLIMITED_MBPS
    NetworkType: values.NetworkType = values.NetworkType.BGP
    ChargeType: PackageChargeType = PackageChargeType.ENHANCED95_POSTPAID_BY_MONTH
    BandwidthPackageCount: Whole = 1
    Tags: tuple[Tag, ...] = ()
    Protocol: _Ipv4 = "ipv4"
    Egress: Annotated[str, only(EGRESS)] = EGRESS
    DesignatedZone: Refused = None

    def run(self, context: Context) -> Answer:
        """The ids, and the first of them once more."""
        task = context.submit(
            cmd.CreatePackages(
                name=self.BandwidthPackageName,
                bandwidth_mbps=self.InternetMaxBandwidth,
                charge_type=self.ChargeType,
                network_type=self.NetworkType,
                count=self.BandwidthPackageCount,
                tags=tuple(values.Tag(tag.Key, tag.Value) for tag in self.Tags),
            )
        )
        made = [event.package_id for event in task.events if isinstance(event, ev.PackageCreated)]
        return {"BandwidthPackageId": made[0], "BandwidthPackageIds": made}


@action(VPC, codes=(*codes.PACKAGE, f"{codes.VALUE}.BandwidthPackageInUse"))
class DeleteBandwidthPackage(Action):
    """Delete a bandwidth package; a package with members is refused."""

    BandwidthPackageId: ids.PackageId

    def run(self, context: Context) -> Task:
        return context.submit(cmd.DeletePackage(self.BandwidthPackageId))


@action(VPC, waits_for=WaitsFor.IN_FORCE, codes=(*codes.PACKAGE, f"{codes.VALUE}.Range"))
class ModifyBandwidthPackageBandwidth(Action):
    """Limit all members together, or not at all."""

    BandwidthPackageId: ids.PackageId
    InternetMaxBandwidth: Whole

    def run(self, context: Context) -> Task:
        """The limit holds for the members from now on."""
        return context.submit(
            cmd.ChangePackageBandwidth(self.BandwidthPackageId, self.InternetMaxBandwidth)
        )


@action(
    VPC,
    codes=(
        *codes.PACKAGE,
        f"{codes.VALUE}.InvalidBandwidthPackageChargeType",
    ),
)
class ModifyBandwidthPackageAttribute(Action):
    """Give a bandwidth package another name, another charge type, or both."""

    BandwidthPackageId: ids.PackageId
    BandwidthPackageName: str | None = None
    ChargeType: (
        Annotated[
            PackageChargeType,
            Known(PackageChargeType, f"{codes.VALUE}.InvalidBandwidthPackageChargeType"),
        ]
        | None
    ) = None

    def run(self, context: Context) -> Task:
        return context.submit(
            cmd.ChangePackageAttributes(
                self.BandwidthPackageId, self.BandwidthPackageName, self.ChargeType
            )
        )


@action(
    VPC,
    waits_for=WaitsFor.IN_FORCE,
    codes=(
        *codes.PACKAGE,
        f"{codes.VALUE}.ResourceIdMalformed",
        f"{codes.VALUE}.ResourceNotFound",
        f"{codes.VALUE}.ResourceAlreadyExisted",
        codes.PACKAGE_FULL,
        codes.MEMBER_PAYS,
        codes.LIMIT,
    ),
)
class AddBandwidthPackageResources(Action):
    """Add EIPs or ordinary public IPs to a bandwidth package."""

    BandwidthPackageId: ids.PackageId
    ResourceIds: ids.SomeResourceIds
    ResourceType: _Address = "Address"
    Protocol: _Ipv4 = "ipv4"
    InternetMaxBandwidthOut: Refused = None

    def run(self, context: Context) -> Task:
        return context.submit(cmd.JoinPackage(self.BandwidthPackageId, self.ResourceIds))


@action(
    VPC,
    waits_for=WaitsFor.IN_FORCE,
    codes=(
        *codes.PACKAGE,
        f"{codes.VALUE}.ResourceIdMalformed",
        f"{codes.VALUE}.ResourceNotFound",
        f"{codes.VALUE}.ResourceNotExisted",
    ),
)
class RemoveBandwidthPackageResources(Action):
    """Remove addresses from a bandwidth package; each then pays on its own."""

    BandwidthPackageId: ids.PackageId
    ResourceIds: ids.SomeResourceIds
    ResourceType: _Address = "Address"
    InternetChargeType: values.ChargeType = values.ChargeType.TRAFFIC_POSTPAID_BY_HOUR
    InternetMaxBandwidthOut: Whole | None = None

    def run(self, context: Context) -> Task:
        return context.submit(
            cmd.LeavePackage(
                self.BandwidthPackageId,
                self.ResourceIds,
                self.InternetChargeType,
                self.InternetMaxBandwidthOut,
            )
        )


@action(
    VPC,
    filters=FILTERS,
    codes=(f"{codes.VALUE}.BandwidthPackageIdMalformed", codes.NO_FILTER),
)
class DescribeBandwidthPackages(Listing):
    """List all bandwidth packages, or the packages with these ids."""

    either: ClassVar[tuple[str, ...]] = ("BandwidthPackageIds", "Filters")

    BandwidthPackageIds: ids.PackageIds = ()

    def run(self, context: Context) -> Answer:
        tests = self.tests()
        with context.control.state() as state:
            among = selected(state.packages, self.BandwidthPackageIds)
            found = matching(Seen(state), among, tests)
            return listed("BandwidthPackageSet", found, self, lambda one: package_view(state, one))


@action(
    VPC,
    filters=MEMBER_FILTERS,
    codes=(*codes.PACKAGE, f"{codes.VALUE}.Illegal", codes.NO_FILTER),
)
class DescribeBandwidthPackageResources(Listing):
    """List the members of a bandwidth package in the order of their joining."""

    BandwidthPackageId: ids.PackageId

    def run(self, context: Context) -> Answer:
        """The members in the order in which they joined."""
        tests = self.tests()
        with context.control.state() as state:
            members = members_view(state, find(state, self.BandwidthPackageId))
            found = matching(Seen(state), members, tests)
        return listed("ResourceSet", found, self, lambda one: one)


@action(VPC)
class DescribeBandwidthPackageQuota(Action):
    """List the quota of bandwidth packages, and how much of it is used."""

    def run(self, context: Context) -> Answer:
        """The quota, and how much of it is used."""
        with context.control.state() as state:
            current = len(state.packages)
        return {"QuotaSet": [quota_view("TOTAL_BANDWIDTHPKG_QUOTA", current, PACKAGES_MAX)]}
