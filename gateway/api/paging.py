"""Which part of a list a request wants."""

from collections.abc import Sequence
from typing import TypeVar

from gateway.api.models import Page

_Thing = TypeVar("_Thing")


def page(found: Sequence[_Thing], request: Page) -> Sequence[_Thing]:
    """The part of `found` that the request asks for."""
    end = None if request.Limit is None else request.Offset + request.Limit
    return found[request.Offset : end]
