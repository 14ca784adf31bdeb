"""Tags as the API has them, and who asks."""

import hashlib
from typing import Any

import pytest
from support.api import call, refusal
from support.world import World

from gateway.api.action import Caller
from gateway.control.place import SUBNET_ID, VPC_ID

UIN = "uin/100000000001"
TAG = {"Key": "owner", "Value": "net"}


@pytest.fixture
def tagged(world: World) -> dict[str, str]:
    """The ids of things with a tag, by the service and kind in their names."""
    specification = [{"ResourceType": "instance", "Tags": [TAG, {"Key": "stage"}]}]
    answer = call(world, "RunInstances", {"TagSpecification": specification})
    (eip_id,) = call(world, "AllocateAddresses", {"Tags": [TAG]})["AddressSet"]
    package_id = call(world, "CreateBandwidthPackage", {"Tags": [TAG]})["BandwidthPackageId"]
    world.allocate()
    return {
        "cvm:instance": answer["InstanceIdSet"][0],
        "vpc:eip": eip_id,
        "vpc:bandwidthPackage": package_id,
    }


def name(kind: str, resource_id: str, account: str = UIN, region: str = "ap-guangzhou") -> str:
    """A resource in six parts."""
    service, prefix = kind.split(":")
    return f"qcs::{service}:{region}:{account}:{prefix}/{resource_id}"


def resources(world: World, **parameters: Any) -> dict[str, list[dict[str, str]]]:
    """The tags of what GetResources answers with, by resource."""
    answer = call(world, "GetResources", parameters)
    assert answer["PaginationToken"] == ""
    return {one["Resource"]: one["Tags"] for one in answer["ResourceTagMappingList"]}


def shown(key: str, value: str) -> dict[str, str]:
    """A tag as the service shows it."""
    return {"TagKey": key, "TagValue": value, "Category": "Custom"}


def test_things_show_their_tags(world: World, tagged: dict[str, str]) -> None:
    (instance,) = call(world, "DescribeInstances", {})["InstanceSet"]
    assert instance["Tags"] == [TAG, {"Key": "stage", "Value": ""}]
    (eip, other) = call(world, "DescribeAddresses", {})["AddressSet"]
    assert (eip["TagSet"], other["TagSet"]) == ([TAG], [])


def test_all_that_has_tags_is_listed(world: World, tagged: dict[str, str]) -> None:
    assert resources(world) == {
        name("cvm:instance", tagged["cvm:instance"]): [shown("owner", "net"), shown("stage", "")],
        name("vpc:eip", tagged["vpc:eip"]): [shown("owner", "net")],
        name("vpc:bandwidthPackage", tagged["vpc:bandwidthPackage"]): [shown("owner", "net")],
    }


def test_what_can_have_no_tags_may_be_asked_about(world: World) -> None:
    """Cloud Custodian does, of every VPC and subnet that it lists."""
    asked = [name("vpc:vpc", VPC_ID, account=""), name("vpc:subnet", SUBNET_ID, account="")]
    assert resources(world, ResourceList=asked) == {}


@pytest.mark.parametrize("account", ["", "uin/", UIN])
def test_a_resource_comes_back_under_the_name_it_was_asked_by(
    world: World, tagged: dict[str, str], account: str
) -> None:
    wanted = name("vpc:eip", tagged["vpc:eip"], account)
    nobody = name("vpc:eip", "eip-nowhere0", account)
    found = resources(world, ResourceList=[wanted, nobody], MaxResults=1)
    assert found == {wanted: [shown("owner", "net")]}


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ([{"TagKey": "owner"}], 3),
        ([{"TagKey": "owner", "TagValue": ["net", "ops"]}], 3),
        ([{"TagKey": "owner", "TagValue": ["ops"]}], 0),
        ([{"TagKey": "owner"}, {"TagKey": "stage", "TagValue": [""]}], 1),
        ([{"TagKey": "colour"}], 0),
    ],
    ids=str,
)
def test_resources_are_found_by_their_tags(
    world: World, tagged: dict[str, str], filters: list[dict[str, Any]], count: int
) -> None:
    assert len(resources(world, TagFilters=filters)) == count


def test_resources_are_listed_by_pages(world: World, tagged: dict[str, str]) -> None:
    names: list[str] = []
    token = ""
    for _ in range(2):
        answer = call(world, "GetResources", {"MaxResults": 2, "PaginationToken": token})
        names += [one["Resource"] for one in answer["ResourceTagMappingList"]]
        token = answer["PaginationToken"]
    assert token == ""
    assert names == list(resources(world))


