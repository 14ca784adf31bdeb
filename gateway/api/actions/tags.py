"""What has which tags (service tag).

A resource is named in six parts, `qcs::<service>:<region>:uin/<account>:<kind>/<id>`; the account
may be left out, and a name comes back as it was asked for.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from gateway.api import answers, objects
from gateway.api.action import TAG, Action
from gateway.api.requests import tags as models
from gateway.api.wire import ApiError
from gateway.control.controller import Controller
from gateway.control.place import REGION, UIN
from gateway.control.state import State

# The service and kind of each id's prefix; of those without tags, too: who lists them asks anyway.
_KINDS: Final = {
    "ins": ("cvm", "instance"),
    "eip": ("vpc", "eip"),
    "bwp": ("vpc", "bandwidthPackage"),
    "vpc": ("vpc", "vpc"),
    "subnet": ("vpc", "subnet"),
}
_NAME: Final = re.compile(
    r"qcs::(?P<service>[a-z]+):(?P<region>[a-z0-9-]*):(?P<account>(?:uin/[0-9]*)?):"
    r"(?P<kind>[A-Za-z]+)/(?P<id>[a-z]+-[0-9a-z]+)"
)
_ERROR: Final = "InvalidParameterValue"


def _get_resources(
    control: Controller, request: models.GetResources
) -> answers.ResourceTagMappings:
    if request.ResourceList:
        asked = {name: _id_in(name) for name in dict.fromkeys(request.ResourceList)}
        start, most = 0, len(asked)
    else:
        asked, start, most = None, _start(request.PaginationToken), request.MaxResults
    with control.state() as state:
        names = asked or {_name_of(key): key for key in state.tags}
        found = [
            (name, key)
            for name, key in names.items()
            if key in state.tags and _has(state.tags[key], request.TagFilters)
        ]
        shown = [_mapping(state, *one) for one in found[start : start + most]]
    token = str(start + most) if len(found) > start + most else ""
    return {"PaginationToken": token, "ResourceTagMappingList": shown}


def _has(tags: Mapping[str, str], wanted: tuple[models.TagFilter, ...]) -> bool:
    """All of the wanted ones, each with one of its values."""
    return all(
        one.TagKey in tags and (not one.TagValue or tags[one.TagKey] in one.TagValue)
        for one in wanted
    )


def _mapping(state: State, name: str, resource_id: str) -> objects.ResourceTagMapping:
    tags: list[objects.ResourceTag] = [
        {"TagKey": key, "TagValue": value, "Category": "All"}
        for key, value in state.tags[resource_id].items()
    ]
    return {"Resource": name, "Tags": tags}


def _name_of(resource_id: str) -> str:
    service, kind = _KINDS[resource_id.partition("-")[0]]
    return f"qcs::{service}:{REGION}:uin/{UIN}:{kind}/{resource_id}"


def _id_in(name: str) -> str:
    """The id in a name. Raises `ApiError` if there can't be such a resource."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ApiError(
            f"{_ERROR}.ResourceDescriptionError",
            f"{name[:120]!r} is not of the form qcs::<service>:<region>:<account>:<kind>/<id>",
        )
    services = {service for service, _ in _KINDS.values()}
    kinds = {kind for service, kind in _KINDS.values() if service == found["service"]}
    checks: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
        ("service", "ServiceTypeInvalid", services.__contains__),
        ("region", "RegionInvalid", ("", REGION).__contains__),
        ("account", "UinInvalid", ("", "uin/", f"uin/{UIN}").__contains__),
        ("kind", "ResourcePrefixInvalid", kinds.__contains__),
    )
    for part, code, known in checks:
        if not known(found[part]):
            raise ApiError(
                f"{_ERROR}.{code}", f"{name[:120]!r}: there is no {part} {found[part]!r} here"
            )
    return found["id"]


def _start(token: str) -> int:
    if not re.fullmatch(r"[0-9]{0,9}", token):
        raise ApiError(
            "InvalidParameter.PaginationTokenInvalid", "the PaginationToken is of no page before"
        )
    return int(token or "0")


TAG_ACTIONS: Final[Mapping[str, Action]] = {
    "GetResources": Action(TAG, models.GetResources, _get_resources, regional=False),
}
