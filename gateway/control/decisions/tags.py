"""Tags: which the account has, and which its resources have.

A tag that a resource gets is one of the account's from then on, also when the resource is gone.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions.moment import Moment
from gateway.control.place import SUBNET_ID, VPC_ID
from gateway.control.state import State
from gateway.control.values import Tag

TAGS_MAX: Final = 50  # of a resource
KEYS_MAX: Final = 1000  # of an account
VALUES_MAX: Final = 1000  # of a key
KEY_MAX: Final = 127  # characters
VALUE_MAX: Final = 255
RESERVED: Final = "qcs:"  # how the cloud's own keys begin


def check(state: State, tags: Sequence[Tag]) -> None:
    """Check that a new resource can have these tags. Raises a `DomainError`."""
    _check_count(tags)
    check_forms(tags)
    _check_room(state, tags)


def tagged(resource_id: str, tags: Sequence[Tag]) -> list[ev.Tagged]:
    """The events by which the resource gets these tags."""
    return [ev.Tagged(resource_id, tag.key, tag.value) for tag in tags]


def create(state: State, command: cmd.CreateTag, _at: Moment) -> list[ev.Event]:
    """Add a tag to those of the account."""
    tag = command.tag
    check_forms([tag])
    if tag.value in state.known_tags.get(tag.key, {}):
        raise errors.TagExistsError(f"the account has the tag {tag.key}={tag.value} already")
    _check_room(state, [tag])
    return [ev.TagCreated(tag.key, tag.value)]


def delete(state: State, command: cmd.DeleteTag, _at: Moment) -> list[ev.Event]:
    """Remove a tag of the account that no resource has."""
    tag = command.tag
    bearers = state.known_tags.get(tag.key, {}).get(tag.value)
    if bearers is None:
        raise errors.UnknownTagError(
            f"the account has no tag {tag.key[:80]!r} with the value {tag.value[:80]!r}"
        )
    if bearers:
        raise errors.TagInUseError(f"{bearers} resources have the tag {tag.key}={tag.value}")
    return [ev.TagDeleted(tag.key, tag.value)]


def change(state: State, command: cmd.ChangeTags, _at: Moment) -> list[ev.Event]:
    """Give a resource tags, and take others away; what it has already stays as it is."""
    check_forms(command.given)
    check_keys(command.taken)
    resource_id = command.resource_id
    if not _taggable(state, resource_id):
        raise errors.UnknownResourceError(f"nothing that can have tags is {resource_id!r}")
    before = state.tags.get(resource_id, {})
    taken = [key for key in dict.fromkeys(command.taken) if key in before]
    after = {key: value for key, value in before.items() if key not in taken}
    _check_count(after.keys() | {tag.key for tag in command.given})
    _check_room(state, command.given)
    new = [tag for tag in command.given if after.get(tag.key) != tag.value]
    return [*(ev.Untagged(resource_id, key) for key in taken), *tagged(resource_id, new)]


def check_forms(tags: Sequence[Tag]) -> None:
    """Check that each can be a tag, and no key is there twice. Raises a `DomainError`."""
    check_keys([tag.key for tag in tags])
    for tag in tags:
        if tag.key.startswith(RESERVED):
            raise errors.TagKeyReservedError(f"no key of a tag begins with {RESERVED!r}")
        if len(tag.value) > VALUE_MAX:
            raise errors.TagValueTooLongError(f"a tag's value has up to {VALUE_MAX} characters")
        if not tag.value.isprintable():
            raise errors.TagValueCharactersError("a tag's value has only printable characters")


def check_keys(keys: Sequence[str]) -> None:
    """Check that each can be a tag's key, and is there once. Raises a `DomainError`."""
    if len(set(keys)) < len(keys):
        raise errors.DuplicateTagError("a tag's key is given twice")
    for key in keys:
        if not key:
            raise errors.TagKeyEmptyError(f"a tag's key has 1 to {KEY_MAX} characters")
        if len(key) > KEY_MAX:
            raise errors.TagKeyTooLongError(f"a tag's key has 1 to {KEY_MAX} characters")
        if not key.isprintable():
            raise errors.TagKeyCharactersError("a tag's key has only printable characters")


def _check_count(tags: Collection[object]) -> None:
    if len(tags) > TAGS_MAX:
        raise errors.TagQuotaError(f"a resource has at most {TAGS_MAX} tags")


def _check_room(state: State, tags: Sequence[Tag]) -> None:
    """Check that the account may have these tags, too. Each key is there once."""
    known: Mapping[str, Mapping[str, int]] = state.known_tags
    keys = sum(tag.key not in known for tag in tags)
    if keys and len(known) + keys > KEYS_MAX:
        raise errors.TagKeyQuotaError(f"an account's tags have at most {KEYS_MAX} keys")
    for key, value in tags:
        values = known.get(key, {})
        if value not in values and len(values) >= VALUES_MAX:
            raise errors.TagValueQuotaError(f"a tag's key has at most {VALUES_MAX} values")


def _taggable(state: State, resource_id: str) -> bool:
    """Whether there is something with this id that can have tags."""
    things = (
        *(state.instances, state.eips, state.packages, state.groups, state.templates),
        (VPC_ID, SUBNET_ID),
    )
    return any(resource_id in some for some in things)
