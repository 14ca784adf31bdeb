"""Each action: what it does, and how a wrong request is answered."""

from typing import Any

import pytest
from support.api import call, refusal
from support.world import World

from gateway.api.registry import ACTIONS
from gateway.control.values import InstanceState

WITH_BANDWIDTH = {"InternetAccessible": {"InternetMaxBandwidthOut": 10}}


def run(world: World, **parameters: object) -> str:
    """Run an instance with bandwidth; its id."""
    (instance_id,) = call(world, "RunInstances", WITH_BANDWIDTH | parameters)["InstanceIdSet"]
    return str(instance_id)


def allocate(world: World) -> str:
    """Allocate an EIP; its id."""
    (eip_id,) = call(world, "AllocateAddresses", {})["AddressSet"]
    return str(eip_id)


def instance(world: World, instance_id: str) -> dict[str, Any]:
    """What DescribeInstances says of it."""
    answer = call(world, "DescribeInstances", {"InstanceIds": [instance_id]})
    (shown,) = answer["InstanceSet"]
    assert isinstance(shown, dict)
    return shown


def address(world: World, eip_id: str) -> dict[str, Any]:
    """What DescribeAddresses says of it."""
    answer = call(world, "DescribeAddresses", {"AddressIds": [eip_id]})
    (shown,) = answer["AddressSet"]
    assert isinstance(shown, dict)
    return shown


def test_run_instances_answers_with_the_id_of_a_running_instance(world: World) -> None:
    instance_id = run(world, InstanceName="web")
    shown = instance(world, instance_id)
    assert shown["InstanceState"] == "RUNNING"
    assert shown["InstanceName"] == "web"
    assert shown["PublicIpAddresses"] == ["203.0.113.1"]
    assert shown["PrivateIpAddresses"] == ["10.0.0.2"]


def test_run_instances_without_parameters_buys_no_bandwidth(world: World) -> None:
    (instance_id,) = call(world, "RunInstances", {})["InstanceIdSet"]
    shown = instance(world, instance_id)
    assert shown["PublicIpAddresses"] is None
    internet = shown["InternetAccessible"]
    assert internet["InternetChargeType"] == "TRAFFIC_POSTPAID_BY_HOUR"
    assert internet["InternetMaxBandwidthOut"] == 0


@pytest.mark.parametrize(
    ("actions", "state"),
    [
        (["StopInstances"], "STOPPED"),
        (["StopInstances", "StartInstances"], "RUNNING"),
        (["RebootInstances"], "RUNNING"),
    ],
    ids=["stop", "start", "reboot"],
)
def test_an_action_on_instances_answers_with_nothing_and_is_done(
    world: World, actions: list[str], state: str
) -> None:
    ids = [run(world), run(world)]
    for action in actions:
        assert call(world, action, {"InstanceIds": ids}) == {}
    assert [instance(world, instance_id)["InstanceState"] for instance_id in ids] == [state] * 2


def test_terminate_instances_ends_them(world: World) -> None:
    ids = [run(world), run(world)]
    assert call(world, "TerminateInstances", {"InstanceIds": ids}) == {}
    assert call(world, "DescribeInstances", {}) == {"TotalCount": 0, "InstanceSet": []}


def test_an_eip_is_allocated_bound_rebound_unbound_and_released(world: World) -> None:
    web, database, eip_id = run(world), run(world), allocate(world)
    assert address(world, eip_id)["AddressStatus"] == "UNBIND"
    for instance_id in (web, database):
        request = {"AddressId": eip_id, "InstanceId": instance_id}
        assert call(world, "AssociateAddress", request).keys() == {"TaskId"}
        assert address(world, eip_id)["InstanceId"] == instance_id
        shown = instance(world, instance_id)
        assert shown["PublicIpAddresses"] == [address(world, eip_id)["AddressIp"]]
    assert "TaskId" in call(world, "DisassociateAddress", {"AddressId": eip_id})
    assert address(world, eip_id)["AddressStatus"] == "UNBIND"
    assert "TaskId" in call(world, "ReleaseAddresses", {"AddressIds": [eip_id]})
    assert call(world, "DescribeAddresses", {}) == {"TotalCount": 0, "AddressSet": []}


