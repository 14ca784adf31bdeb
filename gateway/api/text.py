"""Strings in requests: what no string of ours may hold.

JSON can name one half of a surrogate pair. Such a string is no Unicode text: nothing that writes it
to a file, a log or a database can encode it. So it is refused where a request comes in.
"""

from collections.abc import Mapping
from typing import Any

from gateway.api.errors import ApiError


def check(parameters: Mapping[str, Any]) -> None:
    """Raise `ApiError` unless all names and strings are Unicode text, at any depth."""
    for name, value in parameters.items():
        if not (_is_text(name) and all(map(_is_text, _strings(value)))):
            shown = name.encode("ascii", "backslashreplace").decode()
            raise ApiError("InvalidParameter", f"{shown[:80]}: half of a surrogate pair is no text")


def _strings(value: Any) -> list[str]:
    """All strings in a value of JSON's; it may have more levels than calls can be nested."""
    found, left = [], [value]
    while left:
        match left.pop():
            case str(one):
                found.append(one)
            case list(many):
                left += many
            case dict(fields):
                left += fields.values()
                found += fields
    return found


def _is_text(one: str) -> bool:
    try:
        one.encode()
    except UnicodeEncodeError:
        return False
    return True
