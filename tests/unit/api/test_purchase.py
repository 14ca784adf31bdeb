"""RunInstances, StopInstances and ModifyInstancesAttribute: all that can be said in them."""

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from support.api import call, refusal
from support.world import World

from gateway.api.errors import ApiError
from gateway.api.services import CVM
from gateway.control import commands as cmd
from gateway.control.values import Instance

PURCHASE: dict[str, Any] = {
    "Placement": {"Zone": "ap-guangzhou-3", "ProjectId": 0},
    "ImageId": "img-487zeit5",
    "InstanceType": "S5.LARGE8",
    "InstanceChargeType": "SPOTPAID",
    "InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"MaxPrice": "1.1"}},
    "SystemDisk": {"DiskType": "CLOUD_SSD", "DiskSize": 100, "DiskName": "root"},
    "DataDisks": [
        {"DiskType": "CLOUD_HSSD", "DiskSize": 500, "ThroughputPerformance": 100},
        {"DiskSize": 20, "DeleteWithInstance": False, "Encrypt": True, "KmsKeyId": "kms-1"},
        {"DiskSize": 0},
    ],
    "LoginSettings": {"KeyIds": ["skey-1bcdefgh"]},
    "SecurityGroupIds": ["sg-tgw00001", "sg-tgw00001"],
    "EnhancedService": {"SecurityService": {"Enabled": True}, "MonitorService": {"Enabled": False}},
    "VirtualPrivateCloud": {"VpcId": "vpc-tgw00001", "SubnetId": "subnet-tgw00001"},
    "InternetAccessible": {"InternetMaxBandwidthOut": 10, "PublicIpAssigned": True},
    "InstanceCount": 2,
    "InstanceName": "web{R:7}",
    "HostName": "www{R:1}",
    "UserData": base64.b64encode(b"hello").decode(),
    "CamRoleName": "reader",
    "DisableApiTermination": True,
}


def run(world: World, **parameters: Any) -> list[Instance]:
    """What was bought."""
    ids = call(world, "RunInstances", parameters)["InstanceIdSet"]
    return [world.instance(instance_id) for instance_id in ids]


def network(**more: Any) -> dict[str, Any]:
    """A request for a place in the VPC."""
    return {"VirtualPrivateCloud": {"VpcId": "DEFAULT", "SubnetId": "DEFAULT"} | more}


def package(package_id: str) -> dict[str, Any]:
    """A request to join a bandwidth package."""
    internet = {"InternetChargeType": "BANDWIDTH_PACKAGE", "InternetMaxBandwidthOut": 1}
    return {"InternetAccessible": internet | {"BandwidthPackageId": package_id}}


def test_all_of_it_is_kept(world: World) -> None:
    first, second = run(world, **PURCHASE)
    assert [first.name, second.name] == ["web7", "web8"]
    assert [first.purchase.attributes.host_name, second.purchase.attributes.host_name] == [
        "www1",
        "www2",
    ]
    assert first.ordinary is not None
    bought = first.purchase
    assert (bought.image_id, bought.instance_type) == ("img-487zeit5", "S5.LARGE8")
    assert (bought.charge_type, bought.attributes.role, bought.attributes.protected) == (
        "SPOTPAID",
        "reader",
        True,
    )
    assert base64.b64decode(bought.attributes.user_data) == b"hello"


def test_a_dry_run_buys_nothing_and_refuses_what_would_be_refused(world: World) -> None:
    before = world.records()
    assert call(world, "RunInstances", PURCHASE | {"DryRun": True}) == {"InstanceIdSet": []}
    assert world.records() == before
    wrong = {"DryRun": True, "InstanceType": "none"}
    expected = "InvalidParameterValue.InstanceTypeNotFound"
    assert refusal(world, "RunInstances", wrong).code == expected


def test_private_addresses_are_chosen(world: World) -> None:
    asked = network(PrivateIpAddresses=["10.0.0.50"])
    assert [one.private_ip for one in run(world, **asked)] == ["10.0.0.50"]
    assert refusal(world, "RunInstances", asked).code == "VpcIpIsUsed"


def test_a_public_address_is_declined(world: World) -> None:
    internet = {"InternetMaxBandwidthOut": 10, "PublicIpAssigned": False}
    assert [one.ordinary for one in run(world, InternetAccessible=internet)] == [None]


