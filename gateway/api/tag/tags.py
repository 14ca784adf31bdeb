"""The tags of the account, whether a resource has them or not."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final

from gateway.api import codes
from gateway.api.action import Action, Answer, Context, action
from gateway.api.fields import Size
from gateway.api.services import TAG
from gateway.api.tag.pages import BAD_TOKEN, KEYS_MAX, TOO_MANY, Keys, TokenPage, tag_view
from gateway.control import commands as cmd
from gateway.control.progress import Task
from gateway.control.values import Tag

_PAGE: Final = (BAD_TOKEN, TOO_MANY)


@action(
    TAG,
    regional=False,
    codes=(
        f"{codes.VALUE}.TagKeyEmpty",
        f"{codes.VALUE}.TagKeyLengthExceeded",
        f"{codes.VALUE}.TagKeyCharacterIllegal",
        f"{codes.VALUE}.TagValueLengthExceeded",
        f"{codes.VALUE}.TagValueCharacterIllegal",
        codes.RESERVED_KEY,
        "LimitExceeded.TagKey",
        "LimitExceeded.TagValue",
        "ResourceInUse.TagDuplicate",
    ),
)
class CreateTag(Action):
    """Create a tag. A resource that gets a new tag creates it, too."""

    TagKey: str
    TagValue: str

    def run(self, context: Context) -> Task:
        return context.submit(cmd.CreateTag(Tag(self.TagKey, self.TagValue)))


@action(
    TAG,
    regional=False,
    codes=("ResourceNotFound.TagNonExist", "FailedOperation.TagAttachedResource"),
)
class DeleteTag(Action):
    """Delete a tag of the account that no resource has."""

    TagKey: str
    TagValue: str

    def run(self, context: Context) -> Task:
        return context.submit(cmd.DeleteTag(Tag(self.TagKey, self.TagValue)))


@action(TAG, regional=False, codes=_PAGE)
class GetTags(TokenPage, Action):
    """List all tags, or those with one of these keys."""

    TagKeys: Keys = ()

    def run(self, context: Context) -> Answer:
        with context.control.state() as state:
            return self.answer("Tags", list(_views(state.known_tags, self.TagKeys)))


@action(TAG, regional=False, codes=_PAGE)
class GetTagKeys(TokenPage, Action):
    """List the keys of all tags that the account has."""

    def run(self, context: Context) -> Answer:
        with context.control.state() as state:
            return self.answer("TagKeys", list(state.known_tags))


@action(TAG, regional=False, codes=_PAGE)
class GetTagValues(TokenPage, Action):
    """List the tags with one of these keys."""

    TagKeys: Annotated[tuple[str, ...], Size(1, KEYS_MAX, TOO_MANY)]

    def run(self, context: Context) -> Answer:
        with context.control.state() as state:
            return self.answer("Tags", list(_views(state.known_tags, self.TagKeys)))


def _views(known: Mapping[str, Iterable[str]], keys: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The tags with these keys; without keys, all tags."""
    for key in dict.fromkeys(keys) if keys else known:
        for value in known.get(key, ()):
            yield tag_view(key, value)
