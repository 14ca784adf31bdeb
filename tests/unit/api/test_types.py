"""The types of instances, as tools look for one before they buy."""

from typing import Any

import pytest
from support.api import call, refusal
from support.world import World

from gateway.control.values import TYPES

TYPES_ACTION, OFFERS_ACTION = "DescribeInstanceTypeConfigs", "DescribeZoneInstanceConfigInfos"


def listed(world: World, action: str, **filters: str) -> list[dict[str, Any]]:
    """What the action finds with these filters, of which each has one value."""
    asked = [{"Name": key.replace("_", "-"), "Values": [value]} for key, value in filters.items()]
    answer = call(world, action, {"Filters": asked})
    (found,) = answer.values()
    return list(found)


def test_every_type_that_is_listed_can_be_bought(world: World) -> None:
    types = listed(world, TYPES_ACTION)
    assert [one["InstanceType"] for one in types] == list(TYPES)
    offers = listed(world, OFFERS_ACTION)
    assert len({(one["InstanceType"], one["InstanceChargeType"]) for one in offers}) == len(offers)
    for one in offers:
        bought = {name: one[name] for name in ("InstanceType", "InstanceChargeType")}
        place = {"Placement": {"Zone": one["Zone"]}}
        assert call(world, "RunInstances", bought | place | {"DryRun": True})["InstanceIdSet"] == []
    assert {one["InstanceType"] for one in offers} == TYPES.keys()


def test_an_instance_reports_the_size_of_its_type(world: World) -> None:
    (kind,) = listed(world, TYPES_ACTION, instance_type="SA2.LARGE8")
    call(world, "RunInstances", {"InstanceType": "SA2.LARGE8"})
    (instance,) = call(world, "DescribeInstances", {})["InstanceSet"]
    assert (instance["CPU"], instance["Memory"]) == (kind["CPU"], kind["Memory"]) == (4, 8)


@pytest.mark.parametrize("action", [TYPES_ACTION, OFFERS_ACTION])
def test_types_are_found_by_zone_family_and_name(world: World, action: str) -> None:
    assert listed(world, action, zone="ap-guangzhou-3") == listed(world, action)
    assert listed(world, action, zone="ap-guangzhou-6") == []
    assert {one["InstanceFamily"] for one in listed(world, action, instance_family="S6")} == {"S6"}
    assert listed(world, action, instance_family="S6", instance_type="S5.SMALL1") == []


def test_offers_are_found_by_how_they_are_paid_for(world: World) -> None:
    for kind, count in (("SPOTPAID", len(TYPES)), ("PREPAID", 0)):
        offers = listed(world, OFFERS_ACTION, instance_charge_type=kind)
        assert [one["InstanceChargeType"] for one in offers] == [kind] * count


def test_offers_are_sorted_as_asked_for(world: World) -> None:
    keys = {"Name": "sort-keys", "Values": ["cpu:desc", "mem:asc"]}
    answer = call(world, OFFERS_ACTION, {"Filters": [keys]})
    sizes = [(-one["Cpu"], one["Memory"]) for one in answer["InstanceTypeQuotaSet"]]
    assert sizes == sorted(sizes)
    wrong = {"Filters": [{"Name": "sort-keys", "Values": ["colour:asc"]}]}
    refused = refusal(world, OFFERS_ACTION, wrong)
    assert refused.code == "InvalidParameterValue"
