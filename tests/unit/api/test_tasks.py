"""Tasks as the API names them, and the client that waits for them."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.api import call, context, refusal, serving
from support.world import World

from gateway.api import client as clients
from gateway.api.client import Client, NotDoneError
from gateway.api.server import application
from gateway.control.background import running
from gateway.control.controller import Controller
from gateway.control.values import TaskResult


def test_each_action_names_its_task_in_its_own_type(world: World) -> None:
    instance_id, other = world.run(), world.run()
    answer = call(world, "AllocateAddresses", {"ClientToken": "t"})
    (eip_id,) = answer["AddressSet"]
    bind = {"AddressId": eip_id, "InstanceId": instance_id}
    change = {"AddressIds": [eip_id], "InternetMaxBandwidthOut": 20}
    answers = [
        answer,
        call(world, "AllocateAddresses", {"ClientToken": "t"}),
        call(world, "AssociateAddress", bind),
        call(world, "ModifyAddressesBandwidth", change),
        call(world, "DisassociateAddress", {"AddressId": eip_id}),
        call(world, "ReleaseAddresses", {"AddressIds": [eip_id]}),
    ]
    for text in [one["TaskId"] for one in answers]:
        assert isinstance(text, str)
        assert result(world, int(text)) == "SUCCESS"
    number = call(world, "TransformAddress", {"InstanceId": other})["TaskId"]
    assert isinstance(number, int)
    assert result(world, number) == "SUCCESS"


def result(world: World, number: int) -> str:
    """What DescribeTaskResult says."""
    answer = call(world, "DescribeTaskResult", {"TaskId": number})
    assert answer["TaskId"] == number
    return str(answer["Result"])


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "MissingParameter"),
        ({"DealName": "20261123-1"}, "InvalidParameter"),
        ({"TaskId": 0}, "InvalidParameter"),
        ({"TaskId": 1 << 70}, "InvalidParameter"),
        ({"TaskId": "one"}, "InvalidParameter"),
    ],
    ids=["neither", "deal", "below", "above", "text"],
)
def test_a_task_that_is_not_there_is_refused(
    world: World, parameters: dict[str, Any], code: str
) -> None:
    assert refusal(world, "DescribeTaskResult", parameters).code == code


def test_what_is_busy_is_refused_with_the_clouds_codes() -> None:
    with closing(World(prompt=False)) as world:
        instance_id, eip_id = world.run(), world.allocate()
        bind = {"AddressId": eip_id, "InstanceId": instance_id}
        call(world, "AssociateAddress", bind)
        unbind = refusal(world, "DisassociateAddress", {"AddressId": eip_id})
        assert unbind.code == "OperationDenied.MutexTaskRunning"
        stop = refusal(world, "StopInstances", {"InstanceIds": [instance_id]})
        assert stop.code == "MutexOperation.TaskRunning"
        world.publish()
        call(world, "StopInstances", {"InstanceIds": [instance_id]})
        start = refusal(world, "StartInstances", {"InstanceIds": [instance_id]})
        assert start.code == "UnsupportedOperation.InstanceStateStopping"


@pytest.fixture
def slow_world() -> Iterator[World]:
    """A lab whose control does things in the background."""
    with closing(World(prompt=False)) as made:
        yield made


@pytest.fixture
def slow(slow_world: World, tmp_path: Path) -> Iterator[Client]:
    """A client of its API; nobody runs the background yet."""
    path = tmp_path / "slow"
    with serving(application(context(slow_world)), path):
        yield Client(path)


def not_broken() -> None:
    """Nobody may call it."""
    raise AssertionError("a thread is broken")


def test_a_call_returns_when_it_is_done(slow_world: World, slow: Client) -> None:
    with running(slow_world.control, not_broken):
        (instance_id,) = slow.call("RunInstances")["InstanceIdSet"]
        (eip_id,) = slow.call("AllocateAddresses")["AddressSet"]
        for number in range(10):
            slow.call("AssociateAddress", AddressId=eip_id, InstanceId=instance_id)
            slow.call("DisassociateAddress", AddressId=eip_id)
            slow.call("StopInstances", InstanceIds=[instance_id])
            assert slow_world.hosts.up == {instance_id: False}, number
            slow.call("StartInstances", InstanceIds=[instance_id])
            assert slow_world.hosts.up == {instance_id: True}, number
        slow.call("ReleaseAddresses", AddressIds=[eip_id])
        assert slow.call("DescribeAddresses")["TotalCount"] == 0
        slow.call("TerminateInstances", InstanceIds=[instance_id])
        assert slow.call("DescribeInstances")["TotalCount"] == 0
    slow_world.assert_settled()


def test_to_send_is_not_to_wait(slow: Client) -> None:
    answer = slow.send("AllocateAddresses")
    task = slow.call("DescribeTaskResult", TaskId=int(answer["TaskId"]))
    assert task["Result"] == "RUNNING"


@pytest.mark.parametrize("action", ["AllocateAddresses", "RunInstances"])
def test_what_is_not_done_in_time_is_said_so(
    slow: Client, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    monkeypatch.setattr(clients, "DONE_WITHIN_S", 0.05)
    with pytest.raises(NotDoneError, match=f"{action} is recorded, but not done after 0.05 s"):
        slow.call(action)


def test_a_launch_that_fails_is_said_so(client: Client, world: World) -> None:
    world.faults.break_("connect")
    with pytest.raises(NotDoneError, match="can't be launched: connect failed"):
        client.call("RunInstances")


def test_a_task_that_fails_is_said_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Controller, "result", lambda *_: TaskResult.FAILED)
    with pytest.raises(NotDoneError, match="AllocateAddresses failed"):
        client.call("AllocateAddresses")
