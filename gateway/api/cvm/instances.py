"""The actions on instances; `purchase` has the one that makes them."""

from collections.abc import Callable
from enum import StrEnum
from typing import ClassVar, Final

from gateway.api import codes, ids
from gateway.api.action import Action, Answer, Context, Listing, action
from gateway.api.client import WaitsFor
from gateway.api.cvm.instance_view import FILTERS, as_seen, instance_view
from gateway.api.cvm.purchase import Internet
from gateway.api.errors import ApiError
from gateway.api.fields import Flag, No, Page, Refused
from gateway.api.filters import Seen, matching
from gateway.api.language import Words
from gateway.api.listing import listed, selected
from gateway.api.services import CVM
from gateway.control import commands as cmd
from gateway.control.progress import Task
from gateway.control.values import INSTANCE_BANDWIDTH_MAX_MBPS, ChargeType

_PER_S: Final = 10.0


@action(
    CVM,
    filters=FILTERS,
    codes=(
        "InvalidFilter",
        "InvalidFilterValue.LimitExceeded",
        f"{codes.VALUE}.InstanceIdMalformed",
        f"{codes.VALUE}.VpcIdMalformed",
        f"{codes.VALUE}.SubnetIdMalformed",
        "InvalidSgId.Malformed",
        f"{codes.VALUE}.IPAddressMalformed",
        codes.LIMIT,
    ),
)
class DescribeInstances(Listing):
    """List all instances, or the instances with these ids."""

    either: ClassVar[tuple[str, ...]] = ("InstanceIds", "Filters")

    InstanceIds: ids.InstanceIds = ()

    def run(self, context: Context) -> Answer:
        """The instances in the states that they are passing through."""
        tests = self.tests()
        with context.control.state() as state:
            passing = context.control.progress.states
            among = [as_seen(one, passing) for one in selected(state.instances, self.InstanceIds)]
            found = matching(Seen(state), among, tests)
            return listed("InstanceSet", found, self, lambda one: instance_view(state, one))


@action(CVM, codes=(f"{codes.VALUE}.InstanceIdMalformed", codes.LIMIT))
class DescribeInstancesStatus(Page, Action):
    """List the states of all instances, or of the instances with these ids."""

    InstanceIds: ids.InstanceIds = ()

    def run(self, context: Context) -> Answer:
        with context.control.state() as state:
            passing = context.control.progress.states
            found = [as_seen(one, passing) for one in selected(state.instances, self.InstanceIds)]
        return listed(
            "InstanceStatusSet",
            found,
            self,
            lambda one: {"InstanceId": one.instance_id, "InstanceState": one.state.value},
        )


_CHARGE_TYPES: Final = {
    ChargeType.BANDWIDTH_PREPAID: Words("by bandwidth, in advance", "按带宽包年包月计费"),
    ChargeType.TRAFFIC_POSTPAID_BY_HOUR: Words("by traffic", "按流量计费"),
    ChargeType.BANDWIDTH_POSTPAID_BY_HOUR: Words("by bandwidth and hour", "按带宽使用时长计费"),
    ChargeType.BANDWIDTH_PACKAGE: Words("by a bandwidth package", "带宽包计费"),
}


@action(CVM)
class DescribeInternetChargeTypeConfigs(Action):
    """List the ways to pay for public traffic."""

    def run(self, context: Context) -> Answer:
        assert _CHARGE_TYPES.keys() == INSTANCE_BANDWIDTH_MAX_MBPS.keys()
        return {
            "InternetChargeTypeConfigSet": [
                {"InternetChargeType": kind.value, "Description": text.by(context.language)}
                for kind, text in _CHARGE_TYPES.items()
            ]
        }


class OnInstances(Action):
    """What the actions that change instances have in common."""

    InstanceIds: ids.WrittenIds

    def submitted(self, context: Context, command: Callable[[str], cmd.Command]) -> Task:
        """The task of one command for each instance."""
        return context.submit(*map(command, dict.fromkeys(self.InstanceIds)))


@action(
    CVM,
    rate_per_s=_PER_S,
    waits_for=WaitsFor.INSTANCES,
    codes=(*codes.WRITTEN_INSTANCES, codes.STATE),
)
class StartInstances(OnInstances):
    """Start stopped instances; an instance in another state is refused."""

    def run(self, context: Context) -> Task:
        return self.submitted(context, cmd.StartInstance)


class HowToStop(StrEnum):
    """The ways in which an instance is asked to stop."""

    SOFT = "SOFT"
    SOFT_FIRST = "SOFT_FIRST"
    HARD = "HARD"


