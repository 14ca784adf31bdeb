"""Requests about tags (service tag)."""

from typing import Annotated

from gateway.api.requests.fields import Between, Request, Size, Whole

RESOURCES_MAX = 10
TAG_FILTERS_MAX = 6
TAG_VALUES_MAX = 10
MAPPINGS_MAX = 200

_TOO_LONG = "InvalidParameterValue.TagFiltersLengthExceeded"


class TagFilter(Request):
    """Resources with this tag; with any value if none is given."""

    TagKey: str
    TagValue: Annotated[tuple[str, ...], Size(0, TAG_VALUES_MAX, _TOO_LONG)] = ()


class GetResources(Request):
    """List what has tags: that of the list, or that with all of these tags, or all."""

    ResourceList: Annotated[
        tuple[str, ...], Size(0, RESOURCES_MAX, "LimitExceeded.ResourceNumPerRequest")
    ] = ()
    TagFilters: Annotated[tuple[TagFilter, ...], Size(0, TAG_FILTERS_MAX, _TOO_LONG)] = ()
    PaginationToken: str = ""
    MaxResults: Annotated[Whole, Between(1, MAPPINGS_MAX)] = 50
