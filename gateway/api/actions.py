"""What each action does: its request, the commands it becomes, the answer it gives."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from gateway.api import models, views
from gateway.api.action import CVM, VERSIONS, VPC, Action, Answer
from gateway.api.errors import from_control
from gateway.api.packages import PACKAGE_ACTIONS
from gateway.api.paging import page
from gateway.api.wire import ApiError
from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.controller import Controller
from gateway.control.values import REASSIGNMENTS_MAX

_ORDER: Final = {"extra_forbidden": 0, "missing": 1}


def check_action(name: str, version: str, service: str | None = None) -> None:
    """Whether there is this action; of any service if it isn't known. Raises `ApiError`."""
    for parameter, value in (("Action", name), ("Version", version)):
        if not value:
            raise ApiError("MissingParameter", f"the common parameter {parameter} is missing")
    if version not in VERSIONS.values():
        raise ApiError("NoSuchVersion", f"there is no version {version!r} of the API")
    action = ACTIONS.get(name)
    wanted = service or (action.service if action else CVM)
    if action is None or action.service != wanted or VERSIONS[wanted] != version:
        raise ApiError(
            "InvalidAction",
            f"the request action={name!r} is invalid or not found in "
            f"service={wanted!r} and version={version!r}",
        )


def call(
    control: Controller,
    name: str,
    parameters: Mapping[str, Any],
    operators: Mapping[str, Action] = MappingProxyType({}),
    *,
    as_text: bool = False,
) -> Answer:
    """Carry out the action, one of the cloud's or of `operators`. Raises `ApiError`.

    `as_text` if all values arrived as text.
    """
    action = ACTIONS.get(name) or operators.get(name)
    if action is None:
        raise ApiError("InvalidAction", f"there is no action {name!r}")
    read = action.request.from_text if as_text else action.request.model_validate
    try:
        return action.run(control, read(parameters))
    except ValidationError as error:
        raise _invalid(error) from error
    except errors.ControlError as error:
        raise from_control(error) from error


def _invalid(error: ValidationError) -> ApiError:
    # The cloud's order: names, then what is missing, then types and values.
    first = min(error.errors(), key=lambda one: _ORDER.get(one["type"], len(_ORDER)))
    name = ".".join(map(str, first["loc"]))
    match first["type"]:
        case "missing":
            return ApiError("MissingParameter", f"the parameter {name} is missing")
        case "extra_forbidden":
            return ApiError("UnknownParameter", f"the parameter {name} is not recognized")
        case "value_error":
            return ApiError("InvalidParameterValue", f"{name}: {first['ctx']['error']}")
        case "enum" | "too_long" | "too_short" | "greater_than_equal" | "less_than_equal":
            return ApiError("InvalidParameterValue", f"{name}: {first['msg']}")
        case _:
            return ApiError("InvalidParameter", f"{name}: {first['msg']}")


def _run_instances(control: Controller, request: models.RunInstances) -> Answer:
    command = cmd.RunInstance(
        name=request.InstanceName,
        bandwidth_mbps=request.InternetAccessible.InternetMaxBandwidthOut,
        charge_type=request.InternetAccessible.InternetChargeType,
        package_id=request.InternetAccessible.BandwidthPackageId,
        count=request.InstanceCount,
        client_token=request.ClientToken,
    )
    events = control.execute(command)
    ordered = [event.instance_id for event in events if isinstance(event, ev.InstanceOrdered)]
    return {"InstanceIdSet": ordered or _answered_before(control, command)}


def _answered_before(control: Controller, command: cmd.RunInstance | cmd.AllocateEip) -> list[str]:
    """What the same request, with the same client token, was answered with."""
    with control.state() as state:
        before = state.ledger.answer(type(command).__name__, command.client_token)
    assert before is not None, "what does nothing was done before"
    return list(before.ids)


def _each_instance(
    command: Callable[[str], cmd.Command],
) -> Callable[[Controller, models.OnInstances], Answer]:
    def run(control: Controller, request: models.OnInstances) -> Answer:
        control.execute(
            *(command(instance_id) for instance_id in dict.fromkeys(request.InstanceIds))
        )
        return {}

    return run


def _describe_instances(control: Controller, request: models.DescribeInstances) -> Answer:
    with control.state() as state:
        found = _selected(state.instances, request.InstanceIds)
        shown = [views.instance_view(state, instance) for instance in page(found, request)]
    return {"TotalCount": len(found), "InstanceSet": shown}


def _allocate_addresses(control: Controller, request: models.AllocateAddresses) -> Answer:
    command = cmd.AllocateEip(
        name=request.AddressName,
        bandwidth_mbps=request.InternetMaxBandwidthOut,
        charge_type=request.InternetChargeType,
        package_id=request.BandwidthPackageId,
        count=request.AddressCount,
        client_token=request.ClientToken,
    )
    events = control.execute(command)
    allocated = [event.eip_id for event in events if isinstance(event, ev.EipAllocated)]
    return {"AddressSet": allocated or _answered_before(control, command)}


def _associate_address(control: Controller, request: models.AssociateAddress) -> Answer:
    control.execute(cmd.BindEip(request.AddressId, request.InstanceId))
    return {}


def _disassociate_address(control: Controller, request: models.DisassociateAddress) -> Answer:
    control.execute(cmd.UnbindEip(request.AddressId, request.ReallocateNormalPublicIp))
    return {}


def _release_addresses(control: Controller, request: models.ReleaseAddresses) -> Answer:
    control.execute(*(cmd.ReleaseEip(eip_id) for eip_id in dict.fromkeys(request.AddressIds)))
    return {}


