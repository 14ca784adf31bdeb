"""Requests that clients send and that mean what a plainer request means."""

import json
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest
from pydantic import ValidationError
from support.api import call, refusal
from support.world import World

from gateway.api import parameters
from gateway.api.errors import ApiError
from gateway.api.registry import ACTIONS
from gateway.api.shapes import SCALARS

EXAMPLES = "services/{}/v{}/examples.json"


def wrong(read: Callable[[dict[str, Any]], object], given: dict[str, Any]) -> set[tuple[Any, ...]]:
    """What is wrong with a request, by place and kind."""
    try:
        read(given)
    except ValidationError as error:
        return {(*one["loc"], one["type"]) for one in error.errors()}
    return set()


@pytest.mark.parametrize("name", ACTIONS)
def test_null_is_as_absent_for_every_optional_parameter(name: str) -> None:
    action = ACTIONS[name]
    optional = [one for one, field in action.model_fields.items() if not field.is_required()]
    assert wrong(action.model_validate, dict.fromkeys(optional)) == wrong(action.model_validate, {})


@pytest.mark.parametrize("name", ACTIONS)
def test_an_empty_object_is_as_absent_for_every_optional_parameter(name: str) -> None:
    action = ACTIONS[name]
    empty: dict[str, Any] = {
        one: {}
        for one, field in action.declared.service.fields(f"{name}Request").items()
        if field.kind not in SCALARS and not field.is_list
        if not action.model_fields[one].is_required()
    }
    assert wrong(action.model_validate, empty) == wrong(action.model_validate, {})


@pytest.mark.parametrize("name", ACTIONS)
def test_a_whole_number_may_be_a_string(name: str) -> None:
    action = ACTIONS[name]
    numbers = [
        one
        for one, field in action.declared.service.fields(f"{name}Request").items()
        if field.kind == "integer" and not field.is_list
    ]
    as_text, as_numbers = dict.fromkeys(numbers, "300"), dict.fromkeys(numbers, 300)
    assert wrong(action.model_validate, as_text) == wrong(action.model_validate, as_numbers)


@pytest.mark.parametrize(
    ("action", "lenient", "plain"),
    [
        ("DescribeInstances", {"Limit": None, "Filters": None, "InstanceIds": None}, {}),
        ("DescribeInstances", {"Offset": "0", "Limit": "5"}, {"Limit": 5}),
        ("DescribeInstances", {"Limit": "101"}, {"Limit": 101}),
        ("RunInstances", {"DryRun": True, "VirtualPrivateCloud": {}}, {"DryRun": True}),
        ("RunInstances", {"DryRun": True, "Metadata": None}, {"DryRun": True}),
        ("RunInstances", {"DryRun": True, "NetworkInterfaces": []}, {"DryRun": True}),
        ("RunInstances", {"DryRun": True, "InstanceChargePrepaid": {}}, {"DryRun": True}),
        (
            "RunInstances",
            {"DryRun": True, "SystemDisk": {"DiskSize": "50", "DiskType": None}},
            {"DryRun": True},
        ),
        ("DescribeTaskResult", {"TaskId": "107"}, {"TaskId": 107}),
        (
            "GetMonitorData",
            {"Namespace": "QCE/CVM", "MetricName": "x", "Instances": [], "Period": "60"},
            {"Namespace": "QCE/CVM", "MetricName": "x", "Instances": [], "Period": 60},
        ),
    ],
)
def test_it_is_answered_alike(
    world: World, action: str, lenient: dict[str, Any], plain: dict[str, Any]
) -> None:
    assert outcome(world, action, lenient) == outcome(world, action, plain)


def outcome(world: World, action: str, given: dict[str, Any]) -> object:
    """The answer, or the code and the message of the refusal."""
    try:
        return call(world, action, given)
    except ApiError as refused:
        return refused.code, refused.message


def test_user_data_may_be_wrapped_as_the_command_base64_wraps_it(world: World) -> None:
    wrapped = "IyEvYmluL3NoCmVj\r\naG8gaGVsbG8K\n"
    call(world, "RunInstances", {"UserData": wrapped})
    assert refusal(world, "RunInstances", {"UserData": "IyEvYmluL3N\to"}).code == (
        "InvalidParameterValue.InvalidUserDataFormat"
    )


def test_null_where_a_value_is_needed_is_told_in_words_of_json(world: World) -> None:
    filters = {"Filters": [{"Name": "zone", "Values": None}]}
    refused = refusal(world, "DescribeInstances", filters)
    assert refused.code == "InvalidParameter"
    assert refused.message == "Filters.0.Values: it must be an array"


def examples() -> Iterator[Any]:
    """The requests in the examples that the cloud's own command comes with."""
    for name, action in ACTIONS.items():
        service = action.declared.service
        path = EXAMPLES.format(service.name, service.version.replace("-", ""))
        found = json.loads((files("tccli") / path).read_text())["actions"].get(name, [])
        for number, one in enumerate(found):
            if one["input"].endswith("{}") and name == "ModifyBandwidthPackageAttribute":
                continue  # the example of a call that changes nothing names nothing
            yield pytest.param(name, one["input"], id=f"{name}-{number}")


@pytest.mark.parametrize(("name", "example"), list(examples()))
def test_the_names_and_types_of_the_clouds_examples_are_right(name: str, example: str) -> None:
    action = ACTIONS[name]
    read: Callable[[dict[str, Any]], object]
    if example.startswith("POST"):
        read, given = action.model_validate, json.loads(example[example.index("{") :])
    else:
        words = "".join(example.partition("?")[2].split()).split("&")
        flat = dict(one.split("=", 1) for one in words if "=" in one)
        del flat["Action"]
        read, given = action.from_text, parameters.nested(flat)
    assert {fault[-1] for fault in wrong(read, given)} <= {"value_error", "enum"}
