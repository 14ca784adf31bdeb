"""Lists in answers: which of all things a request wants, and which page of those."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from gateway.api.fields import Page

_Thing = TypeVar("_Thing")


def listed(
    name: str, found: Sequence[_Thing], page: Page, view: Callable[[_Thing], Any]
) -> dict[str, Any]:
    """The answer with the part of `found` that the page is, under `name`, and the count of all."""
    shown = found[page.Offset : page.Offset + page.Limit]
    return {"TotalCount": len(found), name: [view(one) for one in shown]}


def selected(things: Mapping[str, _Thing], ids: Iterable[str]) -> list[_Thing]:
    """The things with these ids; without ids, all things."""
    wanted = frozenset(ids)
    if not wanted:
        return list(things.values())
    return [thing for key, thing in things.items() if key in wanted]