def test_allocate_addresses_takes_name_bandwidth_and_charge_type(world: World) -> None:
    request = {
        "AddressName": "front",
        "InternetMaxBandwidthOut": 2000,
        "InternetChargeType": "BANDWIDTH_PACKAGE",
    }
    assert refusal(world, "AllocateAddresses", request).code == "MissingParameter"
    request["BandwidthPackageId"] = call(world, "CreateBandwidthPackage", {})["BandwidthPackageId"]
    (eip_id,) = call(world, "AllocateAddresses", request)["AddressSet"]
    shown = address(world, eip_id)
    assert shown["AddressName"] == "front"
    assert shown["Bandwidth"] == 2000
    assert shown["InternetChargeType"] == "BANDWIDTH_PACKAGE"


def test_describe_lists_all_some_or_none_in_the_order_they_were_made(world: World) -> None:
    ids = [run(world) for _ in range(3)]

    def described(**parameters: object) -> list[str]:
        answer = call(world, "DescribeInstances", parameters)
        assert answer["TotalCount"] == len(answer["InstanceSet"])
        return [shown["InstanceId"] for shown in answer["InstanceSet"]]

    assert described() == ids
    assert described(InstanceIds=[]) == ids
    assert described(InstanceIds=[ids[2], ids[0]]) == [ids[0], ids[2]]
    assert described(InstanceIds=["ins-nowhere0"]) == []


def test_ordinary_ips_are_not_among_the_addresses(world: World) -> None:
    run(world)
    assert call(world, "DescribeAddresses", {})["TotalCount"] == 0


@pytest.mark.parametrize("action", ACTIONS)
def test_an_unknown_parameter_is_told_from_a_wrong_one(world: World, action: str) -> None:
    good: dict[str, Any] = {
        name: ("x" if field.annotation is str else ["x"])
        for name, field in ACTIONS[action].model_fields.items()
        if field.is_required()
    }
    refused = refusal(world, action, good | {"Colour": "blue"})
    assert refused.code == "UnknownParameter"
    assert "Colour" in refused.message


@pytest.mark.parametrize(
    ("action", "missing"),
    [
        (name, field_name)
        for name, action in ACTIONS.items()
        for field_name, field in action.model_fields.items()
        if field.is_required()
    ],
)
def test_a_missing_parameter_is_named(world: World, action: str, missing: str) -> None:
    others: dict[str, Any] = {name: "x" for name in ACTIONS[action].model_fields if name != missing}
    refused = refusal(world, action, others)
    assert refused.code == "MissingParameter"
    assert missing in refused.message


@pytest.mark.parametrize(
    "action", ["", "runInstances", "RunInstance", "__init__", "Run\nInstances"]
)
def test_an_unknown_action_is_refused(world: World, action: str) -> None:
    assert refusal(world, action, {}).code == "InvalidAction"


def internet(**values: object) -> dict[str, Any]:
    """A request to run an instance with this access to the internet."""
    return {"InternetAccessible": values}


