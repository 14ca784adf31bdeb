"""Actions that change what is in use: bandwidth, charge type, names."""

from typing import Any

import pytest
from support.api import call, refusal
from support.world import World

from gateway.control import commands as cmd


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
    assert refusal(world, "ModifyAddressInternetChargeType", request).code == "MissingParameter"
    request["AddressChargePrepaid"] = {"Period": 1}
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


MONTHLY = {"InternetChargeType": "BANDWIDTH_PREPAID_BY_MONTH"}


@pytest.mark.parametrize("period", [0, -1, 13, 37, 10**17])
def test_a_period_that_isnt_the_clouds_is_refused(world: World, period: int) -> None:
    for action, more in (
        ("AllocateAddresses", MONTHLY),
        ("RenewAddresses", {"AddressIds": ["eip-nowhere0"]}),
    ):
        request = more | {"AddressChargePrepaid": {"Period": period}}
        assert refusal(world, action, request).code == "InvalidParameterValue"


def test_an_address_that_is_paid_by_the_month_needs_its_terms(world: World) -> None:
    assert refusal(world, "AllocateAddresses", MONTHLY).code == "MissingParameter"
    odd = MONTHLY | {"AddressChargePrepaid": {"Period": 1, "AutoRenewFlag": 3}}
    assert refusal(world, "AllocateAddresses", odd).code == "InvalidParameterValue"
    no_period = MONTHLY | {"AddressChargePrepaid": {"AutoRenewFlag": 1}}
    assert refusal(world, "AllocateAddresses", no_period).code == "MissingParameter"


@pytest.mark.parametrize(
    ("flag", "word"),
    [
        ({"AutoRenewFlag": 0}, "NOTIFY_AND_MANUAL_RENEW"),
        ({"AutoRenewFlag": 1}, "NOTIFY_AND_AUTO_RENEW"),
        ({"AutoRenewFlag": 2}, "DISABLE_NOTIFY_AND_MANUAL_RENEW"),
        ({}, "NOTIFY_AND_AUTO_RENEW"),
    ],
    ids=str,
)
def test_an_address_shows_until_when_it_is_paid_for(
    world: World, flag: dict[str, int], word: str
) -> None:
    world.now = 1_769_850_000.5  # 2026-01-31T09:00:00Z
    request = MONTHLY | {"AddressChargePrepaid": {"Period": 1} | flag}
    (eip_id,) = call(world, "AllocateAddresses", request)["AddressSet"]
    found = shown(world, "Address", eip_id)
    assert (found["DeadlineDate"], found["RenewFlag"]) == ("2026-02-28T09:00:00Z", word)
    assert found["IsArrears"] is False
    renewed = {"AddressIds": [eip_id], "AddressChargePrepaid": {"Period": 12}}
    assert call(world, "RenewAddresses", renewed) == {}
    found = shown(world, "Address", eip_id)
    assert (found["DeadlineDate"], found["RenewFlag"]) == ("2027-02-28T09:00:00Z", word)
    other = {"AddressIds": [eip_id], "RenewFlag": "DISABLE_NOTIFY_AND_MANUAL_RENEW"}
    assert call(world, "ModifyAddressesRenewFlag", other) == {}
    assert shown(world, "Address", eip_id)["RenewFlag"] == "DISABLE_NOTIFY_AND_MANUAL_RENEW"


def test_an_address_whose_time_is_over_is_in_arrears_until_it_is_renewed(world: World) -> None:
    request = MONTHLY | {"AddressChargePrepaid": {"Period": 1, "AutoRenewFlag": 0}}
    (eip_id,) = call(world, "AllocateAddresses", request)["AddressSet"]
    world.now += 31 * 86_400
    world.execute(cmd.KeepDeadlines())

    def in_arrears(word: str) -> int:
        wanted = {"Filters": [{"Name": "is-arrears", "Values": [word]}]}
        return int(call(world, "DescribeAddresses", wanted)["TotalCount"])

    assert shown(world, "Address", eip_id)["IsArrears"] is True
    assert (in_arrears("TRUE"), in_arrears("FALSE")) == (1, 0)
    renewed = {"AddressIds": [eip_id], "AddressChargePrepaid": {"Period": 1}}
    call(world, "RenewAddresses", renewed)
    assert (in_arrears("TRUE"), in_arrears("FALSE")) == (0, 1)


def test_an_address_of_another_charge_type_has_no_end(world: World) -> None:
    found = shown(world, "Address", world.allocate())
    assert (found["DeadlineDate"], found["RenewFlag"]) == (None, None)