VALUE = "InvalidParameterValue"
REFUSED = [
    ({"ResourceList": ["ins-12345678"]}, f"{VALUE}.ResourceDescriptionError"),
    ({"ResourceList": [name("cos:bucket", "ins-1")]}, f"{VALUE}.ResourceDescriptionError"),
    (
        {"ResourceList": [name("vpc:eip", "eip-1", region="mars")]},
        f"{VALUE}.ResourceDescriptionError",
    ),
    ({"ResourceList": [name("vpc:eip", "eip-1", "uin/1")]}, f"{VALUE}.ResourceDescriptionError"),
    ({"ResourceList": [name("vpc:instance", "ins-1")]}, f"{VALUE}.ResourceDescriptionError"),
    ({"ResourceList": [name("vpc:eip", "eip-1")] * 11}, "LimitExceeded.ResourceNumPerRequest"),
    ({"TagFilters": [{"TagKey": "a"}] * 7}, VALUE),
    (
        {"TagFilters": [{"TagKey": "a", "TagValue": ["x"] * 11}]},
        VALUE,
    ),
    ({"TagFilters": [{"TagValue": ["x"]}]}, "MissingParameter"),
    ({"PaginationToken": "next"}, "InvalidParameter.PaginationTokenInvalid"),
    ({"MaxResults": 201}, VALUE),
]


@pytest.mark.parametrize(("request_", "code"), REFUSED, ids=lambda one: str(one)[:60])
def test_a_wrong_query_has_the_clouds_code(
    world: World, request_: dict[str, Any], code: str
) -> None:
    assert refusal(world, "GetResources", request_).code == code


def test_a_user_is_told_from_a_role(world: World) -> None:
    user = call(world, "GetCallerIdentity", {}, caller=Caller("AKIDuser"))
    assert user == {
        "Arn": f"qcs::cam::{UIN}:{UIN}",
        "AccountId": "100000000001",
        "UserId": "100000000001",
        "PrincipalId": "100000000001",
        "Type": "CAMUser",
    }
    role = call(world, "GetCallerIdentity", {}, caller=Caller("ins-12345678", "reader"))
    assert role["Type"] == "CAMRole"
    assert role["Arn"] == f"qcs::sts::{UIN}:assumed-role/reader"
    assert role["UserId"] == "reader:ins-12345678"


def pair(key: str, value: str) -> dict[str, str]:
    return {"TagKey": key, "TagValue": value}


def test_resources_get_tags_and_lose_them(world: World) -> None:
    names = [name("cvm:instance", world.run()), name("vpc:eip", world.allocate(), account="")]
    given = {"ResourceList": names, "Tags": [pair("owner", "net"), pair("stage", "")]}
    assert call(world, "TagResources", given)["FailedResources"] == []
    both = [shown("owner", "net"), shown("stage", "")]
    assert resources(world, ResourceList=names) == dict.fromkeys(names, both)
    call(world, "UnTagResources", {"ResourceList": names[:1], "TagKeys": ["stage", "colour"]})
    change = {"ReplaceTags": [pair("owner", "ops")], "DeleteTags": [{"TagKey": "stage"}]}
    call(world, "ModifyResourceTags", {"Resource": names[1]} | change)
    wanted = [[shown("owner", "net")], [shown("owner", "ops")]]
    assert resources(world, ResourceList=names) == dict(zip(names, wanted, strict=True))
    (eip,) = call(world, "DescribeAddresses", {})["AddressSet"]
    assert eip["TagSet"] == [{"Key": "owner", "Value": "ops"}]


def test_what_cant_have_a_tag_is_named_and_the_others_have_it(world: World) -> None:
    eip_id = world.allocate()
    full = world.allocate()
    for start in range(0, 50, 10):
        tags = [pair(f"k{n}", "") for n in range(start, start + 10)]
        call(world, "TagResources", {"ResourceList": [name("vpc:eip", full)], "Tags": tags})
    names = [name("vpc:eip", one) for one in (full, "eip-nowhere0", eip_id)]
    answer = call(world, "TagResources", {"ResourceList": names, "Tags": [pair("a", "b")]})
    failed = {one["Resource"]: one["Code"] for one in answer["FailedResources"]}
    assert failed == {names[0]: "LimitExceeded.ResourceAttachedTags", names[1]: "ResourceNotFound"}
    assert all(one["Message"] for one in answer["FailedResources"])
    assert resources(world, TagFilters=[{"TagKey": "a"}]) == {names[2]: [shown("a", "b")]}


