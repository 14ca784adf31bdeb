"""DescribeUsage: what is to be paid for."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.api import call
from support.world import World

from gateway.api import registry
from gateway.api.action import Context
from gateway.api.client import Client
from gateway.api.errors import ApiError
from gateway.api.registry import ACTIONS
from gateway.control import commands as cmd
from gateway.exchange.worker_page import WorkerPage
from gateway.nat.tally import Tally


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A lab with a directory for workers' pages."""
    with closing(World(tmp_path)) as made:
        made.pages.mkdir()
        yield made


@pytest.fixture
def page(world: World) -> Iterator[WorkerPage]:
    """A worker's page."""
    with WorkerPage(world.pages, 0) as made:
        made.hold(16)
        yield made


def usage(world: World, **parameters: object) -> Mapping[str, Any]:
    """What the action answers."""
    return call(world, "DescribeUsage", parameters)


def test_each_address_has_what_it_carried_for_each_holder(world: World, page: WorkerPage) -> None:
    web, eip_id = world.run(), world.allocate()
    Tally(page.memory).count(0, 0, -1, 100)
    world.now += 5
    world.execute(cmd.BindEip(eip_id, web))
    Tally(page.memory).count(0, -1, 1, 20)
    world.now += 7.5
    answer = usage(world)
    ordinary, eip = answer["UsageSet"]
    assert ordinary.pop("AddressId").startswith("eip-")
    same = {"InstanceId": web, "InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR"}
    assert ordinary == same | {
        "Hour": None,
        "AddressIp": "203.0.113.1",
        "HeldSeconds": 5,
        "OutBytes": 100,
        "InBytes": 0,
        "OutPackets": 1,
        "InPackets": 0,
    }
    assert eip == same | {
        "Hour": None,
        "AddressIp": "203.0.113.2",
        "AddressId": eip_id,
        "HeldSeconds": 7.5,
        "OutBytes": 0,
        "InBytes": 20,
        "OutPackets": 0,
        "InPackets": 1,
    }
    assert answer["EipSet"] == [
        {
            "AddressId": eip_id,
            "AddressIp": "203.0.113.2",
            "InstanceId": web,
            "InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR",
            "BoundSeconds": 7.5,
            "IdleSeconds": 5,
        }
    ]


def test_the_hours_of_an_eip_that_was_released_are_to_be_paid_for(world: World) -> None:
    web, eip_id = world.run(), world.allocate()
    world.now += 5
    world.execute(cmd.BindEip(eip_id, web))
    world.now += 7
    world.execute(cmd.UnbindEip(eip_id))
    world.now += 11
    world.execute(cmd.ReleaseEip(eip_id))
    world.now += 100
    world.restart()
    (eip,) = usage(world)["EipSet"]
    assert (eip["AddressId"], eip["BoundSeconds"], eip["IdleSeconds"]) == (eip_id, 7, 16)
    assert usage(world, InstanceId=web)["EipSet"] == []


def test_one_instances_usage_is_shown_even_when_it_is_gone(world: World, page: WorkerPage) -> None:
    web, other, silent = world.run(), world.run(), world.run(bandwidth_mbps=0)
    Tally(page.memory).count(0, 0, -1, 100)
    world.execute(cmd.TerminateInstance(web))
    answer = usage(world, InstanceId=web)
    assert [one["OutBytes"] for one in answer["UsageSet"]] == [100]
    assert [one["OutBytes"] for one in usage(world, InstanceId=other)["UsageSet"]] == [0]
    assert usage(world, InstanceId=silent)["UsageSet"] == []
    with pytest.raises(ApiError) as refused:
        usage(world, InstanceId="ins-nobody")
    assert refused.value.code == "InvalidInstanceId.NotFound"


def test_each_hour_can_be_shown(world: World, page: WorkerPage) -> None:
    world.run()
    Tally(page.memory).count(0, 0, -1, 100)
    usage(world)
    world.now += 7200
    Tally(page.memory).count(0, 0, -1, 20)
    found = [(one["Hour"], one["OutBytes"]) for one in usage(world, Hourly=True)["UsageSet"]]
    assert found == [("1970-01-12T13:00:00Z", 100), ("1970-01-12T15:00:00Z", 20)]


def test_it_is_the_operators_alone(world: World, client: Client) -> None:
    assert "DescribeUsage" not in ACTIONS
    assert client.call("DescribeUsage") == {"UsageSet": [], "EipSet": []}


def test_a_book_that_cant_be_read_is_an_internal_error(world: World) -> None:
    world.pages.rmdir()
    world.pages.touch()
    with pytest.raises(ApiError, match="the counters can't be read") as refused:
        usage(world)
    assert refused.value.code == "InternalError"


def test_a_control_without_a_meter_says_so(world: World) -> None:
    with pytest.raises(ApiError, match="no meter") as refused:
        registry.call(Context(world.control), "DescribeUsage", {}, among=registry.ALL_ACTIONS)
    assert refused.value.code == "InternalError"