class Stopped(StrEnum):
    """Whether an instance is charged for while it is stopped."""

    KEEP_CHARGING = "KEEP_CHARGING"
    STOP_CHARGING = "STOP_CHARGING"


@action(
    CVM,
    rate_per_s=_PER_S,
    waits_for=WaitsFor.INSTANCES,
    codes=(*codes.WRITTEN_INSTANCES, codes.STATE, "InvalidParameterCombination"),
)
class StopInstances(OnInstances):
    """Stop instances. All ways to stop are the same here; to be charged or not is a difference."""

    ForceStop: Flag | None = None
    StopType: HowToStop | None = None
    StoppedMode: Stopped = Stopped.KEEP_CHARGING

    def run(self, context: Context) -> Task:
        if self.ForceStop is not None and self.StopType is not None:
            raise ApiError(
                "InvalidParameterCombination", "ForceStop and StopType exclude each other"
            )
        charging = self.StoppedMode is Stopped.KEEP_CHARGING
        return self.submitted(context, lambda instance_id: cmd.StopInstance(instance_id, charging))


@action(
    CVM,
    rate_per_s=_PER_S,
    waits_for=WaitsFor.INSTANCES,
    codes=(*codes.WRITTEN_INSTANCES, codes.STATE),
)
class RebootInstances(OnInstances):
    """Reboot instances. All ways to reboot are the same here."""

    def run(self, context: Context) -> Task:
        return self.submitted(context, cmd.RebootInstance)


@action(
    CVM,
    rate_per_s=_PER_S,
    waits_for=WaitsFor.INSTANCES,
    codes=(
        *codes.WRITTEN_INSTANCES,
        codes.STATE,
        "UnsupportedOperation.InstancesProtected",
    ),
)
class TerminateInstances(OnInstances):
    """Give instances back. An EIP stays with the account, and no disk does."""

    def run(self, context: Context) -> Task:
        return self.submitted(context, cmd.TerminateInstance)


@action(
    CVM,
    rate_per_s=_PER_S,
    waits_for=WaitsFor.IN_FORCE,
    codes=(
        *codes.WRITTEN_INSTANCES,
        codes.STATE,
        f"{codes.VALUE}.Range",
        "FailedOperation.NotFoundEIP",
        "UnsupportedOperation.InstanceChargeType",
    ),
)
class ResetInstancesInternetMaxBandwidth(Action):
    """Give ordinary public IPs another bandwidth; nothing else of the object counts."""

    InstanceIds: ids.WrittenIds
    InternetAccessible: Internet
    StartTime: Refused = None
    EndTime: Refused = None

    def run(self, context: Context) -> Task:
        bandwidth_mbps = self.InternetAccessible.InternetMaxBandwidthOut
        return context.submit(cmd.ChangeInstancesBandwidth(self.InstanceIds, bandwidth_mbps))


@action(
    CVM,
    rate_per_s=_PER_S,
    codes=(
        *codes.WRITTEN_INSTANCES,
        "InvalidInstanceName.TooLong",
        *codes.INSTANCE_ATTRIBUTES,
    ),
)
class ModifyInstancesAttribute(Action):
    """Change one thing about instances. Another host name needs no reboot here."""

    InstanceIds: ids.WrittenIds
    InstanceName: str | None = None
    UserData: str | None = None
    CamRoleName: str | None = None
    HostName: str | None = None
    DisableApiTermination: Flag | None = None
    SecurityGroups: tuple[str, ...] | None = None
    AutoReboot: No = False
    CamRoleType: Refused = None
    EnableJumboFrame: No = False

    def run(self, context: Context) -> Task:
        beside = {"InstanceIds", "AutoReboot", "EnableJumboFrame"}
        given = self.model_dump(exclude=beside, exclude_none=True)
        if not given:
            raise ApiError("MissingParameter", "name the attribute to change")
        if len(given) > 1:
            names = " and ".join(given)
            raise ApiError("InvalidParameter", f"{names}: one attribute at a time")
        if self.InstanceName is not None:
            return context.submit(cmd.RenameInstances(self.InstanceIds, self.InstanceName))
        groups = self.SecurityGroups
        task = context.submit(
            cmd.ChangeInstancesAttributes(
                self.InstanceIds,
                host_name=self.HostName,
                user_data=self.UserData,
                role=self.CamRoleName,
                protected=self.DisableApiTermination,
                security_groups=None if groups is None else tuple(dict.fromkeys(groups)),
            )
        )
        if groups is not None:  # of all attributes the only one that packets follow
            context.control.wait_in_force(task)
        return task
