"""Tags as the API has them, and who asks."""

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
    return {"TagKey": key, "TagValue": value, "Category": "All"}


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
    ({"ResourceList": [name("cos:bucket", "ins-1")]}, f"{VALUE}.ServiceTypeInvalid"),
    ({"ResourceList": [name("vpc:eip", "eip-1", region="mars")]}, f"{VALUE}.RegionInvalid"),
    ({"ResourceList": [name("vpc:eip", "eip-1", "uin/1")]}, f"{VALUE}.UinInvalid"),
    ({"ResourceList": [name("vpc:instance", "ins-1")]}, f"{VALUE}.ResourcePrefixInvalid"),
    ({"ResourceList": [name("vpc:eip", "eip-1")] * 11}, "LimitExceeded.ResourceNumPerRequest"),
    ({"TagFilters": [{"TagKey": "a"}] * 7}, f"{VALUE}.TagFiltersLengthExceeded"),
    (
        {"TagFilters": [{"TagKey": "a", "TagValue": ["x"] * 11}]},
        f"{VALUE}.TagFiltersLengthExceeded",
    ),
    ({"TagFilters": [{"TagValue": ["x"]}]}, "MissingParameter"),
    ({"PaginationToken": "next"}, "InvalidParameter.PaginationTokenInvalid"),
    ({"MaxResults": 201}, f"{VALUE}.LimitExceeded"),
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