@pytest.mark.parametrize(
    ("action", "parameters", "code", "named"),
    [
        ("RunInstances", {"InstanceName": 7}, "InvalidParameter", "InstanceName"),
        ("RunInstances", {"InstanceName": "\ud800"}, "InvalidParameter", "InstanceName"),
        ("RunInstances", {"InstanceName": "x" * 129}, "InvalidInstanceName.TooLong", "name"),
        ("RunInstances", {"InternetAccessible": 10}, "InvalidParameter", "InternetAccessible"),
        (
            "RunInstances",
            internet(InternetMaxBandwidthOut="ten"),
            "InvalidParameter",
            "InternetAccessible.InternetMaxBandwidthOut",
        ),
        ("RunInstances", internet(InternetMaxBandwidthOut=1.5), "InvalidParameter", "Out"),
        ("RunInstances", internet(InternetMaxBandwidthOut=True), "InvalidParameter", "Out"),
        ("RunInstances", internet(InternetMaxBandwidthOut=-1), "InvalidParameterValue.Range", "-1"),
        (
            "RunInstances",
            internet(InternetMaxBandwidthOut=101),
            "InvalidParameterValue.Range",
            "101",
        ),
        (
            "RunInstances",
            internet(InternetMaxBandwidthOut=10**40),
            "InvalidParameter",
            "64 bits",
        ),
        ("RunInstances", internet(InternetChargeType="FREE"), "InvalidParameterValue", "Type"),
        ("RunInstances", internet(InternetChargeType=1), "InvalidParameterValue", "Type"),
        ("RunInstances", internet(Colour="blue"), "UnknownParameter", "InternetAccessible.Colour"),
        (
            "RunInstances",
            internet(InternetChargeType="BANDWIDTH_PREPAID_BY_MONTH"),
            "InvalidParameterValue",
            "BANDWIDTH_PREPAID_BY_MONTH",
        ),
        (
            "AllocateAddresses",
            {"InternetMaxBandwidthOut": 0},
            "InvalidParameterValue.BandwidthTooSmall",
            "0 Mbps",
        ),
        ("AllocateAddresses", {"AddressName": ["x"]}, "InvalidParameter", "AddressName"),
        (
            "AllocateAddresses",
            {"InternetChargeType": "BANDWIDTH_PREPAID"},
            "InvalidParameterValue",
            "BANDWIDTH_PREPAID",
        ),
        ("StopInstances", {"InstanceIds": "ins-1"}, "InvalidParameter", "InstanceIds"),
        ("StopInstances", {"InstanceIds": {"0": "ins-1"}}, "InvalidParameter", "InstanceIds"),
        ("StopInstances", {"InstanceIds": [7]}, "InvalidParameter", "InstanceIds.0"),
        ("StopInstances", {"InstanceIds": []}, "InvalidParameterValue", "InstanceIds"),
        ("ReleaseAddresses", {"AddressIds": []}, "InvalidParameterValue", "AddressIds"),
        ("AssociateAddress", {"AddressId": 1, "InstanceId": "i"}, "InvalidParameter", "AddressId"),
    ],
)
def test_a_wrong_value_is_refused_and_named(
    world: World, action: str, parameters: dict[str, Any], code: str, named: str
) -> None:
    refused = refusal(world, action, parameters)
    assert refused.code == code
    assert named in refused.message


@pytest.mark.parametrize(
    ("action", "field"),
    [
        ("StopInstances", "InstanceIds"),
        ("DescribeInstances", "InstanceIds"),
        ("DescribeInstancesStatus", "InstanceIds"),
        ("ReleaseAddresses", "AddressIds"),
        ("DescribeAddresses", "AddressIds"),
        ("DescribeBandwidthPackages", "BandwidthPackageIds"),
        ("DescribeVpcs", "VpcIds"),
        ("DescribeSubnets", "SubnetIds"),
    ],
)
def test_more_than_a_hundred_ids_are_refused(world: World, action: str, field: str) -> None:
    prefixes = {"InstanceIds": "ins", "AddressIds": "eip", "BandwidthPackageIds": "bwp"}
    prefix = prefixes.get(field) or field.removesuffix("Ids").lower()
    refused = refusal(world, action, {field: [f"{prefix}-{n:08}" for n in range(101)]})
    assert refused.code in ("InvalidParameterValue.LimitExceeded", "InvalidParameterValue")
    assert field in refused.message


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    [
        ("StartInstances", {"InstanceIds": ["ins-nowhere0"]}, "InvalidInstanceId.NotFound"),
        ("ReleaseAddresses", {"AddressIds": ["eip-nowhere0"]}, "InvalidAddressId.NotFound"),
        ("DisassociateAddress", {"AddressId": "eip-nowhere0"}, "InvalidAddressId.NotFound"),
    ],
)
def test_an_unknown_id_is_refused_with_the_clouds_code(
    world: World, action: str, parameters: dict[str, Any], code: str
) -> None:
    assert refusal(world, action, parameters).code == code


def test_an_ordinary_ip_is_refused_with_the_clouds_code(world: World) -> None:
    ordinary = world.instance(run(world)).ordinary
    assert ordinary is not None
    refused = refusal(world, "ReleaseAddresses", {"AddressIds": [ordinary.address_id]})
    assert refused.code == "InvalidParameterValue.AddressTypeConflict"


def test_a_wrong_state_is_refused_with_the_code_of_that_state(world: World) -> None:
    instance_id = run(world)
    refused = refusal(world, "StartInstances", {"InstanceIds": [instance_id]})
    assert refused.code == "UnsupportedOperation.InstanceStateRunning"


