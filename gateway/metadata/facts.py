"""What an instance may know of itself, and where in the metadata it finds that.

A version has what the cloud's had by then; `latest` is the newest. A path without a version means
version 1.0. The cloud's root lists no `/` behind its versions, nor does this one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gateway.control.values import RoleCredentials
from gateway.metadata.tree import Leaf, Tree, find, listing

META_DATA: Final = "meta-data"
USER_DATA: Final = "user-data"
LATEST: Final = "latest"
FIRST: Final = "1.0"
# The dates sort as the versions came, and the first and `latest` sort before and behind them.
NAMED_PLACES: Final = "2017-09-19"
ROLES: Final = "2019-12-11"
VERSIONS: Final = (FIRST, NAMED_PLACES, "2019-09-29", ROLES, LATEST)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the instance is: in words, and in the older codes of version 1.0."""

    region: str
    zone: str
    region_code: str
    zone_code: str
    vpc_id: str
    subnet_id: str
    gateway: str
    subnet_mask: str


@dataclass(frozen=True, slots=True)
class Facts:
    """These facts are all that an instance may know of itself."""

    instance_id: str
    name: str
    uuid: str
    host_name: str
    mac: str
    local_ipv4: str
    public_ipv4: str | None
    place: Place
    app_id: str
    charge_type: str
    created_at: float
    instance_type: str
    image_id: str
    user_data: bytes
    role: str
    credentials: RoleCredentials | None
    security_groups: str = ""  # a line for each, the first first; absent if an older control wrote


def answer(facts: Facts, path: str) -> Leaf | None:
    """The body for a request of `path`, e.g. `/latest/meta-data/mac`; None means 404."""
    first = _version(facts, FIRST)
    versions = {version: _version(facts, version) for version in VERSIONS}
    root: Tree = {**versions, META_DATA: first[META_DATA]}
    node = find(root, path)
    if node is root:
        return "\n".join(root)
    return node if node is None or isinstance(node, Leaf) else listing(node)


def _version(facts: Facts, version: str) -> Tree:
    return {META_DATA: _meta_data(facts, version), USER_DATA: facts.user_data or None}


def _meta_data(facts: Facts, version: str) -> Tree:
    mac = facts.mac.upper()
    named = version >= NAMED_PLACES
    place = facts.place
    return {
        "app-id": facts.app_id if named else None,
        "cam": _roles(facts) if version >= ROLES else None,
        "hostname": facts.host_name,
        "instance": _instance(facts) if named else None,
        "instance-id": facts.instance_id,
        "instance-name": facts.name,
        "local-ipv4": facts.local_ipv4,
        "mac": mac,
        "network": {"interfaces": {"macs": {mac: _interface(facts, mac, named=named)}}},
        "payment": _payment(facts) if named else None,
        "placement": {
            "region": place.region if named else place.region_code,
            "zone": place.zone if named else place.zone_code,
        },
        "public-ipv4": facts.public_ipv4,
        "uuid": facts.uuid,
    }


def _instance(facts: Facts) -> Tree:
    return {
        "image-id": facts.image_id,
        "instance-type": facts.instance_type,
        "security-group": facts.security_groups,
    }


def _payment(facts: Facts) -> Tree:
    created = datetime.fromtimestamp(facts.created_at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return {"charge-type": facts.charge_type, "create-time": created}


def _roles(facts: Facts) -> Tree:
    found: Mapping[str, Leaf] = (
        {facts.role: _as_json(facts.credentials)} if facts.credentials else {}
    )
    return {"security-credentials": found}


def _as_json(credentials: RoleCredentials) -> str:
    expires = datetime.fromtimestamp(credentials.expires_at, UTC)
    return json.dumps(
        {
            "TmpSecretId": credentials.secret_id,
            "TmpSecretKey": credentials.secret_key,
            "ExpiredTime": credentials.expires_at,
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Token": credentials.token,
            "Code": "Success",
        },
        indent=2,
    )


def _interface(facts: Facts, mac: str, *, named: bool) -> Tree:
    place = facts.place
    return {
        "local-ipv4s": {
            facts.local_ipv4: {
                "gateway": place.gateway,
                "local-ipv4": facts.local_ipv4,
                "public-ipv4": facts.public_ipv4,
                "public-ipv4-mode": "NAT",
                "subnet-mask": place.subnet_mask,
            }
        },
        "mac": mac,
        "owner-id": facts.app_id if named else None,
        "primary-local-ipv4": facts.local_ipv4,
        "public-ipv4s": facts.public_ipv4,
        "subnet-id": place.subnet_id if named else None,
        "vpc-id": place.vpc_id if named else None,
    }