def test_fewer_will_do(world: World) -> None:
    assert len(run(world, InstanceCount=20, MinCount=1,
                   InternetAccessible={"InternetMaxBandwidthOut": 1})) == 14  # fmt: skip


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"Placement": {"Zone": "ap-guangzhou-4"}}, "InvalidParameterValue.ZoneNotSupported"),
        ({"Placement": {"Zone": "eu-frankfurt-1"}}, "InvalidZone.MismatchRegion"),
        ({"Placement": {"Zone": "ap-guangzhou-3", "ProjectId": 7}}, "InvalidProjectId.NotFound"),
        ({"Placement": "ap-guangzhou-3"}, "InvalidParameter"),
        ({"ImageId": "debian"}, "InvalidImageId.Malformed"),
        ({"ImageId": ""}, "InvalidImageId.Malformed"),
        ({"InstanceType": "S5.HUGE"}, "InvalidParameterValue.InstanceTypeNotFound"),
        ({"InstanceChargeType": "PREPAID"}, "InvalidParameterValue"),
        ({"InstanceChargeType": "FREE"}, "InvalidParameterValue"),
        (network(VpcId="x"), "InvalidParameterValue.VpcIdMalformed"),
        (network(VpcId="vpc-00000000"), "InvalidParameterValue.VpcIdNotExist"),
        (network(SubnetId="x"), "InvalidParameterValue.SubnetIdMalformed"),
        (network(SubnetId="subnet-00000000"), "InvalidParameterValue.SubnetNotExist"),
        ({"VirtualPrivateCloud": {"VpcId": "DEFAULT"}}, "MissingParameter"),
        (network(AsVpcGateway=True), "InvalidParameterValue"),
        (network(PrivateIpAddresses=["10.0.0"]), "InvalidParameterValue.IPAddressMalformed"),
        (network(PrivateIpAddresses=["10.9.0.1"]), "VpcAddrNotInSubNet"),
        (network(PrivateIpAddresses=["10.0.0.1"]), "VpcIpIsUsed"),
        (network(PrivateIpAddresses=["10.0.0.8", "10.0.0.9"]), "InvalidParameterCombination"),
        ({"InternetAccessible": {"PublicIpAssigned": True}}, "InvalidParameterCombination"),
        (package("x"), "InvalidParameterValue.BandwidthPackageIdMalformed"),
        (package("bwp-00000000"), "InvalidParameterValue.BandwidthPackageIdNotFound"),
        (
            {"InternetAccessible": {"InternetMaxBandwidthOut": 1}, "InstanceCount": 15},
            "ResourcesSoldOut.EipInsufficient",
        ),
        ({"UserData": "hello"}, "InvalidParameterValue.InvalidUserDataFormat"),
        ({"HostName": "-"}, "InvalidParameterValue.IllegalHostName"),
        ({"CamRoleName": "a b"}, "InvalidParameterValue.CamRoleNameMalformed"),
        ({"MinCount": 2}, "InvalidParameterValue.InvalidParameterMinCount"),
        ({"DisableApiTermination": "yes"}, "InvalidParameter"),
        (
            {"LaunchTemplate": {"LaunchTemplateId": "lt-1"}},
            "InvalidParameterValue.LaunchTemplateNotFound",
        ),
    ],
    ids=str,
)
def test_what_can_not_be_had_has_the_clouds_code(
    world: World, parameters: dict[str, Any], code: str
) -> None:
    assert refusal(world, "RunInstances", parameters).code == code


