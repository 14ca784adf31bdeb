"""What each action does: its request, the commands it becomes, the answer it gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from gateway.api import models, views
from gateway.api.errors import from_control
from gateway.api.wire import ApiError
from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.controller import Controller

Answer = dict[str, Any]


CVM: Final = "cvm"
VPC: Final = "vpc"
VERSIONS: Final[Mapping[str, str]] = {CVM: "2017-03-12", VPC: "2017-03-12"}


@dataclass(frozen=True, slots=True)
class Action:
    """The service it is of, a request's model, and what carries it out."""

    service: str
    request: type[models.Request]
    run: Callable[[Controller, Any], Answer]


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
    control: Controller, name: str, parameters: Mapping[str, Any], *, as_text: bool = False
) -> Answer:
    """Carry out the action; `as_text` if all values arrived as text. Raises `ApiError`."""
    action = ACTIONS.get(name)
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
    first = error.errors()[0]
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
    events = control.execute(
        cmd.RunInstance(
            name=request.InstanceName,
            bandwidth_mbps=request.InternetAccessible.InternetMaxBandwidthOut,
            charge_type=request.InternetAccessible.InternetChargeType,
        )
    )
    ordered = [event.instance_id for event in events if isinstance(event, ev.InstanceOrdered)]
    return {"InstanceIdSet": ordered}


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
        shown = [views.instance_view(state, instance) for instance in _page(found, request)]
    return {"TotalCount": len(found), "InstanceSet": shown}


def _allocate_addresses(control: Controller, request: models.AllocateAddresses) -> Answer:
    events = control.execute(
        cmd.AllocateEip(
            name=request.AddressName,
            bandwidth_mbps=request.InternetMaxBandwidthOut,
            charge_type=request.InternetChargeType,
        )
    )
    return {"AddressSet": [e.eip_id for e in events if isinstance(e, ev.EipAllocated)]}


def _associate_address(control: Controller, request: models.AssociateAddress) -> Answer:
    control.execute(cmd.BindEip(request.AddressId, request.InstanceId))
    return {}


def _disassociate_address(control: Controller, request: models.DisassociateAddress) -> Answer:
    control.execute(cmd.UnbindEip(request.AddressId))
    return {}


def _release_addresses(control: Controller, request: models.ReleaseAddresses) -> Answer:
    control.execute(*(cmd.ReleaseEip(eip_id) for eip_id in dict.fromkeys(request.AddressIds)))
    return {}


def _describe_addresses(control: Controller, request: models.DescribeAddresses) -> Answer:
    with control.state() as state:
        found = _selected(state.eips, request.AddressIds)
        shown = [views.address_view(state, eip) for eip in _page(found, request)]
    return {"TotalCount": len(found), "AddressSet": shown}


_Thing = TypeVar("_Thing")


def _selected(things: Mapping[str, _Thing], ids: Sequence[str]) -> list[_Thing]:
    return [thing for key, thing in things.items() if not ids or key in ids]


def _page(found: Sequence[_Thing], request: models.Page) -> Sequence[_Thing]:
    end = None if request.Limit is None else request.Offset + request.Limit
    return found[request.Offset : end]


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
}
