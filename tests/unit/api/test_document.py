"""What is declared: the document has it all, and answers are what it says."""

from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from support.world import World

from gateway.api import document
from gateway.api.codes import EVERYWHERE
from gateway.api.registry import ACTIONS, call
from gateway.api.requests.fields import Request
from gateway.control import commands as cmd
from gateway.control.values import Behaviour

TEXT = (Path(__file__).parents[3] / "docs" / "api.md").read_text()


def assert_is(hint: Any, value: Any) -> None:
    """The value is of the JSON type that is declared, in all its depth."""
    if get_origin(hint) in (Union, UnionType):
        kinds = get_args(hint)
        assert value is not None or NoneType in kinds
        if value is not None:
            assert_is(next(kind for kind in kinds if kind is not NoneType), value)
    elif is_typeddict(hint):
        hints = get_type_hints(hint)
        assert value.keys() == hints.keys()
        for name, inner in hints.items():
            assert_is(inner, value[name])
    elif get_origin(hint) is list:
        assert isinstance(value, list)
        for one in value:
            assert_is(get_args(hint)[0], one)
    elif get_origin(hint) is dict:
        assert isinstance(value, dict)
    elif hint is not Any:
        assert type(value) is hint


@pytest.fixture
def ids(world: World) -> dict[str, Any]:
    """Requests that can be carried out, by the parameters that actions need."""
    world.execute(cmd.ConfigureAccount(Behaviour.STANDARD))
    instance_id, other_id = world.run(), world.run()
    eip_id = call(world.control, "AllocateAddresses", {"Tags": [{"Key": "a"}]})["AddressSet"][0]
    package_id = call(world.control, "CreateBandwidthPackage", {})["BandwidthPackageId"]
    stopped_id = world.run()
    call(world.control, "StopInstances", {"InstanceIds": [stopped_id]})
    return {
        "instance": instance_id,
        "other": other_id,
        "stopped": stopped_id,
        "address": world.public(other_id),
        "eip": eip_id,
        "package": package_id,
    }


def requests(ids: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """One for each action, in an order in which each can be carried out."""
    instances, eip = {"InstanceIds": [ids["instance"]]}, {"AddressId": ids["eip"]}
    package = {"BandwidthPackageId": ids["package"]}
    mbps = {"InternetMaxBandwidthOut": 6}
    members = package | {"ResourceIds": [ids["eip"]]}
    charge = {"InternetChargeType": "BANDWIDTH_POSTPAID_BY_HOUR", **mbps}
    return {
        "RunInstances": {},
        "StopInstances": instances,
        "StartInstances": instances,
        "RebootInstances": instances,
        "ResetInstancesInternetMaxBandwidth": instances | {"InternetAccessible": mbps},
        "ModifyInstancesAttribute": instances | {"InstanceName": "www"},
        "AllocateAddresses": {},
        "ModifyAddressesBandwidth": {"AddressIds": [ids["eip"]], **mbps},
        "ModifyAddressInternetChargeType": eip | charge,
        "ModifyAddressAttribute": eip | {"AddressName": "www"},
        "CreateBandwidthPackage": {},
        "AddBandwidthPackageResources": members,
        "ModifyBandwidthPackageBandwidth": package | {"InternetMaxBandwidth": 100},
        "ModifyBandwidthPackageAttribute": package | {"BandwidthPackageName": "www"},
        "DescribeBandwidthPackageResources": package,
        "DescribeTaskResult": {"TaskId": 1},
        "GetMonitorData": {
            "Namespace": "QCE/LB",
            "MetricName": "VipOuttraffic",
            "Instances": [{"Dimensions": [{"Name": "eip", "Value": ids["address"]}]}],
        },
        "DescribeBaseMetrics": {"Namespace": "QCE/LB"},
        **{
            name: {}
            for name, action in ACTIONS.items()
            if all(not field.is_required() for field in action.request.model_fields.values())
            and name.startswith(("Describe", "Get"))
            and name != "DescribeTaskResult"
        },
        "AdjustPublicAddress": eip,
        "ReturnNormalAddresses": {"AddressIps": [ids["address"]]},
        "AssociateAddress": eip | {"InstanceId": ids["other"]},
        "DisassociateAddress": eip,
        "RemoveBandwidthPackageResources": members,
        "ReleaseAddresses": {"AddressIds": [ids["eip"]]},
        "DeleteBandwidthPackage": package,
        "TransformAddress": {"InstanceId": ids["stopped"]},
        "TerminateInstances": instances,
    }


def test_every_action_answers_as_it_is_declared(world: World, ids: dict[str, Any]) -> None:
    asked = requests(ids)
    assert asked.keys() == ACTIONS.keys()
    for name, request in asked.items():
        answer = call(world.control, name, request, meter=world.meter)
        declared = get_type_hints(ACTIONS[name].run)["return"]
        if is_typeddict(declared):
            assert_is(declared, answer)
        else:
            assert answer == {}, name


def test_the_document_is_the_generated_one() -> None:
    assert document.markdown() == TEXT, "run python -m gateway.api.document > docs/api.md"


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_a_section_with_all_its_parameters(action: str) -> None:
    (section,) = [part for part in TEXT.split("\n### ") if part.startswith(f"{action}\n")]
    model: type[Request] = ACTIONS[action].request
    for name in model.model_fields:
        assert section.count(f"\n| `{name}` | ") == 1
    assert "\nAnswer: " in section


@pytest.mark.parametrize("code", EVERYWHERE)
def test_every_common_code_is_listed(code: str) -> None:
    assert TEXT.count(f"| `{code}` | ") == 1
