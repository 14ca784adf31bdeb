"""The actions on instances."""

from collections.abc import Callable, Mapping
from typing import Final

from gateway.api import answers, filter_tables, filters, objects
from gateway.api.action import CVM, Action, Answer
from gateway.api.actions.answered import answered_before
from gateway.api.actions.purchase import bought, rehearse
from gateway.api.actions.selection import page, selected
from gateway.api.actions.tasks import in_force
from gateway.api.filters import Seen
from gateway.api.instance_view import as_seen, instance_view
from gateway.api.requests import fields
from gateway.api.requests import instances as models
from gateway.api.wire import ApiError
from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.controller import Controller
from gateway.control.values import INSTANCE_BANDWIDTH_MAX_MBPS, ChargeType


def _run_instances(control: Controller, request: models.RunInstances) -> answers.InstanceIds:
    command = bought(request)
    if request.DryRun:
        rehearse(control, command)
        return {}
    events = control.submit(command).events
    ordered = [event.instance_id for event in events if isinstance(event, ev.InstanceOrdered)]
    return {"InstanceIdSet": ordered or answered_before(control, command)}


def _each_instance(
    command: Callable[[str], cmd.Command],
) -> Callable[[Controller, models.OnInstances], Answer]:
    def run(control: Controller, request: models.OnInstances) -> Answer:
        control.submit(
            *(command(instance_id) for instance_id in dict.fromkeys(request.InstanceIds))
        )
        return {}

    return run


def _describe_instances(
    control: Controller, request: models.DescribeInstances
) -> answers.Instances:
    tests = filter_tables.INSTANCES.tests(request.Filters)
    with control.state() as state:
        passing = control.progress.states
        among = [
            as_seen(instance, passing)
            for instance in selected(state.instances, request.InstanceIds)
        ]
        found = filters.matching(Seen(state), among, tests)
        shown = [instance_view(state, instance) for instance in page(found, request)]
    return {"TotalCount": len(found), "InstanceSet": shown}


def _describe_status(
    control: Controller, request: models.DescribeInstancesStatus
) -> answers.InstanceStatuses:
    with control.state() as state:
        passing = control.progress.states
        found = [
            as_seen(instance, passing)
            for instance in selected(state.instances, request.InstanceIds)
        ]
    shown: list[objects.InstanceStatus] = [
        {"InstanceId": one.instance_id, "InstanceState": one.state.value}
        for one in page(found, request)
    ]
    return {"TotalCount": len(found), "InstanceStatusSet": shown}


_CHARGE_TYPES: Final = {
    ChargeType.BANDWIDTH_PREPAID: "by bandwidth, in advance",
    ChargeType.TRAFFIC_POSTPAID_BY_HOUR: "by traffic",
    ChargeType.BANDWIDTH_POSTPAID_BY_HOUR: "by bandwidth and hour",
    ChargeType.BANDWIDTH_PACKAGE: "by a bandwidth package",
}


def _describe_charge_types(
    _control: Controller, _request: fields.Request
) -> answers.InternetChargeTypeConfigs:
    assert _CHARGE_TYPES.keys() == INSTANCE_BANDWIDTH_MAX_MBPS.keys()
    return {
        "InternetChargeTypeConfigSet": [
            {"InternetChargeType": kind.value, "Description": text}
            for kind, text in _CHARGE_TYPES.items()
        ]
    }


def _reset_bandwidth(
    control: Controller, request: models.ResetInstancesInternetMaxBandwidth
) -> Answer:
    bandwidth_mbps = request.InternetAccessible.InternetMaxBandwidthOut
    command = cmd.ChangeInstancesBandwidth(request.InstanceIds, bandwidth_mbps)
    return in_force(control, control.submit(command))


def _stop_instances(control: Controller, request: models.StopInstances) -> Answer:
    if request.ForceStop is not None and request.StopType is not None:
        raise ApiError("InvalidParameterCombination", "ForceStop and StopType exclude each other")
    charging = request.StoppedMode is models.Stopped.KEEP_CHARGING
    control.submit(*(cmd.StopInstance(key, charging) for key in dict.fromkeys(request.InstanceIds)))
    return {}


def _modify_instances(control: Controller, request: models.ModifyInstancesAttribute) -> Answer:
    beside = {"InstanceIds", "AutoReboot", "EnableJumboFrame"}
    given = request.model_dump(exclude=beside, exclude_none=True)
    if not given:
        raise ApiError("MissingParameter", "name the attribute to change")
    if len(given) > 1:
        names = " and ".join(given)
        raise ApiError("InvalidParameterCombination", f"{names}: one attribute at a time")
    if request.InstanceName is not None:
        control.submit(cmd.RenameInstances(request.InstanceIds, request.InstanceName))
    else:
        control.submit(
            cmd.ChangeInstancesAttributes(
                request.InstanceIds,
                host_name=request.HostName,
                user_data=request.UserData,
                role=request.CamRoleName,
                protected=request.DisableApiTermination,
            )
        )
    return {}


INSTANCE_ACTIONS: Final[Mapping[str, Action]] = {
    "RunInstances": Action(CVM, models.RunInstances, _run_instances),
    "DescribeInstances": Action(CVM, models.DescribeInstances, _describe_instances),
    "DescribeInstancesStatus": Action(CVM, models.DescribeInstancesStatus, _describe_status),
    "DescribeInternetChargeTypeConfigs": Action(CVM, fields.Request, _describe_charge_types),
    "StartInstances": Action(CVM, models.OnInstances, _each_instance(cmd.StartInstance)),
    "StopInstances": Action(CVM, models.StopInstances, _stop_instances),
    "RebootInstances": Action(CVM, models.RebootInstances, _each_instance(cmd.RebootInstance)),
    "TerminateInstances": Action(
        CVM, models.TerminateInstances, _each_instance(cmd.TerminateInstance)
    ),
    "ResetInstancesInternetMaxBandwidth": Action(
        CVM, models.ResetInstancesInternetMaxBandwidth, _reset_bandwidth
    ),
    "ModifyInstancesAttribute": Action(CVM, models.ModifyInstancesAttribute, _modify_instances),
}
