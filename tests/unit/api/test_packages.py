"""The actions on bandwidth packages."""

from typing import Any

import pytest
from support.api import call, refusal
from support.world import World


def create(world: World, **parameters: object) -> str:
    """A package; its id."""
    answer = call(world, "CreateBandwidthPackage", parameters)
    assert answer["BandwidthPackageIds"][0] == answer["BandwidthPackageId"]
    return str(answer["BandwidthPackageId"])


def described(world: World, **parameters: object) -> list[dict[str, Any]]:
    """What DescribeBandwidthPackages answers with."""
    answer = call(world, "DescribeBandwidthPackages", parameters)
    found: list[dict[str, Any]] = answer["BandwidthPackageSet"]
    return found


def test_a_package_is_created_changed_and_deleted(world: World) -> None:
    package_id = create(world, BandwidthPackageName="shared", InternetMaxBandwidth=100)
    (shown,) = described(world)
    assert shown == {
        "BandwidthPackageId": package_id,
        "BandwidthPackageName": "shared",
        "NetworkType": "BGP",
        "ChargeType": "ENHANCED95_POSTPAID_BY_MONTH",
        "CreatedTime": "1970-01-12T13:46:40Z",
        "Status": "CREATED",
        "Bandwidth": 100,
        "Egress": "center_egress1",
        "Deadline": None,
        "ResourceSet": [],
    }
    request: dict[str, Any] = {"BandwidthPackageId": package_id}
    change: dict[str, Any] = {"InternetMaxBandwidth": -1}
    assert call(world, "ModifyBandwidthPackageBandwidth", request | change) == {}
    change = {"BandwidthPackageName": "ours", "ChargeType": "TOP5_POSTPAID_BY_MONTH"}
    assert call(world, "ModifyBandwidthPackageAttribute", request | change) == {}
    (shown,) = described(world, BandwidthPackageIds=[package_id])
    assert (shown["Bandwidth"], shown["BandwidthPackageName"]) == (-1, "ours")
    assert shown["ChargeType"] == "TOP5_POSTPAID_BY_MONTH"
    assert call(world, "DeleteBandwidthPackage", request) == {}
    assert described(world) == []


def test_addresses_join_and_leave(world: World) -> None:
    package_id, eip_id, instance_id = create(world), world.allocate(), world.run()
    ordinary = world.instance(instance_id).ordinary
    assert ordinary
    ids = [eip_id, ordinary.address_id]
    request: dict[str, Any] = {"BandwidthPackageId": package_id, "ResourceIds": ids}
    assert call(world, "AddBandwidthPackageResources", request) == {}
    (eip,) = call(world, "DescribeAddresses", {})["AddressSet"]
    assert (eip["BandwidthPackageId"], eip["InternetChargeType"]) == (
        package_id,
        "BANDWIDTH_PACKAGE",
    )
    members = [
        {"ResourceType": "Address", "ResourceId": eip_id, "AddressIp": eip["AddressIp"]},
        {
            "ResourceType": "Address",
            "ResourceId": ordinary.address_id,
            "AddressIp": ordinary.address,
        },
    ]
    assert described(world)[0]["ResourceSet"] == members
    listed: dict[str, Any] = {"BandwidthPackageId": package_id, "Offset": 1, "Limit": 1}
    assert call(world, "DescribeBandwidthPackageResources", listed) == {
        "TotalCount": 2,
        "ResourceSet": members[1:],
    }
    in_use = refusal(world, "DeleteBandwidthPackage", {"BandwidthPackageId": package_id})
    assert in_use.code == "InvalidParameterValue.BandwidthPackageInUse"
    request |= {"InternetChargeType": "BANDWIDTH_POSTPAID_BY_HOUR", "InternetMaxBandwidthOut": 7}
    assert call(world, "RemoveBandwidthPackageResources", request) == {}
    assert described(world)[0]["ResourceSet"] == []


def test_an_eip_and_an_instance_join_from_the_start(world: World) -> None:
    package_id = create(world, InternetMaxBandwidth=100)
    joining = {"InternetChargeType": "BANDWIDTH_PACKAGE", "BandwidthPackageId": package_id}
    joining_with_bandwidth = joining | {"InternetMaxBandwidthOut": 500}
    call(world, "AllocateAddresses", joining_with_bandwidth)
    call(world, "RunInstances", {"InternetAccessible": joining_with_bandwidth})
    assert len(described(world)[0]["ResourceSet"]) == 2


def test_packages_are_listed_by_pages_and_counted(world: World) -> None:
    answer = call(world, "CreateBandwidthPackage", {"BandwidthPackageCount": 3})
    page = call(world, "DescribeBandwidthPackages", {"Offset": 1, "Limit": 1})
    assert page["TotalCount"] == 3
    (shown,) = page["BandwidthPackageSet"]
    assert shown["BandwidthPackageId"] == answer["BandwidthPackageIds"][1]
    (quota,) = call(world, "DescribeBandwidthPackageQuota", {})["QuotaSet"]
    assert (quota["QuotaId"], quota["QuotaCurrent"], quota["QuotaLimit"]) == (
        "TOTAL_BANDWIDTHPKG_QUOTA",
        3,
        20,
    )


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    [
        ("DeleteBandwidthPackage", {}, "InvalidParameterValue.BandwidthPackageNotFound"),
        (
            "DescribeBandwidthPackageResources",
            {},
            "InvalidParameterValue.BandwidthPackageNotFound",
        ),
        (
            "ModifyBandwidthPackageBandwidth",
            {"InternetMaxBandwidth": 5},
            "InvalidParameterValue.BandwidthPackageNotFound",
        ),
        (
            "AddBandwidthPackageResources",
            {"ResourceIds": ["eip-nowhere0"], "ResourceType": "LoadBalance"},
            "InvalidParameterValue",
        ),
    ],
)
def test_a_wrong_request_has_the_clouds_code(
    world: World, action: str, parameters: dict[str, Any], code: str
) -> None:
    request = {"BandwidthPackageId": "bwp-nowhere0"} | parameters
    assert refusal(world, action, request).code == code
