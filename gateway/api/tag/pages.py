"""Pages of lists in service tag: a token says where the next page begins."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

from gateway.api.errors import ApiError
from gateway.api.fields import Between, Request, Size, Whole

BAD_TOKEN: Final = "InvalidParameter.PaginationTokenInvalid"  # noqa: S105  a code
TOO_MANY: Final = "LimitExceeded"
KEYS_MAX: Final = 20  # that a list can be asked for by
_DEFAULT: Final = 50
_MAX: Final = 1000

_Thing = TypeVar("_Thing")
Keys = Annotated[tuple[str, ...], Size(0, KEYS_MAX, TOO_MANY)]


class Whose(StrEnum):
    """Whose tags a list is to have: the user's, the cloud's own, which aren't here, or both."""

    CUSTOM = "Custom"
    SYSTEM = "System"
    ALL = "All"


class TokenPage(Request):
    """The part of a list that a request asks for, and the tags that it is about."""

    PaginationToken: str = ""
    MaxResults: Annotated[Whole, Between(1, _MAX, TOO_MANY)] = _DEFAULT
    Category: Whose = Whose.ALL

    def answer(self, name: str, found: Sequence[_Thing]) -> dict[str, Any]:
        """The answer with this part of what was found. Raises `ApiError`."""
        there = () if self.Category is Whose.SYSTEM else found
        shown, token = page(there, self.PaginationToken, self.MaxResults)
        return {name: list(shown), "PaginationToken": token}


def page(found: Sequence[_Thing], token: str, most: int) -> tuple[Sequence[_Thing], str]:
    """The page that begins at the token, and the next token; it is empty after the last page.

    Raises `ApiError` if no page ever began at the token.
    """
    if not re.fullmatch(r"[0-9]{0,9}", token):
        raise ApiError(BAD_TOKEN, "the PaginationToken is of no earlier page")
    start = int(token or "0")
    end = start + most
    return found[start:end], str(end) if len(found) > end else ""


def tag_view(key: str, value: str) -> dict[str, Any]:
    """A `Tag` of service tag; every tag here is the user's."""
    return {"TagKey": key, "TagValue": value, "Category": Whose.CUSTOM.value}
