"""All actions: which there are, and how an action is called."""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, Final

from pydantic import ValidationError

from gateway.api import cloud_codes, text
from gateway.api.action import Action, Answer, Context, answer_of
from gateway.api.cvm import images, instances, memberships, places, purchase, types
from gateway.api.errors import ApiError, from_control
from gateway.api.monitor import data
from gateway.api.operator import account as operator_account
from gateway.api.operator import blocking, hidden, observation, usage
from gateway.api.services import VERSIONS
from gateway.api.shapes import CVM
from gateway.api.sts import identity
from gateway.api.tag import attachments, resources, tags
from gateway.api.validation import from_validation
from gateway.api.vpc import (
    account,
    address_changes,
    address_templates,
    addresses,
    groups,
    networks,
    packages,
    policies,
    service_templates,
)
from gateway.control import errors
from gateway.control.place import REGION

_MODULES: Final = (
    *(purchase, instances, memberships, images, types, places),
    *(addresses, address_changes, packages, account, networks),
    *(groups, policies, address_templates, service_templates),
    *(identity, resources, attachments, tags, data),
    *(operator_account, blocking, hidden, observation, usage),
)


def _actions(module: ModuleType) -> Iterator[tuple[str, type[Action]]]:
    for name, thing in vars(module).items():
        if isinstance(thing, type) and issubclass(thing, Action) and hasattr(thing, "declared"):
            yield name, thing


ALL_ACTIONS: Final[Mapping[str, type[Action]]] = {
    name: action for module in _MODULES for name, action in _actions(module)
}
# The actions of the cloud: for everybody who has a key.
ACTIONS: Final[Mapping[str, type[Action]]] = {
    name: action for name, action in ALL_ACTIONS.items() if not action.declared.is_operators
}


def check_action(name: str, version: str, service: str | None = None) -> None:
    """Whether there is this action; of any service if `service` is unknown. Raises `ApiError`."""
    for parameter, value in (("Action", name), ("Version", version)):
        if not value:
            raise ApiError("MissingParameter", f"the common parameter {parameter} is missing")
    if version not in VERSIONS.values():
        raise ApiError("NoSuchVersion", f"there is no version {version[:80]!r} of the API")
    action = ACTIONS.get(name)
    wanted = service or (action.declared.service.name if action else CVM)
    if action is None or action.declared.service.name != wanted or VERSIONS[wanted] != version:
        raise ApiError(
            "InvalidAction",
            f"the request action={name[:80]!r} is invalid or not found in "
            f"service={wanted!r} and version={version!r}",
        )


def check_region(name: str, region: str) -> None:
    """Whether the region is right for the action. Raises `ApiError`."""
    if not ACTIONS[name].declared.regional:
        return
    if not region:
        raise ApiError("MissingParameter", "the common parameter Region is missing")
    if region != REGION:
        raise ApiError("UnsupportedRegion", f"the only region here is {REGION}")


def call(
    context: Context,
    name: str,
    parameters: Mapping[str, Any],
    *,
    as_text: bool = False,
    among: Mapping[str, type[Action]] = ACTIONS,
) -> Answer:
    """Carry out the action, one of `among`. Raises `ApiError`.

    `as_text` if all values arrived as text.
    """
    action = among.get(name)
    if action is None:
        raise ApiError("InvalidAction", f"there is no action {name[:80]!r}")
    try:
        text.check(parameters)
        return answer_of(context, _asked(action, parameters, as_text=as_text))
    except ApiError as error:
        code = code_of(action, error.code)
        if code == error.code:
            raise
        raise ApiError(code, error.message) from error
    except errors.ControlError as error:
        declared = action.declared
        found = from_control(error, declared.service.name, declared.own_codes)
        raise ApiError(code_of(action, found.code), found.message) from error


def code_of(action: type[Action], code: str) -> str:
    """The code as the action answers it: one that the cloud documents, unless it has no such."""
    if action.declared.is_operators:
        return code
    return cloud_codes.code_of(action.declared.service.name, action.__name__, code)


def _asked(action: type[Action], parameters: Mapping[str, Any], *, as_text: bool) -> Action:
    read = action.from_text if as_text else action.model_validate
    try:
        return read(parameters)
    except ValidationError as error:
        raise from_validation(error, action) from error
