"""The actions that give resources tags, and take them away."""

from collections.abc import Callable
from typing import Annotated, Any, Final, Self

from pydantic import model_validator

from gateway.api import codes
from gateway.api.action import Action, Answer, Context, action
from gateway.api.errors import BadValueError, from_control
from gateway.api.fields import Request, Size
from gateway.api.services import TAG
from gateway.api.tag.names import MALFORMED, id_in
from gateway.api.unused import complete
from gateway.control import commands as cmd
from gateway.control import errors, values
from gateway.control.progress import Task

TAGS_MAX: Final = 10  # in a request
RESOURCES_MAX: Final = 10

_TOO_MANY: Final = "LimitExceeded.TagNumPerRequest"
_TOO_MANY_RESOURCES: Final = "LimitExceeded.ResourceNumPerRequest"
_KEY_TWICE: Final = f"{codes.VALUE}.TagKeyDuplicate"
_KEYS: Final = (
    f"{codes.VALUE}.TagKeyEmpty",
    f"{codes.VALUE}.TagKeyLengthExceeded",
    f"{codes.VALUE}.TagKeyCharacterIllegal",
)
_TAGS: Final = (
    *_KEYS,
    f"{codes.VALUE}.TagValueLengthExceeded",
    f"{codes.VALUE}.TagValueCharacterIllegal",
    codes.RESERVED_KEY,
)


@complete(TAG, "Tag")
class NewTag(Request):
    """A tag that a resource gets: a key and its value."""

    TagKey: str
    TagValue: str


@complete(TAG, "TagKeyObject")
class TagKeyObject(Request):
    """The key of a tag that a resource loses."""

    TagKey: str


Names = Annotated[tuple[str, ...], Size(1, RESOURCES_MAX, _TOO_MANY_RESOURCES)]
NewTags = tuple[NewTag, ...]


@action(
    TAG,
    regional=False,
    codes=(*_TAGS, _KEY_TWICE, MALFORMED, _TOO_MANY_RESOURCES, _TOO_MANY, "LimitExceeded.TagValue"),
    own_codes={errors.TagKeyQuotaError: "LimitExceeded.TagValue"},
)
class TagResources(Action):
    """Give each resource these tags; the answer lists those that can't have them, and why."""

    ResourceList: Names
    Tags: Annotated[NewTags, Size(1, TAGS_MAX, _TOO_MANY)]

    def run(self, context: Context) -> Answer:
        given = _values(self.Tags)
        return _each(context, self.ResourceList, lambda key: cmd.ChangeTags(key, given=given))


@action(
    TAG,
    regional=False,
    codes=(*_KEYS, _KEY_TWICE, MALFORMED, _TOO_MANY_RESOURCES, _TOO_MANY),
)
class UnTagResources(Action):
    """Take the tags with these keys from each resource that has them."""

    ResourceList: Names
    TagKeys: Annotated[tuple[str, ...], Size(1, TAGS_MAX, _TOO_MANY)]

    def run(self, context: Context) -> Answer:
        return _each(
            context, self.ResourceList, lambda key: cmd.ChangeTags(key, taken=self.TagKeys)
        )


@action(
    TAG,
    regional=False,
    codes=(
        *_TAGS,
        MALFORMED,
        "InvalidParameter.Tag",
        f"{codes.VALUE}.DeleteTagsParamError",
        "LimitExceeded.Quota",
        "LimitExceeded.ResourceAttachedTags",
        "LimitExceeded.TagKey",
        "LimitExceeded.TagValue",
    ),
    own_codes={
        errors.UnknownResourceError: MALFORMED,
        errors.DuplicateTagError: "InvalidParameter.Tag",
    },
)
class ModifyResourceTags(Action):
    """Give one resource tags, and take others from it, in one step."""

    Resource: str
    ReplaceTags: NewTags | None = None
    DeleteTags: tuple[TagKeyObject, ...] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        lists = [one for one in (self.ReplaceTags, self.DeleteTags) if one is not None]
        if not lists:
            raise BadValueError("MissingParameter", "ReplaceTags or DeleteTags must be given")
        if not all(lists):
            raise BadValueError("InvalidParameter.Tag", "a list of tags can't be empty")
        if max(map(len, lists)) > TAGS_MAX:
            raise BadValueError("LimitExceeded.Quota", f"at most {TAGS_MAX} tags can be given")
        if {one.TagKey for one in self.ReplaceTags or ()} & set(self._taken()):
            raise BadValueError(
                f"{codes.VALUE}.DeleteTagsParamError",
                "the same key is in ReplaceTags and in DeleteTags",
            )
        return self

    def run(self, context: Context) -> Task:
        given = _values(self.ReplaceTags or ())
        return context.submit(
            cmd.ChangeTags(id_in(self.Resource), given=given, taken=self._taken())
        )

    def _taken(self) -> tuple[str, ...]:
        return tuple(one.TagKey for one in self.DeleteTags or ())


def _each(
    context: Context, names: tuple[str, ...], command: Callable[[str], cmd.ChangeTags]
) -> Answer:
    """Carry out a command for each resource; the answer lists those for which it failed.

    Raises `ApiError` if a name can't be one, `ControlError` if nothing could have the tags.
    """
    resources = {name: id_in(name) for name in names}
    failed: list[dict[str, Any]] = []
    for name, resource_id in resources.items():
        try:
            context.submit(command(resource_id))
        except (errors.UnknownResourceError, errors.TagQuotaError) as error:
            refusal = from_control(error)
            failed.append({"Resource": name, "Code": refusal.code, "Message": refusal.message})
    return {"FailedResources": failed}


def _values(given: NewTags) -> tuple[values.Tag, ...]:
    return tuple(values.Tag(one.TagKey, one.TagValue) for one in given)