def test_an_eip_in_the_wrong_status_is_refused_with_the_clouds_code(world: World) -> None:
    refused = refusal(world, "DisassociateAddress", {"AddressId": allocate(world)})
    assert refused.code == "UnsupportedOperation.AddressStatusNotPermit"


def test_an_empty_pool_is_refused_with_the_clouds_code(world: World) -> None:
    for _ in range(14):
        allocate(world)
    assert refusal(world, "AllocateAddresses", {}).code == "ResourceInsufficient"


def test_a_failing_world_is_an_internal_error_that_says_what_failed(world: World) -> None:
    world.faults.break_("append")
    refused = refusal(world, "AllocateAddresses", {})
    assert refused.code == "InternalError"
    assert "append failed" in refused.message


def test_a_failed_launch_is_listed_as_failed_and_why(world: World) -> None:
    world.faults.break_("connect")
    instance_id = run(world)
    (shown,) = call(world, "DescribeInstances", {})["InstanceSet"]
    assert shown["InstanceId"] == instance_id
    assert shown["InstanceState"] == InstanceState.LAUNCH_FAILED.value
    assert shown["LatestOperationState"] == "FAILED"
    assert shown["LatestOperationErrorMsg"] == "connect failed"
    assert shown["PublicIpAddresses"] is None


@pytest.mark.parametrize(
    ("action", "parameters", "guess"),
    [
        ("AllocateAddresses", {"AddresName": "x"}, "AddressName"),
        ("DescribeInstances", {"instanceIds": []}, "InstanceIds"),
        ("RunInstances", internet(InternetChargType="x"), "InternetChargeType"),
        ("DescribeAddresses", {"Filters": [{"Name": "x", "Value": ["x"]}]}, "Values"),
    ],
)
def test_a_name_that_is_nearly_right_is_guessed(
    world: World, action: str, parameters: dict[str, Any], guess: str
) -> None:
    refused = refusal(world, action, parameters)
    assert refused.code == "UnknownParameter"
    assert refused.message.endswith(f"did you mean {guess}?")


def test_what_is_wrong_is_told_in_the_clouds_order(world: World) -> None:
    names: dict[str, Any] = {"Colour": 1, "InternetMaxBandwidthOut": "x", "AddressIds": ["x"]}
    refused = [refusal(world, "ModifyAddressesBandwidth", names).code]
    names.pop("Colour")
    refused.append(refusal(world, "ModifyAddressesBandwidth", names | {"AddressIds": 1}).code)
    names["InternetMaxBandwidthOut"] = 5
    refused.append(refusal(world, "ModifyAddressesBandwidth", names).code)
    assert refused == [
        "UnknownParameter",
        "InvalidParameter",
        "InvalidParameterValue.AddressIdMalformed",
    ]
    assert refusal(world, "ModifyAddressesBandwidth", {"AddressIds": 1}).code == "MissingParameter"


def test_a_dry_run_buys_nothing_and_is_refused_as_a_real_one(world: World) -> None:
    before = world.records()
    assert call(world, "RunInstances", WITH_BANDWIDTH | {"DryRun": True}) == {"InstanceIdSet": []}
    assert world.records() == before
    request = {"DryRun": True, "InstanceName": "x" * 129}
    assert refusal(world, "RunInstances", request).code == "InvalidInstanceName.TooLong"


def test_an_attribute_that_stays_as_it_is_changes_nothing(world: World) -> None:
    eip_id = allocate(world)
    request = {"AddressId": eip_id, "EipDirectConnection": "false", "EipVisibleOnEni": False}
    before = world.records()
    assert call(world, "ModifyAddressAttribute", request) == {}
    assert world.records() == before
    nothing = refusal(world, "ModifyAddressAttribute", {"AddressId": eip_id})
    assert nothing.code == "MissingParameter"


@pytest.mark.parametrize("parameters", [{}, {"InstanceId": None}])
def test_what_to_exchange_must_be_said(world: World, parameters: dict[str, Any]) -> None:
    assert refusal(world, "AdjustPublicAddress", parameters).code == "MissingParameter"


def test_instances_are_made_of_the_image_there_is(world: World) -> None:
    (image,) = call(world, "DescribeImages", {"InstanceType": "S5.SMALL1"})["ImageSet"]
    assert instance(world, run(world))["ImageId"] == image["ImageId"]
    assert call(world, "DescribeImages", {"ImageIds": ["img-00000000"]})["TotalCount"] == 0
