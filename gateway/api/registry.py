"""All actions: which there are, and how one is called."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from gateway.api.action import (
    CVM,
    OPERATOR,
    VERSIONS,
    ActionOnCaller,
    ActionOnMeter,
    Answer,
    AnyAction,
    Caller,
)
from gateway.api.actions.account import ACCOUNT_ACTIONS
from gateway.api.actions.addresses import ADDRESS_ACTIONS
from gateway.api.actions.identity import IDENTITY_ACTIONS
from gateway.api.actions.instances import INSTANCE_ACTIONS
from gateway.api.actions.monitor import MONITOR_ACTIONS
from gateway.api.actions.packages import PACKAGE_ACTIONS
from gateway.api.actions.places import PLACE_ACTIONS
from gateway.api.actions.tags import TAG_ACTIONS
from gateway.api.actions.tasks import TASK_ACTIONS
from gateway.api.errors import from_control
from gateway.api.invalid import from_validation
from gateway.api.requests.fields import Request
from gateway.api.wire import ApiError
from gateway.control import errors
from gateway.control.controller import Controller
from gateway.control.place import REGION
from gateway.metering.meter import Meter
from gateway.store.records import StoreError


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


def check_region(name: str, region: str) -> None:
    """Whether the region is right for the action, which there is. Raises `ApiError`."""
    if not ACTIONS[name].regional:
        return
    if not region:
        raise ApiError("MissingParameter", "the common parameter Region is missing")
    if region != REGION:
        raise ApiError("UnsupportedRegion", f"the only region here is {REGION}")


def call(
    control: Controller,
    name: str,
    parameters: Mapping[str, Any],
    operators: Mapping[str, AnyAction] = MappingProxyType({}),
    *,
    meter: Meter | None = None,
    as_text: bool = False,
    caller: Caller = OPERATOR,
) -> Answer:
    """Carry out the action, one of the cloud's or of `operators`. Raises `ApiError`.

    `as_text` if all values arrived as text.
    """
    action = ACTIONS.get(name) or operators.get(name)
    if action is None:
        raise ApiError("InvalidAction", f"there is no action {name!r}")
    read = action.request.from_text if as_text else action.request.model_validate
    try:
        request = read(parameters)
    except ValidationError as error:
        raise from_validation(error, action.request) from error
    try:
        if isinstance(action, ActionOnCaller):
            return action.run(caller, request)
        if isinstance(action, ActionOnMeter):
            return _run_on_meter(action, control, meter, request)
        return action.run(control, request)
    except errors.ControlError as error:
        raise from_control(error, action.service, name) from error


def _run_on_meter(
    action: ActionOnMeter, control: Controller, meter: Meter | None, request: Request
) -> Answer:
    if meter is None:
        raise errors.AdapterError("this control has no meter")
    try:
        return action.run(control, meter, request)
    except StoreError as error:
        raise errors.AdapterError(str(error)) from error


ACTIONS: Final[Mapping[str, AnyAction]] = {
    **INSTANCE_ACTIONS,
    **ADDRESS_ACTIONS,
    **PACKAGE_ACTIONS,
    **ACCOUNT_ACTIONS,
    **TASK_ACTIONS,
    **MONITOR_ACTIONS,
    **PLACE_ACTIONS,
    **IDENTITY_ACTIONS,
    **TAG_ACTIONS,
}
