"""What has which tags (service tag).

A resource is named in six parts, `qcs::<service>:<region>:uin/<account>:<kind>/<id>`; the account
may be left out, and a name comes back as it was asked for.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from gateway.api import codes
from gateway.api.action import Action, Answer, Context, action
from gateway.api.errors import ApiError
from gateway.api.fields import Between, Request, Size, Whole
from gateway.api.services import TAG
from gateway.api.unused import complete
from gateway.control.place import REGION, UIN
from gateway.control.state import State

RESOURCES_MAX: Final = 10
TAG_FILTERS_MAX: Final = 6
TAG_VALUES_MAX: Final = 10
MAPPINGS_MAX: Final = 200

_TOO_LONG: Final = f"{codes.VALUE}.TagFiltersLengthExceeded"
# The service and kind of each id's prefix; VPCs and subnets have no tags, but clients ask for them.
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


@complete(TAG, "TagFilter")
class TagFilter(Request):
    """Resources with this tag; with any value of it if no value is given."""

    TagKey: str
    TagValue: Annotated[tuple[str, ...], Size(0, TAG_VALUES_MAX, _TOO_LONG)] = ()


@action(
    TAG,
    regional=False,
    codes=(
        f"{codes.VALUE}.ResourceDescriptionError",
        f"{codes.VALUE}.ServiceTypeInvalid",
        f"{codes.VALUE}.RegionInvalid",
        f"{codes.VALUE}.UinInvalid",
        f"{codes.VALUE}.ResourcePrefixInvalid",
        _TOO_LONG,
        "LimitExceeded.ResourceNumPerRequest",
        "InvalidParameter.PaginationTokenInvalid",
        codes.LIMIT,
    ),
)
class GetResources(Action):
    """List what has tags: the resources of the list, or those with all of these tags, or all."""

    ResourceList: Annotated[
        tuple[str, ...], Size(0, RESOURCES_MAX, "LimitExceeded.ResourceNumPerRequest")
    ] = ()
    TagFilters: Annotated[tuple[TagFilter, ...], Size(0, TAG_FILTERS_MAX, _TOO_LONG)] = ()
    PaginationToken: str = ""
    MaxResults: Annotated[Whole, Between(1, MAPPINGS_MAX)] = 50

    def run(self, context: Context) -> Answer:
        """A page of resources, and where the next page begins; empty after the last page."""
        asked: dict[str, str] | None = None
        start, most = _start(self.PaginationToken), self.MaxResults
        if self.ResourceList:
            asked = {name: _id_in(name) for name in dict.fromkeys(self.ResourceList)}
            start, most = 0, len(asked)
        with context.control.state() as state:
            names = asked or {_name_of(key): key for key in state.tags}
            found = [
                (name, key)
                for name, key in names.items()
                if key in state.tags and _has(state.tags[key], self.TagFilters)
            ]
            shown = [_mapping(state, *one) for one in found[start : start + most]]
        token = str(start + most) if len(found) > start + most else ""
        return {"PaginationToken": token, "ResourceTagMappingList": shown}


def _has(tags: Mapping[str, str], wanted: tuple[TagFilter, ...]) -> bool:
    """All of the wanted ones, each with one of its values."""
    return all(
        one.TagKey in tags and (not one.TagValue or tags[one.TagKey] in one.TagValue)
        for one in wanted
    )


def _mapping(state: State, name: str, resource_id: str) -> dict[str, Any]:
    tags = [
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
            f"{codes.VALUE}.ResourceDescriptionError",
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
                f"{codes.VALUE}.{code}", f"{name[:120]!r}: there is no {part} {found[part]!r} here"
            )
    return found["id"]


def _start(token: str) -> int:
    if not re.fullmatch(r"[0-9]{0,9}", token):
        raise ApiError(
            "InvalidParameter.PaginationTokenInvalid",
            "the PaginationToken is of no earlier page",
        )
    return int(token or "0")
