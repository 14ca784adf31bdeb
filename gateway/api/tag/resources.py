"""Which resources have which tags (service tag)."""

from collections.abc import Collection, Iterator, Mapping
from hashlib import md5
from typing import Annotated, Any, Final

from gateway.api import codes
from gateway.api.action import Action, Answer, Context, action
from gateway.api.errors import ApiError
from gateway.api.fields import Between, Request, Size, Whole
from gateway.api.services import TAG
from gateway.api.tag.names import KINDS, MALFORMED, id_in, kind_of, name_of, prefixes
from gateway.api.tag.pages import BAD_TOKEN, Whose, page, tag_view
from gateway.api.unused import complete
from gateway.control.place import REGION, UIN
from gateway.control.state import State

RESOURCES_MAX: Final = 10
IDS_MAX: Final = 50
TAG_FILTERS_MAX: Final = 6
TAG_VALUES_MAX: Final = 10
MAPPINGS_MAX: Final = 200
ROWS_MAX: Final = 1000

_TOO_LONG: Final = f"{codes.VALUE}.TagFiltersLengthExceeded"
_NO_FILTER: Final = f"{codes.VALUE}.TagFilters"
_BAD_ID: Final = f"{codes.VALUE}.ResourceIdInvalid"


@complete(TAG, "TagFilter")
class TagFilter(Request):
    """Resources with this tag; with any value of it if no value is given."""

    TagKey: str
    TagValue: Annotated[tuple[str, ...], Size(0, TAG_VALUES_MAX, _TOO_LONG)] = ()


@action(
    TAG,
    regional=False,
    codes=(
        MALFORMED,
        "LimitExceeded.ResourceNumPerRequest",
        BAD_TOKEN,
    ),
)
class GetResources(Action):
    """List what has tags: the resources of the list, or those with all of these tags, or all."""

    ResourceList: Annotated[
        tuple[str, ...], Size(0, RESOURCES_MAX, "LimitExceeded.ResourceNumPerRequest")
    ] = ()
    TagFilters: Annotated[tuple[TagFilter, ...], Size(0, TAG_FILTERS_MAX, _TOO_LONG)] = ()
    PaginationToken: str = ""
    MaxResults: Annotated[Whole, Between(1, MAPPINGS_MAX)] = 50

    def run(self, context: Context) -> Answer:
        """A page of resources, and where the next page begins; empty after the last page."""
        asked: dict[str, str] | None = None
        token, most = self.PaginationToken, self.MaxResults
        if self.ResourceList:
            asked = {name: id_in(name) for name in dict.fromkeys(self.ResourceList)}
            token, most = "", len(asked)
        with context.control.state() as state:
            names = asked or {name_of(key): key for key in state.tags}
            found = [
                (name, key)
                for name, key in names.items()
                if key in state.tags and _has(state.tags[key], self.TagFilters)
            ]
            shown, following = page(found, token, most)
            mappings = [{"Resource": name, "Tags": _views(state.tags[key])} for name, key in shown]
        return {"PaginationToken": following, "ResourceTagMappingList": mappings}


class _Rows(Action):
    """What actions have in common whose pages are counted as older ones are."""

    Offset: Annotated[Whole, Between(0)] = 0
    Limit: Annotated[Whole, Between(1, ROWS_MAX, codes.VALUE)] = 15

    def answer(self, name: str, found: list[dict[str, Any]]) -> Answer:
        """The answer with this part of what was found."""
        shown = found[self.Offset : self.Offset + self.Limit]
        whole = {"TotalCount": len(found), "Offset": self.Offset, "Limit": self.Limit}
        return {**whole, name: shown}


@action(
    TAG,
    regional=False,
    codes=(
        f"{codes.VALUE}.ServiceTypeInvalid",
        f"{codes.VALUE}.ResourcePrefixInvalid",
        f"{codes.VALUE}.RegionInvalid",
        _BAD_ID,
    ),
)
class DescribeResourceTagsByResourceIds(_Rows):
    """List the tags that these resources of one kind have; one that isn't there has none."""

    ServiceType: str
    ResourcePrefix: str
    ResourceIds: Annotated[tuple[str, ...], Size(1, IDS_MAX, _BAD_ID)]
    ResourceRegion: str
    Category: Whose = Whose.ALL

    def run(self, context: Context) -> Answer:
        for part, given, known in (
            ("ServiceType", self.ServiceType, {kind.service for kind in KINDS.values()}),
            ("ResourcePrefix", self.ResourcePrefix, prefixes(self.ServiceType)),
            ("Region", self.ResourceRegion, {"", REGION}),
        ):
            if given not in known:
                raise ApiError(
                    f"{codes.VALUE}.{part}Invalid", f"there is no {part} {given[:80]!r} here"
                )
        with context.control.state() as state:
            return self.answer("Tags", list(self._found(state)))

    def _found(self, state: State) -> Iterator[dict[str, Any]]:
        kind = (self.ServiceType, self.ResourcePrefix)
        for key in dict.fromkeys(self.ResourceIds):
            has = state.tags.get(key, {})
            if not has or self.Category is Whose.SYSTEM or kind_of(key) != kind:
                continue
            for tag in _views(has):
                yield tag | {
                    "ResourceId": key,
                    "ServiceType": self.ServiceType,
                    "TagKeyMd5": _digest(tag["TagKey"]),
                    "TagValueMd5": _digest(tag["TagValue"]),
                }


@action(TAG, regional=False, codes=(_NO_FILTER, _TOO_LONG))
class DescribeResourcesByTags(_Rows):
    """List the resources that have all of these tags."""

    TagFilters: Annotated[
        tuple[TagFilter, ...], Size(1, TAG_FILTERS_MAX, _TOO_LONG, few_code=_NO_FILTER)
    ]
    CreateUin: Whole | None = None
    ResourcePrefix: str = ""
    ResourceId: str = ""
    ResourceRegion: str = ""
    ServiceType: str = ""

    def run(self, context: Context) -> Answer:
        with context.control.state() as state:
            rows = [
                self._row(key, has)
                for key, has in state.tags.items()
                if self._wants(key) and _has(has, self.TagFilters)
            ]
        return self.answer("Rows", rows)

    def _wants(self, resource_id: str) -> bool:
        service, prefix = kind_of(resource_id)
        wanted = (
            (self.ServiceType, service),
            (self.ResourcePrefix, prefix),
            (self.ResourceId, resource_id),
            (self.ResourceRegion, REGION),
        )
        mine = self.CreateUin is None or self.CreateUin == int(UIN)
        return mine and all(given in ("", there) for given, there in wanted)

    def _row(self, resource_id: str, has: Mapping[str, str]) -> dict[str, Any]:
        service, prefix = kind_of(resource_id)
        return {
            "ResourceRegion": REGION,
            "ServiceType": service,
            "ResourcePrefix": prefix,
            "ResourceId": resource_id,
            "Tags": _views(has),
        }


def _has(tags: Mapping[str, str], wanted: Collection[TagFilter]) -> bool:
    """All of the wanted ones, each with one of its values."""
    return all(
        one.TagKey in tags and (not one.TagValue or tags[one.TagKey] in one.TagValue)
        for one in wanted
    )


def _views(tags: Mapping[str, str]) -> list[dict[str, Any]]:
    return [tag_view(key, value) for key, value in tags.items()]


def _digest(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
