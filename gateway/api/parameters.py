"""Parameters as text: those of GET, and of signature v1.

Lists and objects are flattened to dotted names, and every value is text::

    InstanceIds.0=ins-a&Placement.Zone=z  →  {"InstanceIds": ["ins-a"], "Placement": {"Zone": "z"}}

Here the names are put together again. What a text means is the model's to say: `Request.from_text`.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from gateway.api.errors import ApiError

COUNT_MAX: Final = 1000
DEPTH_MAX: Final = 8

_Level = dict[str, Any]


def form(text: bytes) -> dict[str, str]:
    """What is urlencoded, as names and values. Raises `ApiError`."""
    try:
        pairs = parse_qsl(
            text.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(text),
            errors="strict",
            max_num_fields=COUNT_MAX,
        )
    except ValueError as error:  # a UnicodeDecodeError is one
        raise ApiError(
            "InvalidParameter",
            f"the parameters are not urlencoded UTF-8, or more than {COUNT_MAX}",
        ) from error
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ApiError("InvalidParameter", "a parameter is given twice")
    return found


def nested(flat: Mapping[str, str]) -> dict[str, Any]:
    """Dotted names as lists and objects. Raises `ApiError`."""
    root: _Level = {}
    for name, value in flat.items():
        *path, last = name.split(".")
        if len(path) >= DEPTH_MAX:
            raise ApiError("InvalidParameter", f"{name[:80]}: more than {DEPTH_MAX} levels")
        level = root
        for step in path:
            level = level.setdefault(step, {})
            if not isinstance(level, dict):
                raise _both(name)
        if last in level:
            raise _both(name)
        level[last] = value
    return {name: _lists(name, value) for name, value in root.items()}


def _both(name: str) -> ApiError:
    return ApiError("InvalidParameter", f"{name[:80]}: both a value and a level of its own")


def _lists(name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    children = {key: _lists(f"{name}.{key}", child) for key, child in value.items()}
    if not any(key.isdecimal() for key in children):
        return children
    positions = [str(position) for position in range(len(children))]
    if set(positions) != set(children):
        raise ApiError("InvalidParameter", f"{name[:80]}: a list counts from 0 without a gap")
    return [children[position] for position in positions]
