"""The actions on public addresses."""

from collections.abc import Mapping
from typing import Final

from gateway.api import views
from gateway.api.action import VPC, Action, Answer
from gateway.api.actions.answered import answered_before
from gateway.api.actions.selection import page, selected
from gateway.api.actions.tasks import in_force, task_id
from gateway.api.requests import addresses as models
from gateway.api.requests import fields
from gateway.api.wire import ApiError
from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.controller import Controller
from gateway.control.values import REASSIGNMENTS_MAX


def _allocate_addresses(control: Controller, request: models.AllocateAddresses) -> Answer:
    command = cmd.AllocateEip(
        name=request.AddressName,
        bandwidth_mbps=request.InternetMaxBandwidthOut,
        charge_type=request.InternetChargeType,
        package_id=request.BandwidthPackageId,
        count=request.AddressCount,
        client_token=request.ClientToken,
    )
    task = control.submit(command)
    allocated = [event.eip_id for event in task.events if isinstance(event, ev.EipAllocated)]
    return {"AddressSet": allocated or answered_before(control, command), **task_id(task)}


def _associate_address(control: Controller, request: models.AssociateAddress) -> Answer:
    return task_id(control.submit(cmd.BindEip(request.AddressId, request.InstanceId)))


def _disassociate_address(control: Controller, request: models.DisassociateAddress) -> Answer:
    command = cmd.UnbindEip(request.AddressId, request.ReallocateNormalPublicIp)
    return task_id(control.submit(command))


def _release_addresses(control: Controller, request: models.ReleaseAddresses) -> Answer:
    commands = (cmd.ReleaseEip(eip_id) for eip_id in dict.fromkeys(request.AddressIds))
    return task_id(control.submit(*commands))


def _describe_addresses(control: Controller, request: models.DescribeAddresses) -> Answer:
    with control.state() as state:
        statuses, offlining = control.progress.statuses, control.progress.offlining
        found = selected({**state.eips, **offlining}, request.AddressIds)
        shown = [
            views.address_view(state, eip, statuses.get(eip.eip_id)) for eip in page(found, request)
        ]
    return {"TotalCount": len(found), "AddressSet": shown}


def _change_bandwidth(control: Controller, request: models.ModifyAddressesBandwidth) -> Answer:
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
    control.submit(cmd.RenameEip(request.AddressId, request.AddressName))
    return {}


def _transform_address(control: Controller, request: models.TransformAddress) -> Answer:
    task = control.submit(cmd.TransformOrdinaryIp(request.InstanceId))
    (eip_id,) = [event.eip_id for event in task.events if isinstance(event, ev.EipTransformed)]
    return {"AddressId": eip_id, **task_id(task, number=True)}


def _return_addresses(control: Controller, request: models.ReturnNormalAddresses) -> Answer:
    with control.state() as state:
        holders = {state.address(key): instance for key, instance in state.ordinary.items()}
    unknown = [address for address in request.AddressIps if address not in holders]
    if unknown:
        raise ApiError(
            "InvalidParameterValue.AddressIpsNotFound", f"no ordinary public IP {unknown[0]}"
        )
    command = cmd.ReturnOrdinaryIps(tuple(holders[one] for one in request.AddressIps))
    return in_force(control, control.submit(command))


def _describe_address_quota(control: Controller, _: fields.Request) -> Answer:
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
    "ReturnNormalAddresses": Action(VPC, models.ReturnNormalAddresses, _return_addresses),
    "DescribeAddressQuota": Action(VPC, fields.Request, _describe_address_quota),
}
