"""The names of resources in service tag: six parts, and which service and kind an id belongs to.

A name is `qcs::<service>:<region>:uin/<account>:<kind>/<id>`; the account may be left out, and a
name comes back as it was asked for.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from gateway.api import codes
from gateway.api.errors import ApiError
from gateway.control.place import REGION, UIN

MALFORMED: Final = f"{codes.VALUE}.ResourceDescriptionError"

_NAME: Final = re.compile(
    r"qcs::(?P<service>[a-z]+):(?P<region>[a-z0-9-]*):(?P<account>(?:uin/[0-9]*)?):"
    r"(?P<kind>[A-Za-z]+)/(?P<id>[a-z]+-[0-9a-z]+)"
)


class Kind(NamedTuple):
    """What a resource is: its service, and the kind that its name has there."""

    service: str
    prefix: str


KINDS: Final[Mapping[str, Kind]] = {  # by the prefixes of ids
    "ins": Kind("cvm", "instance"),
    "eip": Kind("vpc", "eip"),
    "bwp": Kind("vpc", "bandwidthPackage"),
    "vpc": Kind("vpc", "vpc"),
    "subnet": Kind("vpc", "subnet"),
    "sg": Kind("cvm", "sg"),
    "ipm": Kind("vpc", "address"),
    "ipmg": Kind("vpc", "addressGroup"),
    "ppm": Kind("vpc", "service"),
    "ppmg": Kind("vpc", "serviceGroup"),
}


def kind_of(resource_id: str) -> Kind:
    """The kind of the resource with this id. Raises `KeyError` if there is none."""
    return KINDS[resource_id.partition("-")[0]]


def name_of(resource_id: str) -> str:
    service, prefix = kind_of(resource_id)
    return f"qcs::{service}:{REGION}:uin/{UIN}:{prefix}/{resource_id}"


def id_in(name: str) -> str:
    """The id in a name. Raises `ApiError` if there can't be such a resource."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ApiError(
            MALFORMED,
            f"{name[:120]!r} is not of the form qcs::<service>:<region>:<account>:<kind>/<id>",
        )
    services = {kind.service for kind in KINDS.values()}
    for part, known in (
        ("service", services),
        ("region", ("", REGION)),
        ("account", ("", "uin/", f"uin/{UIN}")),
        ("kind", prefixes(found["service"])),
    ):
        if found[part] not in known:
            raise ApiError(MALFORMED, f"{name[:120]!r}: there is no {part} {found[part]!r} here")
    return found["id"]


def prefixes(service: str) -> set[str]:
    """The kinds of resources that a service has here."""
    return {kind.prefix for kind in KINDS.values() if kind.service == service}
