"""What can be asked for tags: those of the account, and those that resources have."""

from dataclasses import dataclass

from gateway.control.values.tags import Tag


@dataclass(frozen=True, slots=True)
class CreateTag:
    """Add a tag to those of the account; no resource has it yet."""

    tag: Tag


@dataclass(frozen=True, slots=True)
class DeleteTag:
    """Remove a tag from those of the account; no resource may have it."""

    tag: Tag


@dataclass(frozen=True, slots=True)
class ChangeTags:
    """Give a resource tags, and take others away by their keys.

    A key that the resource has gets the new value. A tag that the account hasn't is created.
    """

    resource_id: str
    given: tuple[Tag, ...] = ()
    taken: tuple[str, ...] = ()


TagCommand = CreateTag | DeleteTag | ChangeTags
