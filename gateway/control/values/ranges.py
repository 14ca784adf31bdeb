"""Ranges of addresses that no host of a network can have (RFC 6890, RFC 1112)."""

from ipaddress import IPv4Network
from typing import Final

_RANGES: Final = (
    ("0.0.0.0/8", "'this network'"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
)
NO_HOSTS: Final = tuple((IPv4Network(network), name) for network, name in _RANGES)


def unusable(network: IPv4Network) -> str:
    """Why no host can have an address of the network, or of a part of it; "" if one can."""
    for reserved, name in NO_HOSTS:
        if network.overlaps(reserved):
            return f"{reserved} is {name}: no host can have an address there"
    return ""
