"""Tags: what the account marks its resources with."""

from typing import NamedTuple


class Tag(NamedTuple):
    """A mark on a resource: each resource has a key at most once, with one value."""

    key: str
    value: str
