"""Blocked addresses, as the operator and the account see them."""

from support.api import call, refusal
from support.world import World

from gateway.api.client import Client
from gateway.control import commands as cmd


def test_the_operator_blocks_lists_and_opens(world: World, client: Client) -> None:
    eip_id = world.allocate()
    with world.control.state() as state:
        address = state.eips[eip_id].address
    assert client.call("BlockAddress", Address=address, Seconds=60) == {}
    assert client.call("DescribeBlockedAddresses")["BlockedAddressSet"] == [
        {"Address": address, "AddressId": eip_id, "BlockedUntil": "1970-01-12T13:47:40Z"}
    ]
    (shown,) = client.call("DescribeAddresses")["AddressSet"]
    assert shown["IsBlocked"] is True
    client.call("ReleaseAddresses", AddressIds=[eip_id])
    (left,) = client.call("DescribeBlockedAddresses")["BlockedAddressSet"]
    assert (left["Address"], left["AddressId"]) == (address, None)
    assert client.call("OpenAddress", Address=address) == {}
    assert client.call("DescribeBlockedAddresses") == {"BlockedAddressSet": []}


def test_two_hours_are_the_ordinary_time(world: World, client: Client) -> None:
    world.run()
    client.call("BlockAddress", Address="203.0.113.1")
    (shown,) = client.call("DescribeBlockedAddresses")["BlockedAddressSet"]
    assert shown["BlockedUntil"] == "1970-01-12T15:46:40Z"


def test_meanwhile_it_is_refused_with_the_clouds_codes(world: World) -> None:
    blocked, other = world.allocate(), world.allocate()
    bound, ordinary = world.run(), world.run()
    bind = {"AddressId": blocked, "InstanceId": bound}
    call(world, "AssociateAddress", bind)
    for address in (world.public(bound), world.public(ordinary)):
        assert address
        world.execute(cmd.BlockAddress(address, 60))
    (shown, idle) = call(world, "DescribeAddresses", {})["AddressSet"]
    assert (shown["IsBlocked"], idle["IsBlocked"]) == (True, False)
    rows = [
        ("AssociateAddress", bind, "InvalidAddressId.Blocked"),
        ("DisassociateAddress", {"AddressId": blocked}, "InvalidAddressId.Blocked"),
        ("TransformAddress", {"InstanceId": ordinary}, "InvalidAddressId.Blocked"),
        (
            "AssociateAddress",
            {"AddressId": other, "InstanceId": ordinary},
            "InvalidParameterValue.InstanceNormalPublicIpBlocked",
        ),
    ]
    for action, parameters, code in rows:
        assert refusal(world, action, parameters).code == code
