"""Instances and EIPs as the cloud shows them; `test_shapes` looks at the fields' names."""

import json
import re

import pytest
from support.story import HOURLY, Story

from gateway.api.cvm.instance_view import instance_view
from gateway.api.vpc.address_view import address_view, ordinary_as_eip
from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.values import Attributes, InstanceChargeType, InstanceState, Purchase

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def test_an_ordinary_ip_is_shown_as_an_address_of_its_instance() -> None:
    story = Story()
    instance_id = story.run(bandwidth_mbps=7)
    instance = story.instance(instance_id)
    assert instance.ordinary
    shown = address_view(story.state, ordinary_as_eip(instance))
    assert shown["AddressId"] == instance.ordinary.address_id
    assert shown["AddressType"] == "WanIP"
    assert (shown["AddressStatus"], shown["InstanceId"]) == ("BIND", instance_id)
    assert (shown["AddressIp"], shown["Bandwidth"]) == (instance.ordinary.address, 7)


def test_an_instance_shows_what_it_was_bought_with() -> None:
    story = Story()
    bought = Purchase(
        "img-487zeit5",
        "SA2.LARGE8",
        InstanceChargeType.SPOTPAID,
        Attributes("db", "eA==", "reader", True),
    )
    ordered = story.do(cmd.RunInstance("web", 0, HOURLY, purchase=bought))[0]
    assert isinstance(ordered, ev.InstanceOrdered)
    shown = instance_view(story.state, story.instance(ordered.instance_id))
    expected = {
        "ImageId": "img-487zeit5",
        "InstanceType": "SA2.LARGE8",
        "InstanceChargeType": "SPOTPAID",
        "CPU": 4,
        "Memory": 8,
        "HostName": "db",
        "CamRoleName": "reader",
        "DisableApiTermination": True,
        "RestrictState": "NORMAL",
    }
    assert {**shown, **expected} == shown
    assert "eA==" not in json.dumps(shown)


@pytest.mark.parametrize(("charging", "mode"), [(True, "KEEP_CHARGING"), (False, "STOP_CHARGING")])
def test_a_stopped_instance_shows_whether_it_is_charged_for(charging: bool, mode: str) -> None:
    story = Story()
    instance_id = story.run()

    def shown() -> object:
        return instance_view(story.state, story.instance(instance_id))["StopChargingMode"]

    assert shown() == "NOT_APPLICABLE"
    story.stop(instance_id, charging=charging)
    assert shown() == mode
    story.start(instance_id)
    assert shown() == "NOT_APPLICABLE"


@pytest.mark.parametrize(
    ("state", "latest"),
    [
        (InstanceState.PENDING, "OPERATING"),
        (InstanceState.RUNNING, "SUCCESS"),
        (InstanceState.STOPPED, "SUCCESS"),
        (InstanceState.TERMINATING, "OPERATING"),
        (InstanceState.LAUNCH_FAILED, "FAILED"),
    ],
)
def test_an_instance_shows_how_its_latest_operation_went(state: InstanceState, latest: str) -> None:
    story = Story()
    shown = instance_view(story.state, story.instance(story.instance_in(state)))
    assert shown["LatestOperationState"] == latest


def test_an_instance_shows_what_it_has() -> None:
    story = Story()
    story.now = 1_700_000_000.75
    instance_id = story.run(name="web")
    shown = instance_view(story.state, story.instance(instance_id))
    assert shown["InstanceId"] == instance_id
    assert shown["InstanceName"] == "web"
    assert shown["PrivateIpAddresses"] == ["10.0.0.2"]
    assert shown["PublicIpAddresses"] == ["203.0.113.1"]
    assert shown["CreatedTime"] == "2023-11-14T22:13:20Z"
    assert shown["InternetAccessible"] == {
        "InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR",
        "InternetMaxBandwidthOut": 10,
        "PublicIpAssigned": True,
        "BandwidthPackageId": None,
        "InternetServiceProvider": "BGP",
        "IPv4AddressType": "WanIP",
    }


def test_an_instance_without_a_public_address_shows_null() -> None:
    story = Story()
    shown = instance_view(story.state, story.instance(story.run(0)))
    assert shown["PublicIpAddresses"] is None


def test_an_instance_with_an_eip_shows_the_eip() -> None:
    story = Story()
    instance_id = story.run()
    eip_id = story.bound(instance_id)
    shown = instance_view(story.state, story.instance(instance_id))
    assert shown["PublicIpAddresses"] == [story.eip(eip_id).address]


@pytest.mark.parametrize("state", list(InstanceState), ids=lambda state: state.value)
def test_an_instances_state_is_the_clouds_word(state: InstanceState) -> None:
    story = Story()
    shown = instance_view(story.state, story.instance(story.instance_in(state)))
    assert shown["InstanceState"] == state.value
    assert type(shown["InstanceState"]) is str


def test_an_unbound_eip_shows_no_instance() -> None:
    story = Story()
    eip_id = story.allocate("front")
    shown = address_view(story.state, story.eip(eip_id))
    assert shown["AddressId"] == eip_id
    assert shown["AddressName"] == "front"
    assert shown["AddressIp"] == "203.0.113.1"
    assert shown["AddressStatus"] == "UNBIND"
    assert shown["AddressType"] == "EIP"
    assert shown["Bandwidth"] == 5
    assert [shown[key] for key in ("InstanceId", "InstanceType", "PrivateAddressIp")] == [None] * 3
    assert TIME.fullmatch(shown["CreatedTime"])


def test_a_bound_eip_shows_its_instance() -> None:
    story = Story()
    instance_id = story.run()
    shown = address_view(story.state, story.eip(story.bound(instance_id)))
    assert shown["AddressStatus"] == "BIND"
    assert shown["InstanceId"] == instance_id
    assert shown["InstanceType"] == "CVM"
    assert shown["PrivateAddressIp"] == story.instance(instance_id).private_ip
