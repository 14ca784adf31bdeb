"""Actions that change what is in use: bandwidth, charge type, names."""

from typing import Any

import pytest
from support.api import call, refusal
from support.world import World


def shown(world: World, kind: str, thing_id: str) -> dict[str, Any]:
    """What the API says of an instance or an address."""
    ids = {"Instance": "InstanceIds", "Address": "AddressIds"}[kind]
    action = {"Instance": "DescribeInstances", "Address": "DescribeAddresses"}[kind]
    (found,) = call(world, action, {ids: [thing_id]})[f"{kind}Set"]
    assert isinstance(found, dict)
    return found


def test_an_ordinary_ips_bandwidth_is_reset(world: World) -> None:
    instance_id = world.run()
    request = {
        "InstanceIds": [instance_id],
        "InternetAccessible": {"InternetMaxBandwidthOut": 50},
    }
    assert call(world, "ResetInstancesInternetMaxBandwidth", request) == {}
    found = shown(world, "Instance", instance_id)
    assert found["InternetAccessible"]["InternetMaxBandwidthOut"] == 50
    assert [mapping.out_kbps for mapping in world.tables.in_force.mappings] == [50_000]


def test_an_eips_bandwidth_is_modified(world: World) -> None:
    eip_id = world.allocate()
    request = {"AddressIds": [eip_id], "InternetMaxBandwidthOut": 50}
    assert call(world, "ModifyAddressesBandwidth", request).keys() == {"TaskId"}
    assert shown(world, "Address", eip_id)["Bandwidth"] == 50


def test_an_eips_charge_type_is_modified(world: World) -> None:
    eip_id = world.allocate()
    request = {
        "AddressId": eip_id,
        "InternetChargeType": "BANDWIDTH_PREPAID_BY_MONTH",
        "InternetMaxBandwidthOut": 150,
    }
    assert call(world, "ModifyAddressInternetChargeType", request) == {}
    found = shown(world, "Address", eip_id)
    assert found["InternetChargeType"] == "BANDWIDTH_PREPAID_BY_MONTH"
    assert found["Bandwidth"] == 150


def test_names_are_modified(world: World) -> None:
    instance_id, eip_id = world.run(), world.allocate()
    request: dict[str, Any] = {"InstanceIds": [instance_id], "InstanceName": "www"}
    assert call(world, "ModifyInstancesAttribute", request) == {}
    request = {"AddressId": eip_id, "AddressName": "back"}
    assert call(world, "ModifyAddressAttribute", request) == {}
    assert shown(world, "Instance", instance_id)["InstanceName"] == "www"
    assert shown(world, "Address", eip_id)["AddressName"] == "back"


@pytest.mark.parametrize(
    ("bandwidth_mbps", "code"),
    [
        (0, "InvalidParameterValue.BandwidthTooSmall"),
        (101, "InvalidParameterValue.BandwidthOutOfRange"),
    ],
)
def test_an_eips_bandwidth_out_of_range_has_the_clouds_codes(
    world: World, bandwidth_mbps: int, code: str
) -> None:
    request = {"AddressIds": [world.allocate()], "InternetMaxBandwidthOut": bandwidth_mbps}
    assert refusal(world, "ModifyAddressesBandwidth", request).code == code