@pytest.mark.parametrize(
    ("parameters", "keeps"),
    [
        ({}, True),
        ({"StoppedMode": "KEEP_CHARGING", "StopType": "HARD"}, True),
        ({"StoppedMode": "STOP_CHARGING", "ForceStop": True}, False),
    ],
    ids=str,
)
def test_a_stopped_instance_keeps_its_address_if_it_is_charged_for(
    world: World, parameters: dict[str, Any], keeps: bool
) -> None:
    ids = [world.run(), world.run()]
    assert call(world, "StopInstances", {"InstanceIds": ids} | parameters) == {}
    assert [world.public(one) is not None for one in ids] == [keeps] * 2
    call(world, "StartInstances", {"InstanceIds": ids})
    assert all(world.public(one) for one in ids)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"ForceStop": False, "StopType": "SOFT"}, "InvalidParameterCombination"),
        ({"StopType": "KICK"}, "InvalidParameterValue"),
        ({"StoppedMode": "?"}, "InvalidParameterValue"),
        ({"ForceStop": "?"}, "InvalidParameter"),
    ],
    ids=str,
)
def test_a_way_to_stop_that_is_none_is_refused(
    world: World, parameters: dict[str, Any], code: str
) -> None:
    assert refusal(world, "StopInstances", {"InstanceIds": [world.run()]} | parameters).code == code


@pytest.mark.parametrize(
    ("attribute", "value", "kept"),
    [
        ("UserData", "eA==", "user_data"),
        ("CamRoleName", "writer", "role"),
        ("CamRoleName", "", "role"),
        ("HostName", "www", "host_name"),
        ("DisableApiTermination", False, "protected"),
    ],
)
def test_one_attribute_changes(world: World, attribute: str, value: object, kept: str) -> None:
    ids = [one.instance_id for one in run(world, **PURCHASE)]
    request = {"InstanceIds": ids, attribute: value}
    assert call(world, "ModifyInstancesAttribute", request) == {}
    assert [getattr(world.instance(one).purchase.attributes, kept) for one in ids] == [value] * 2


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "MissingParameter"),
        ({"InstanceName": None}, "MissingParameter"),
        ({"AutoReboot": False}, "MissingParameter"),
        ({"InstanceName": "a", "HostName": "www"}, "InvalidParameter"),
        ({"UserData": "?"}, "InvalidParameterValue.InvalidUserDataFormat"),
        ({"HostName": "www", "AutoReboot": True}, "InvalidParameterValue"),
    ],
    ids=str,
)
def test_not_one_attribute_is_refused(world: World, parameters: dict[str, Any], code: str) -> None:
    request = {"InstanceIds": [world.run()]} | parameters
    assert refusal(world, "ModifyInstancesAttribute", request).code == code


def test_a_protected_instance_is_not_terminated(world: World) -> None:
    ids = [one.instance_id for one in run(world, **PURCHASE)]
    expected = "UnsupportedOperation.InstancesProtected"
    assert refusal(world, "TerminateInstances", {"InstanceIds": ids}).code == expected
    request: dict[str, Any] = {"InstanceIds": ids, "DisableApiTermination": False}
    call(world, "ModifyInstancesAttribute", request)
    assert call(world, "TerminateInstances", {"InstanceIds": ids}) == {}


def test_what_was_bought_survives_a_restart(world: World) -> None:
    bought = run(world, **PURCHASE)
    world.restart()
    assert [world.instance(one.instance_id) for one in bought] == bought


def shown(world: World, **more: Any) -> dict[str, Any]:
    """The only instance, as the cloud shows it."""
    (found,) = call(world, "DescribeInstances", more)["InstanceSet"]
    return dict(found)


def test_disks_are_shown_as_they_were_declared(world: World) -> None:
    run(world, **PURCHASE | {"InstanceCount": 1})
    system = shown(world)["SystemDisk"]
    assert system.pop("DiskId").startswith("disk-")
    assert system == {
        "DiskType": "CLOUD_SSD",
        "DiskSize": 100,
        "DiskName": "root",
        "Encrypt": False,
        "KmsKeyId": "",
        "CdcId": None,
    }
    first, second = shown(world)["DataDisks"]
    assert (first["DiskType"], first["DiskSize"]) == ("CLOUD_HSSD", 500)
    assert (first["ThroughputPerformance"], first["DeleteWithInstance"]) == (100, True)
    assert (second["DiskType"], second["DiskSize"]) == ("LOCAL_BASIC", 20)
    assert (second["Encrypt"], second["KmsKeyId"]) == (True, "kms-1")
    assert second["DeleteWithInstance"] is False
    assert len({first["DiskId"], second["DiskId"]}) == 2


