"""All actions: which there are, and how one is called."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from gateway.api.action import CVM, VERSIONS, Action, Answer
from gateway.api.actions.account import ACCOUNT_ACTIONS
from gateway.api.actions.addresses import ADDRESS_ACTIONS
from gateway.api.actions.instances import INSTANCE_ACTIONS
from gateway.api.actions.monitor import MONITOR_ACTIONS
from gateway.api.actions.packages import PACKAGE_ACTIONS
from gateway.api.actions.tasks import TASK_ACTIONS
from gateway.api.errors import from_control
from gateway.api.wire import ApiError
from gateway.control import errors
from gateway.control.controller import Controller

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
        raise from_control(error, action.service) from error


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


ACTIONS: Final[Mapping[str, Action]] = {
    **INSTANCE_ACTIONS,
    **ADDRESS_ACTIONS,
    **PACKAGE_ACTIONS,
    **ACCOUNT_ACTIONS,
    **TASK_ACTIONS,
    **MONITOR_ACTIONS,
}
