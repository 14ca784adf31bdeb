"""The actions that differ by the account's behaviour, and the operator's."""

from typing import Any

import pytest
from support.api import call, context, refusal
from support.world import World

from gateway.api import registry
from gateway.api.client import Client
from gateway.api.errors import ApiError
from gateway.api.registry import ACTIONS, ALL_ACTIONS
from gateway.control import commands as cmd
from gateway.control.values import Behaviour


def test_an_ordinary_ip_is_transformed(world: World) -> None:
    instance_id = world.run()
    address = world.public(instance_id)
    answer = call(world, "TransformAddress", {"InstanceId": instance_id})
    (shown,) = call(world, "DescribeAddresses", {})["AddressSet"]
    assert (shown["AddressId"], shown["AddressIp"]) == (answer["AddressId"], address)
    assert shown["AddressStatus"] == "BIND"


def test_an_ordinary_ip_is_returned_with_standard(world: World) -> None:
    instance_id = world.run()
    request = {"AddressIps": [world.public(instance_id)]}
    assert refusal(world, "ReturnNormalAddresses", request).code == "UnsupportedOperation"
    world.execute(cmd.ConfigureAccount(Behaviour.STANDARD))
    assert call(world, "ReturnNormalAddresses", request) == {}
    assert world.public(instance_id) is None
    again = refusal(world, "ReturnNormalAddresses", request)
    assert again.code == "InvalidParameterValue.AddressIpsNotFound"


def test_standard_refuses_with_the_clouds_codes(world: World) -> None:
    instance_id, eip_id = world.run(), world.allocate()
    world.execute(cmd.BindEip(eip_id, instance_id))
    world.execute(cmd.ConfigureAccount(Behaviour.STANDARD))
    moved = {"AddressId": eip_id, "InstanceId": world.run()}
    assert refusal(world, "AssociateAddress", moved).code == (
        "UnsupportedOperation.AddressStatusNotPermit"
    )
    call(world, "DisassociateAddress", {"AddressId": eip_id})
    assert world.public(instance_id) is None
    assert refusal(world, "AssociateAddress", moved).code == (
        "InvalidParameterValue.InstanceHasWanIP"
    )
    call(world, "AssociateAddress", {"AddressId": eip_id, "InstanceId": instance_id})
    again = {"AddressId": eip_id, "ReallocateNormalPublicIp": True}
    call(world, "DisassociateAddress", again)
    assert world.public(instance_id)


@pytest.mark.parametrize(
    ("asked", "has_one"),
    [
        ({}, True),
        ({"ReallocateNormalPublicIp": None}, True),
        ({"ReallocateNormalPublicIp": True}, True),
        ({"ReallocateNormalPublicIp": False}, False),
    ],
)
def test_with_legacy_an_unticked_box_leaves_the_instance_without(
    world: World, asked: dict[str, Any], has_one: bool
) -> None:
    instance_id, eip_id = world.run(), world.allocate()
    world.execute(cmd.BindEip(eip_id, instance_id))
    call(world, "DisassociateAddress", {"AddressId": eip_id, **asked})
    assert bool(world.public(instance_id)) == has_one


def test_the_operator_configures_the_account(client: Client) -> None:
    assert client.call("DescribeNetworkAccountType") == {"NetworkAccountType": "LEGACY"}
    answer = client.call("ConfigureAccount", Behaviour="STANDARD", EipsMax=30, ApplicationsMax=60)
    assert answer == {"Behaviour": "STANDARD", "EipsMax": 30, "ApplicationsMax": 60}
    assert client.call("DescribeNetworkAccountType") == {"NetworkAccountType": "STANDARD"}
    assert client.call("ConfigureAccount") == answer


def test_what_is_the_operators_is_not_the_clouds(world: World) -> None:
    operators = ALL_ACTIONS.keys() - ACTIONS.keys()
    assert operators == {name for name, one in ALL_ACTIONS.items() if one.declared.is_operators}
    for name in operators:
        with pytest.raises(ApiError) as refused:
            registry.call(context(world), name, {})
        assert refused.value.code == "InvalidAction"
