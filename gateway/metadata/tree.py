"""The metadata of one instance as a tree of paths, and how a path is answered.

A directory lists its entries, one per line, subdirectories with a `/`. A leaf is its bare value.
What has no value isn't there: an instance without a public address has no `public-ipv4`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

VERSIONS: Final = ("1.0", "2017-09-19", "latest")
META_DATA: Final = "meta-data"

Tree = Mapping[str, "str | Tree"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What an instance may know of itself."""

    instance_id: str
    name: str
    uuid: str
    mac: str
    local_ipv4: str
    public_ipv4: str | None
    gateway: str
    subnet_mask: str
    region: str
    zone: str
    vpc_id: str
    subnet_id: str
    owner_id: str


def answer(facts: Facts, path: str) -> str | None:
    """The body for a request of `path`, e.g. `/latest/meta-data/mac`; None means 404.

    Paths are case-sensitive but for a MAC, which tools print in either case.
    """
    # A path without a version means version 1.0; all versions have the same content here.
    meta_data: Tree = {META_DATA: _meta_data(facts)}
    root: Tree = {**dict.fromkeys(VERSIONS, meta_data), **meta_data}
    node: str | Tree = root
    if not path.startswith("/"):
        return None
    parts = path.split("/")[1:]
    wants_directory = parts[-1] == ""
    for part in parts[:-1] if wants_directory else parts:
        if isinstance(node, str):
            return None
        child = node.get(part) or node.get(part.upper() if ":" in part else part)
        if child is None:
            return None
        node = child
    if isinstance(node, str):
        return None if wants_directory else node
    if node is root:
        return "\n".join((*VERSIONS, META_DATA))
    return "\n".join(name if isinstance(child, str) else f"{name}/" for name, child in node.items())


def _meta_data(facts: Facts) -> Tree:
    mac = facts.mac.upper()
    public: dict[str, str] = {"public-ipv4": facts.public_ipv4} if facts.public_ipv4 else {}
    return {
        "instance-id": facts.instance_id,
        "instance-name": facts.name,
        "local-ipv4": facts.local_ipv4,
        "mac": mac,
        "network": {"interfaces": {"macs": {mac: _interface(facts, mac)}}},
        "placement": {"region": facts.region, "zone": facts.zone},
        **public,
        "uuid": facts.uuid,
    }


def _interface(facts: Facts, mac: str) -> Tree:
    public: dict[str, str] = {"public-ipv4": facts.public_ipv4} if facts.public_ipv4 else {}
    address = {
        "gateway": facts.gateway,
        "local-ipv4": facts.local_ipv4,
        **public,
        "public-ipv4-mode": "NAT",
        "subnet-mask": facts.subnet_mask,
    }
    public_addresses: dict[str, str] = (
        {"public-ipv4s": facts.public_ipv4} if facts.public_ipv4 else {}
    )
    return {
        "local-ipv4s": {facts.local_ipv4: address},
        "mac": mac,
        "owner-id": facts.owner_id,
        "primary-local-ipv4": facts.local_ipv4,
        **public_addresses,
        "subnet-id": facts.subnet_id,
        "vpc-id": facts.vpc_id,
    }