def _describe_addresses(control: Controller, request: models.DescribeAddresses) -> Answer:
    with control.state() as state:
        found = _selected(state.eips, request.AddressIds)
        shown = [views.address_view(state, eip) for eip in page(found, request)]
    return {"TotalCount": len(found), "AddressSet": shown}


def _reset_bandwidth(
    control: Controller, request: models.ResetInstancesInternetMaxBandwidth
) -> Answer:
    bandwidth_mbps = request.InternetAccessible.InternetMaxBandwidthOut
    control.execute(cmd.ChangeInstancesBandwidth(request.InstanceIds, bandwidth_mbps))
    return {}


def _rename_instances(control: Controller, request: models.ModifyInstancesAttribute) -> Answer:
    control.execute(cmd.RenameInstances(request.InstanceIds, request.InstanceName))
    return {}


def _change_bandwidth(control: Controller, request: models.ModifyAddressesBandwidth) -> Answer:
    control.execute(cmd.ChangeEipsBandwidth(request.AddressIds, request.InternetMaxBandwidthOut))
    return {}


def _change_charge_type(
    control: Controller, request: models.ModifyAddressInternetChargeType
) -> Answer:
    control.execute(
        cmd.ChangeEipChargeType(
            request.AddressId, request.InternetChargeType, request.InternetMaxBandwidthOut
        )
    )
    return {}


def _rename_eip(control: Controller, request: models.ModifyAddressAttribute) -> Answer:
    control.execute(cmd.RenameEip(request.AddressId, request.AddressName))
    return {}


def _transform_address(control: Controller, request: models.TransformAddress) -> Answer:
    events = control.execute(cmd.TransformOrdinaryIp(request.InstanceId))
    (eip_id,) = [event.eip_id for event in events if isinstance(event, ev.EipTransformed)]
    return {"AddressId": eip_id}


def _return_addresses(control: Controller, request: models.ReturnNormalAddresses) -> Answer:
    with control.state() as state:
        holders = {state.address(key): instance for key, instance in state.ordinary.items()}
    unknown = [address for address in request.AddressIps if address not in holders]
    if unknown:
        raise ApiError(
            "InvalidParameterValue.AddressIpsNotFound", f"no ordinary public IP {unknown[0]}"
        )
    control.execute(cmd.ReturnOrdinaryIps(tuple(holders[one] for one in request.AddressIps)))
    return {}


def _describe_account_type(control: Controller, _: models.Request) -> Answer:
    with control.state() as state:
        return {"NetworkAccountType": state.account.behaviour.value}


def _describe_address_quota(control: Controller, _: models.Request) -> Answer:
    now = control.now()
    with control.state() as state:
        rows = [
            ("TOTAL_EIP_QUOTA", len(state.eips), state.account.eips_max),
            (
                "DAILY_EIP_APPLY",
                state.ledger.applications(now),
                state.account.applications_max,
            ),
            ("DAILY_PUBLIC_IP_ASSIGN", state.ledger.reassignments(now), REASSIGNMENTS_MAX),
        ]
    return {"QuotaSet": [views.quota_view(*row) for row in rows]}


_Thing = TypeVar("_Thing")


def _selected(things: Mapping[str, _Thing], ids: Sequence[str]) -> list[_Thing]:
    return [thing for key, thing in things.items() if not ids or key in ids]


ACTIONS: Final[Mapping[str, Action]] = {
    "RunInstances": Action(CVM, models.RunInstances, _run_instances),
    "DescribeInstances": Action(CVM, models.DescribeInstances, _describe_instances),
    "StartInstances": Action(CVM, models.OnInstances, _each_instance(cmd.StartInstance)),
    "StopInstances": Action(CVM, models.StopInstances, _each_instance(cmd.StopInstance)),
    "RebootInstances": Action(CVM, models.RebootInstances, _each_instance(cmd.RebootInstance)),
    "TerminateInstances": Action(
        CVM, models.TerminateInstances, _each_instance(cmd.TerminateInstance)
    ),
    "AllocateAddresses": Action(VPC, models.AllocateAddresses, _allocate_addresses),
    "AssociateAddress": Action(VPC, models.AssociateAddress, _associate_address),
    "DisassociateAddress": Action(VPC, models.DisassociateAddress, _disassociate_address),
    "ReleaseAddresses": Action(VPC, models.ReleaseAddresses, _release_addresses),
    "DescribeAddresses": Action(VPC, models.DescribeAddresses, _describe_addresses),
    "ResetInstancesInternetMaxBandwidth": Action(
        CVM, models.ResetInstancesInternetMaxBandwidth, _reset_bandwidth
    ),
    "ModifyInstancesAttribute": Action(CVM, models.ModifyInstancesAttribute, _rename_instances),
    "ModifyAddressesBandwidth": Action(VPC, models.ModifyAddressesBandwidth, _change_bandwidth),
    "ModifyAddressInternetChargeType": Action(
        VPC, models.ModifyAddressInternetChargeType, _change_charge_type
    ),
    "ModifyAddressAttribute": Action(VPC, models.ModifyAddressAttribute, _rename_eip),
    "TransformAddress": Action(VPC, models.TransformAddress, _transform_address),
    "ReturnNormalAddresses": Action(VPC, models.ReturnNormalAddresses, _return_addresses),
    "DescribeNetworkAccountType": Action(VPC, models.Request, _describe_account_type),
    "DescribeAddressQuota": Action(VPC, models.Request, _describe_address_quota),
    **PACKAGE_ACTIONS,
}
