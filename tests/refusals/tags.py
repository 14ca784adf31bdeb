"""The codes of actions on tags, and how to get them."""

from typing import Any

from refusals.situations import Prepare, Request, Rows, V, plain
from support.api import call
from support.story import HOURLY
from support.world import World

from gateway.control import commands as cmd
from gateway.control.decisions.tags import KEYS_MAX, VALUES_MAX
from gateway.control.values import Tag

NOWHERE = "qcs::cvm:ap-guangzhou:uin/100000000001:instance/ins-nowhere0"
TEN = [f"k{n}" for n in range(11)]


def tag(key: str = "a", value: str = "b") -> dict[str, str]:
    return {"TagKey": key, "TagValue": value}


def name(resource_id: str) -> str:
    """An EIP in six parts, the account left out."""
    return f"qcs::vpc:ap-guangzhou::eip/{resource_id}"


def made(world: World) -> Request:
    """A tag that the account has."""
    call(world, "CreateTag", tag())
    return tag()


def attached(world: World) -> Request:
    """A tag that a resource has."""
    eip_id = world.allocate()
    call(world, "TagResources", {"ResourceList": [name(eip_id)], "Tags": [tag()]})
    return tag()


def known(world: World, tags: dict[str, dict[str, int]]) -> None:
    """The account has these tags, made so in the state: a thousand calls would take long."""
    with world.control.state() as state:
        state._account.known_tags.update(tags)


def full_of_keys(request: Request) -> Prepare:
    """The account has all the keys it may have."""

    def prepare(world: World) -> Request:
        known(world, {f"k{n}": {"": 0} for n in range(KEYS_MAX)})
        return request | _resource(world, request)

    return prepare


def full_of_values(request: Request) -> Prepare:
    """The key has all the values it may have."""

    def prepare(world: World) -> Request:
        known(world, {"a": {str(n): 0 for n in range(VALUES_MAX)}})
        return request | _resource(world, request)

    return prepare


def _resource(world: World, request: Request) -> Request:
    """For those that are about a resource: one that is there."""
    resource = name(world.allocate())
    if "Tags" in request:
        return {"ResourceList": [resource]}
    return {"Resource": resource} if "ReplaceTags" in request else {}


def full_resource(world: World) -> Request:
    """An EIP with all the tags it may have."""
    tags = tuple(Tag(f"k{n}", "") for n in range(50))
    world.execute(cmd.AllocateEip("x", 1, HOURLY, tags=tags))
    (eip,) = call(world, "DescribeAddresses", {})["AddressSet"]
    return {"Resource": name(eip["AddressId"]), "ReplaceTags": [tag()]}


def keys(request: Any) -> Rows:
    """The rows of what has keys of tags; `request` makes one of a key."""
    return {
        f"{V}.TagKeyEmpty": plain(**request("")),
        f"{V}.TagKeyLengthExceeded": plain(**request("k" * 128)),
        f"{V}.TagKeyCharacterIllegal": plain(**request("a\nb")),
    }


def forms(request: Any) -> Rows:
    """The rows of what has tags; `request` makes one of a key and a value."""
    return {
        **keys(request),
        f"{V}.TagValueLengthExceeded": plain(**request("a", "v" * 256)),
        f"{V}.TagValueCharacterIllegal": plain(**request("a", "\0")),
        "InvalidParameter.ReservedTagKey": plain(**request("qcs:a")),
    }


def on_resources(*tags: dict[str, str]) -> Request:
    return {"ResourceList": [NOWHERE], "Tags": list(tags)}


def on_resource(*tags: dict[str, str]) -> Request:
    return {"Resource": NOWHERE, "ReplaceTags": list(tags)}


def off_resources(*taken: str) -> Request:
    return {"ResourceList": [NOWHERE], "TagKeys": list(taken)}


PAGE: Rows = {
    "InvalidParameter.PaginationTokenInvalid": plain(PaginationToken="next", TagKeys=["a"]),
    "LimitExceeded": plain(MaxResults=1001, TagKeys=["a"]),
}
OF_IDS = {
    "ServiceType": "cvm",
    "ResourcePrefix": "instance",
    "ResourceIds": ["ins-nowhere0"],
    "ResourceRegion": "ap-guangzhou",
}
ROWS: dict[str, Rows] = {
    "CreateTag": {
        **forms(tag),
        "LimitExceeded.TagKey": full_of_keys(tag()),
        "LimitExceeded.TagValue": full_of_values(tag()),
        "ResourceInUse.TagDuplicate": made,
    },
    "DeleteTag": {
        "ResourceNotFound.TagNonExist": plain(**tag()),
        "FailedOperation.TagAttachedResource": attached,
    },
    "GetTags": PAGE,
    "GetTagKeys": {
        "InvalidParameter.PaginationTokenInvalid": plain(PaginationToken="-1"),
        "LimitExceeded": plain(MaxResults=1001),
    },
    "GetTagValues": PAGE | {"LimitExceeded": plain(TagKeys=["a"] * 21)},
    "TagResources": {
        **forms(lambda *of: on_resources(tag(*of))),
        f"{V}.TagKeyDuplicate": plain(**on_resources(tag(), tag())),
        f"{V}.ResourceDescriptionError": plain(ResourceList=["ins-1"], Tags=[tag()]),
        "LimitExceeded.ResourceNumPerRequest": plain(ResourceList=[NOWHERE] * 11, Tags=[tag()]),
        "LimitExceeded.TagNumPerRequest": plain(**on_resources(*map(tag, TEN))),
        "LimitExceeded.TagValue": full_of_values({"Tags": [tag()]}),
    },
    "UnTagResources": {
        **keys(off_resources),
        f"{V}.TagKeyDuplicate": plain(**off_resources("a", "a")),
        f"{V}.ResourceDescriptionError": plain(ResourceList=["ins-1"], TagKeys=["a"]),
        "LimitExceeded.ResourceNumPerRequest": plain(ResourceList=[NOWHERE] * 11, TagKeys=["a"]),
        "LimitExceeded.TagNumPerRequest": plain(**off_resources(*TEN)),
    },
    "ModifyResourceTags": {
        **forms(lambda *of: on_resource(tag(*of))),
        f"{V}.ResourceDescriptionError": plain(**on_resource(tag())),
        "InvalidParameter.Tag": plain(Resource=NOWHERE, DeleteTags=[]),
        f"{V}.DeleteTagsParamError": plain(**on_resource(tag()), DeleteTags=[{"TagKey": "a"}]),
        "LimitExceeded.Quota": plain(**on_resource(*map(tag, TEN))),
        "LimitExceeded.ResourceAttachedTags": full_resource,
        "LimitExceeded.TagKey": full_of_keys({"ReplaceTags": [tag()]}),
        "LimitExceeded.TagValue": full_of_values({"ReplaceTags": [tag()]}),
    },
    "DescribeResourceTagsByResourceIds": {
        f"{V}.ServiceTypeInvalid": plain(**OF_IDS | {"ServiceType": "cos"}),
        f"{V}.ResourcePrefixInvalid": plain(**OF_IDS | {"ResourcePrefix": "eip"}),
        f"{V}.RegionInvalid": plain(**OF_IDS | {"ResourceRegion": "mars"}),
        f"{V}.ResourceIdInvalid": plain(**OF_IDS | {"ResourceIds": ["ins-1"] * 51}),
    },
    "DescribeResourcesByTags": {
        f"{V}.TagFilters": plain(TagFilters=[]),
        f"{V}.TagFiltersLengthExceeded": plain(TagFilters=[{"TagKey": "a"}] * 7),
    },
}