def test_an_instance_that_was_bought_without_a_word_has_a_disk_and_a_group(world: World) -> None:
    run(world)
    found = shown(world)
    assert (found["SystemDisk"]["DiskType"], found["SystemDisk"]["DiskSize"]) == (
        "CLOUD_PREMIUM",
        50,
    )
    assert found["DataDisks"] == []
    assert found["SecurityGroupIds"] == ["sg-tgw00001"]
    assert found["LoginSettings"] == {"KeyIds": [], "Password": None, "KeepImageLogin": None}


def test_security_groups_are_shown_found_and_replaced(world: World) -> None:
    for name in "abc":
        world.execute(cmd.CreateGroup(name, ""))
    with world.control.state() as state:
        _, first, second, third = state.groups
    (instance,) = run(world, SecurityGroupIds=[second, first, second])
    assert shown(world)["SecurityGroupIds"] == [second, first]
    change = {"InstanceIds": [instance.instance_id], "SecurityGroups": [third]}
    call(world, "ModifyInstancesAttribute", change)
    assert shown(world)["SecurityGroupIds"] == [third]
    for group, count in ((third, 1), (first, 0)):
        wanted = {"Filters": [{"Name": "security-group-id", "Values": [group]}]}
        assert call(world, "DescribeInstances", wanted)["TotalCount"] == count


@pytest.mark.parametrize(
    ("login", "code"),
    [
        ({"Password": "Qcloud@TestApi123++"}, None),
        ({"Password": "abcdefg1"}, None),
        ({"Password": "a1" * 15}, None),
        ({"Password": "abcdef1"}, "InvalidPassword"),
        ({"Password": "a1" * 15 + "a"}, "InvalidPassword"),
        ({"Password": "abcdefgh"}, "InvalidPassword"),
        ({"Password": "abcdefg 1"}, "InvalidPassword"),
        ({"Password": "abcdefg1网"}, "InvalidPassword"),
        ({"KeyIds": ["skey-1bcdefgh"]}, None),
        ({"KeyIds": ["skey-1bcdefgh"], "Password": "abcdefg1"}, "InvalidParameterCombination"),
        ({"KeepImageLogin": "TRUE"}, None),
        ({"KeepImageLogin": "false", "Password": "abcdefg1"}, None),
        ({"KeepImageLogin": "true", "Password": "abcdefg1"}, "InvalidParameterCombination"),
        ({"KeepImageLogin": "maybe"}, "InvalidParameterValue"),
    ],
    ids=str,
)
def test_there_is_one_way_to_log_in_and_a_password_that_can_be_one(
    world: World, login: dict[str, Any], code: str | None
) -> None:
    if code:
        assert refusal(world, "RunInstances", {"LoginSettings": login}).code == code
    else:
        run(world, LoginSettings=login)


def test_a_password_is_kept_nowhere(world: World) -> None:
    secret = "Qcloud@TestApi123++"  # noqa: S105  it opens nothing
    run(world, LoginSettings={"Password": secret}, ClientToken="once")
    assert not any(secret in record.body for record in world.records())
    assert secret not in json.dumps(shown(world))


@pytest.mark.parametrize("name", list(CVM.fields("RunInstancesRequest")))
def test_every_parameter_of_a_purchase_is_known(world: World, name: str) -> None:
    """It is taken, or refused for what it says, and never for its name."""
    field = CVM.fields("RunInstancesRequest")[name]
    simple = {"string": "x", "integer": 1, "boolean": True}.get(field.kind, {"Odd": 1})
    parameters = {name: [simple] if field.is_list else simple}
    with suppress(ApiError):
        call(world, "RunInstances", parameters)
        return
    refused = refusal(world, "RunInstances", parameters)
    assert f"parameter {name} is not recognized" not in refused.message


def test_every_field_that_the_cloud_fills_is_filled(world: World) -> None:
    run(world, **PURCHASE | {"InstanceCount": 1})
    call(world, "StopInstances", {"InstanceIds": [shown(world)["InstanceId"]]})
    empty = {name for name, value in shown(world).items() if value is None}
    assert empty == {
        "RenewFlag",  # what is paid for by the hour has no end
        "ExpiredTime",
        "LatestOperationRequestId",  # of a request that came without an id
        "GPUInfo",
        "Metadata",
        "CpuTopology",
        "PartitionNumber",
    }
