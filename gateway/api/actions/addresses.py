"""The actions on public addresses."""

from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address
from typing import Final

from gateway.api import answers, filter_tables, filters, views
from gateway.api.action import VPC, Action, Answer
from gateway.api.actions.answered import answered_before
from gateway.api.actions.selection import page, selected
from gateway.api.actions.tasks import in_force, task_id
from gateway.api.filters import Seen
from gateway.api.requests import addresses as models
from gateway.api.requests import fields
from gateway.api.wire import ApiError
from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.controller import Controller
from gateway.control.decisions import requirements
from gateway.control.state import State
from gateway.control.values import REASSIGNMENTS_MAX, Eip, Tag


def _allocate_addresses(
    control: Controller, request: models.AllocateAddresses
) -> answers.AddressesAndTask:
    command = cmd.AllocateEip(
        name=request.AddressName,
        bandwidth_mbps=request.InternetMaxBandwidthOut,
        charge_type=request.InternetChargeType,
        package_id=request.BandwidthPackageId,
        count=request.AddressCount,
        client_token=request.ClientToken,
        tags=tuple(Tag(tag.Key, tag.Value) for tag in request.Tags),
    )
    task = control.submit(command)
    allocated = [event.eip_id for event in task.events if isinstance(event, ev.EipAllocated)]
    shown = allocated or answered_before(control, command)
    return {"AddressSet": shown, "TaskId": str(task.number)}


def _associate_address(control: Controller, request: models.AssociateAddress) -> answers.Task:
    if request.InstanceId is None:
        raise ApiError(
            "InvalidNetworkInterfaceId.NotFound",
            f"there is no network interface {request.NetworkInterfaceId!r}",
        )
    return task_id(control.submit(cmd.BindEip(request.AddressId, request.InstanceId)))


def _disassociate_address(control: Controller, request: models.DisassociateAddress) -> answers.Task:
    command = cmd.UnbindEip(request.AddressId, request.ReallocateNormalPublicIp)
    return task_id(control.submit(command))


def _release_addresses(control: Controller, request: models.ReleaseAddresses) -> answers.Task:
    commands = (cmd.ReleaseEip(eip_id) for eip_id in dict.fromkeys(request.AddressIds))
    return task_id(control.submit(*commands))


def _describe_addresses(
    control: Controller, request: models.DescribeAddresses
) -> answers.Addresses:
    tests = filter_tables.ADDRESSES.tests(request.Filters)
    with control.state() as state:
        statuses, offlining = control.progress.statuses, control.progress.offlining
        ordinary = _ordinary(state) if _wants_ordinary(request) else {}
        among = selected({**state.eips, **offlining, **ordinary}, request.AddressIds)
        found = filters.matching(Seen(state, statuses), among, tests)
        shown = [
            views.address_view(state, eip, statuses.get(eip.eip_id)) for eip in page(found, request)
        ]
    return {"TotalCount": len(found), "AddressSet": shown}


def _wants_ordinary(request: models.DescribeAddresses) -> bool:
    return any(one.Name == "address-type" and "WanIP" in one.Values for one in request.Filters)


def _ordinary(state: State) -> dict[str, Eip]:
    return {
        address_id: views.ordinary_as_eip(state.instances[instance_id])
        for address_id, instance_id in state.ordinary.items()
    }


def _change_bandwidth(
    control: Controller, request: models.ModifyAddressesBandwidth
) -> answers.Task:
    command = cmd.ChangeEipsBandwidth(request.AddressIds, request.InternetMaxBandwidthOut)
    return task_id(control.submit(command))


def _change_charge_type(
    control: Controller, request: models.ModifyAddressInternetChargeType
) -> Answer:
    command = cmd.ChangeEipChargeType(
        request.AddressId, request.InternetChargeType, request.InternetMaxBandwidthOut
    )
    return in_force(control, control.submit(command))


