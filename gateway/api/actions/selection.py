"""Which of all there is a request wants."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from gateway.api.requests.fields import Page

_Thing = TypeVar("_Thing")


def page(found: Sequence[_Thing], request: Page) -> Sequence[_Thing]:
    """The part of `found` that the request asks for."""
    return found[request.Offset : request.Offset + request.Limit]


def selected(things: Mapping[str, _Thing], ids: Sequence[str]) -> list[_Thing]:
    """Those with the ids; all if none are given."""
    if not ids:
        return list(things.values())
    wanted = frozenset(ids)
    return [thing for key, thing in things.items() if key in wanted]
