"""Tags that new resources get when they are made."""

from collections.abc import Sequence
from typing import Final

from gateway.control import errors
from gateway.control import events as ev
from gateway.control.values import Tag

TAGS_MAX: Final = 50  # of a resource
KEY_MAX: Final = 127  # characters
VALUE_MAX: Final = 255


def check(tags: Sequence[Tag]) -> None:
    """Check that one resource can have these tags. Raises a `DomainError`."""
    if len(tags) > TAGS_MAX:
        raise errors.TagQuotaError(f"a resource has at most {TAGS_MAX} tags")
    if len({tag.key for tag in tags}) < len(tags):
        raise errors.DuplicateTagError("a tag's key is given twice")
    for tag in tags:
        if not 1 <= len(tag.key) <= KEY_MAX or not tag.key.isprintable():
            raise errors.InvalidTagError(f"a tag's key has 1 to {KEY_MAX} printable characters")
        if len(tag.value) > VALUE_MAX or not tag.value.isprintable():
            raise errors.InvalidTagError(
                f"a tag's value has up to {VALUE_MAX} printable characters"
            )


def tagged(resource_id: str, tags: Sequence[Tag]) -> list[ev.Tagged]:
    """The events by which the resource gets these tags."""
    return [ev.Tagged(resource_id, tag.key, tag.value) for tag in tags]