def _rename_eip(control: Controller, request: models.ModifyAddressAttribute) -> Answer:
    if request.AddressName is None:
        with control.state() as state:
            requirements.eip(state, request.AddressId)
    else:
        control.submit(cmd.RenameEip(request.AddressId, request.AddressName))
    return {}


def _transform_address(
    control: Controller, request: models.TransformAddress
) -> answers.AddressAndTask:
    task = control.submit(cmd.TransformOrdinaryIp(request.InstanceId))
    (eip_id,) = [event.eip_id for event in task.events if isinstance(event, ev.EipTransformed)]
    return {"AddressId": eip_id, "TaskId": task.number}


def _adjust_address(control: Controller, request: models.AdjustPublicAddress) -> answers.TaskNumber:
    if request.InstanceId and request.AddressId:
        raise ApiError(
            "InvalidParameterValue.Combination", "InstanceId and AddressId can't be given together"
        )
    command: cmd.ChangeOrdinaryIp | cmd.ChangeEipAddress
    if request.InstanceId:
        command = cmd.ChangeOrdinaryIp(request.InstanceId)
    elif request.AddressId:
        command = cmd.ChangeEipAddress(request.AddressId)
    else:
        raise ApiError("MissingParameter", "InstanceId or AddressId must be given")
    return {"TaskId": control.submit(command).number}


def _return_addresses(control: Controller, request: models.ReturnNormalAddresses) -> Answer:
    for address in request.AddressIps:
        _check_address(address)
    with control.state() as state:
        holders = {state.address(key): instance for key, instance in state.ordinary.items()}
    unknown = [address for address in request.AddressIps if address not in holders]
    if unknown:
        raise ApiError(
            "InvalidParameterValue.AddressIpsNotFound", f"no ordinary public IP {unknown[0]}"
        )
    command = cmd.ReturnOrdinaryIps(tuple(holders[one] for one in request.AddressIps))
    return in_force(control, control.submit(command))


def _check_address(text: str) -> None:
    try:
        IPv4Address(text)
    except AddressValueError as error:
        raise ApiError(
            "InvalidParameterValue.Illegal", f"AddressIps: {text[:80]!r} is no IPv4 address"
        ) from error


# Kinds of addresses, and ways to get one, that there are none of here.
_NONE_HERE: Final = (
    "MONTHLY_RECOVER_QUOTA",
    "LOCALBGP_EIP_QUOTA",
    "SINGLEISP_EIP_QUOTA",
    "DAILY_SINGLEISP_APPLY",
)


def _describe_address_quota(control: Controller, _: fields.Request) -> answers.Quotas:
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
            *((name, 0, 0) for name in _NONE_HERE),
        ]
    return {"QuotaSet": [views.quota_view(*row) for row in rows]}


ADDRESS_ACTIONS: Final[Mapping[str, Action]] = {
    "AllocateAddresses": Action(VPC, models.AllocateAddresses, _allocate_addresses),
    "AssociateAddress": Action(VPC, models.AssociateAddress, _associate_address),
    "DisassociateAddress": Action(VPC, models.DisassociateAddress, _disassociate_address),
    "ReleaseAddresses": Action(VPC, models.ReleaseAddresses, _release_addresses),
    "DescribeAddresses": Action(VPC, models.DescribeAddresses, _describe_addresses),
    "ModifyAddressesBandwidth": Action(VPC, models.ModifyAddressesBandwidth, _change_bandwidth),
    "ModifyAddressInternetChargeType": Action(
        VPC, models.ModifyAddressInternetChargeType, _change_charge_type
    ),
    "ModifyAddressAttribute": Action(VPC, models.ModifyAddressAttribute, _rename_eip),
    "TransformAddress": Action(VPC, models.TransformAddress, _transform_address),
    "AdjustPublicAddress": Action(VPC, models.AdjustPublicAddress, _adjust_address),
    "ReturnNormalAddresses": Action(VPC, models.ReturnNormalAddresses, _return_addresses),
    "DescribeAddressQuota": Action(VPC, fields.Request, _describe_address_quota),
}