def test_the_networks_show_their_tags(world: World) -> None:
    names = [name("vpc:vpc", VPC_ID), name("vpc:subnet", SUBNET_ID)]
    call(world, "TagResources", {"ResourceList": names, "Tags": [pair("owner", "net")]})
    wanted = {"Filters": [{"Name": "tag:owner", "Values": ["net"]}]}
    for action, of in (("DescribeVpcs", "VpcSet"), ("DescribeSubnets", "SubnetSet")):
        (found,) = call(world, action, wanted)[of]
        assert found["TagSet"] == [TAG]


def test_the_tags_of_resources_are_listed_by_their_ids(
    world: World, tagged: dict[str, str]
) -> None:
    asked = {"ServiceType": "cvm", "ResourcePrefix": "instance", "ResourceRegion": "ap-guangzhou"}
    ids = [tagged["cvm:instance"], tagged["vpc:eip"], "ins-nowhere0"]
    answer = call(world, "DescribeResourceTagsByResourceIds", asked | {"ResourceIds": ids})
    assert (answer["TotalCount"], answer["Offset"], answer["Limit"]) == (2, 0, 15)
    assert answer["Tags"][0] == shown("owner", "net") | {
        "ResourceId": tagged["cvm:instance"],
        "ServiceType": "cvm",
        "TagKeyMd5": "72122ce96bfec66e2396d2e25225d70a",
        "TagValueMd5": hashlib.md5(b"net", usedforsecurity=False).hexdigest(),
    }
    page = asked | {"ResourceIds": ids, "Offset": 1, "Limit": 1}
    (second,) = call(world, "DescribeResourceTagsByResourceIds", page)["Tags"]
    assert second["TagKey"] == "stage"


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ({}, 3),
        ({"ServiceType": "vpc"}, 2),
        ({"ServiceType": "vpc", "ResourcePrefix": "eip"}, 1),
        ({"ResourceRegion": "ap-beijing"}, 0),
        ({"ResourceId": "eip-nowhere0"}, 0),
        ({"CreateUin": 1}, 0),
        ({"CreateUin": 100000000001}, 3),
    ],
    ids=str,
)
def test_resources_with_a_tag_are_found_as_rows(
    world: World, tagged: dict[str, str], more: dict[str, Any], count: int
) -> None:
    asked = {"TagFilters": [{"TagKey": "owner", "TagValue": ["net"]}], "Limit": 1} | more
    answer = call(world, "DescribeResourcesByTags", asked)
    assert (answer["TotalCount"], len(answer["Rows"])) == (count, min(count, 1))
    for row in answer["Rows"]:
        assert row["ResourceId"] in tagged.values()
        assert shown("owner", "net") in row["Tags"]


def test_the_accounts_tags_are_listed_page_by_page(world: World, tagged: dict[str, str]) -> None:
    call(world, "CreateTag", pair("owner", "ops"))
    every = [shown("owner", "net"), shown("owner", "ops"), shown("stage", "")]
    assert call(world, "GetTags", {})["Tags"] == every
    found: list[Any] = []
    token = ""
    for _ in every:
        answer = call(world, "GetTags", {"MaxResults": 1, "PaginationToken": token})
        found += answer["Tags"]
        token = answer["PaginationToken"]
    assert (found, token) == (every, "")
    assert call(world, "GetTagKeys", {})["TagKeys"] == ["owner", "stage"]
    assert call(world, "GetTagValues", {"TagKeys": ["owner", "x"]})["Tags"] == every[:2]
    assert call(world, "GetTags", {"TagKeys": ["stage"]})["Tags"] == every[2:]
    for action in ("GetTags", "GetTagKeys"):
        answer = call(world, action, {"Category": "System"})
        assert answer.get("Tags", answer.get("TagKeys")) == []


def test_a_tag_can_be_deleted_when_nothing_has_it(world: World, tagged: dict[str, str]) -> None:
    refused = refusal(world, "DeleteTag", pair("stage", ""))
    assert refused.code == "FailedOperation.TagAttachedResource"
    resource = name("cvm:instance", tagged["cvm:instance"])
    call(world, "UnTagResources", {"ResourceList": [resource], "TagKeys": ["stage"]})
    call(world, "DeleteTag", pair("stage", ""))
    assert call(world, "GetTagKeys", {})["TagKeys"] == ["owner"]


def test_tags_are_there_after_a_restart(world: World, tagged: dict[str, str]) -> None:
    call(world, "CreateTag", pair("colour", "red"))
    before = [call(world, action, {}) for action in ("GetTags", "GetResources")]
    world.save_snapshot()
    world.restart()
    assert [call(world, action, {}) for action in ("GetTags", "GetResources")] == before
