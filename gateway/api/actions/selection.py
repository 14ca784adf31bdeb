"""Which of all there is a request wants."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from gateway.api.requests.fields import Page

_Thing = TypeVar("_Thing")


def page(found: Sequence[_Thing], request: Page) -> Sequence[_Thing]:
    """The part of `found` that the request asks for."""
    end = None if request.Limit is None else request.Offset + request.Limit
    return found[request.Offset : end]


def selected(things: Mapping[str, _Thing], ids: Sequence[str]) -> list[_Thing]:
    """Those with the ids; all if none are given."""
    return [thing for key, thing in things.items() if not ids or key in ids]
