"""Parameters as text, put together and read by the models of the actions."""

import pytest
from pydantic import ValidationError

from gateway.api.cvm.instances import DescribeInstances
from gateway.api.cvm.purchase import RunInstances
from gateway.api.errors import ApiError
from gateway.api.parameters import COUNT_MAX, DEPTH_MAX, form, nested
from gateway.api.vpc.addresses import AllocateAddresses


@pytest.mark.parametrize(
    ("flat", "expected"),
    [
        ({}, {}),
        ({"Limit": "20"}, {"Limit": "20"}),
        ({"Ids.0": "a", "Ids.1": "b"}, {"Ids": ["a", "b"]}),
        ({"Ids.1": "b", "Ids.0": "a"}, {"Ids": ["a", "b"]}),
        ({f"Ids.{n}": str(n) for n in range(11)}, {"Ids": [str(n) for n in range(11)]}),
        ({"Place.Zone": "z", "Place.Id": ""}, {"Place": {"Zone": "z", "Id": ""}}),
        (
            {"Filters.0.Name": "zone", "Filters.0.Values.0": "x", "Filters.1.Name": "y"},
            {"Filters": [{"Name": "zone", "Values": ["x"]}, {"Name": "y"}]},
        ),
        ({"7": "x"}, {"7": "x"}),
        ({".": "x"}, {"": {"": "x"}}),
    ],
)
def test_dots_are_levels_and_numbers_are_positions(
    flat: dict[str, str], expected: dict[str, object]
) -> None:
    assert nested(flat) == expected


@pytest.mark.parametrize(
    "flat",
    [
        {"Ids.1": "a"},
        {"Ids.0": "a", "Ids.2": "b"},
        {"Ids.00": "a"},
        {"Ids.0": "a", "Ids.x": "b"},
        {"Ids.٣": "a"},
        {"A": "1", "A.B": "2"},
        {"A.B": "2", "A": "1"},
        {"A.B.C": "2", "A.B": "1"},
        {".".join("a" * (DEPTH_MAX + 1)): "x"},
        {"A" * 500 + ".1": "x"},
    ],
)
def test_what_can_not_be_put_together_is_refused(flat: dict[str, str]) -> None:
    with pytest.raises(ApiError) as refused:
        nested(flat)
    assert refused.value.code == "InvalidParameter"
    assert len(refused.value.message) < 200


def test_as_many_levels_as_there_may_be() -> None:
    assert nested({".".join("a" * DEPTH_MAX): "x"})


def test_a_form_is_decoded() -> None:
    assert form(b"") == {}
    assert form(b"A=1&B=&C=a%20b+c%2B&D=%E5%89%8D") == {"A": "1", "B": "", "C": "a b c+", "D": "前"}


def test_a_form_of_the_largest_size() -> None:
    assert len(form(b"&".join(b"a%d=" % n for n in range(COUNT_MAX)))) == COUNT_MAX


@pytest.mark.parametrize(
    "text",
    [
        b"A",
        b"A=1&",
        b"A=1&A=2",
        b"A=1&%41=2",
        b"A=%ff",
        b"A=\xff",
        b"{}",
        b"&".join(b"a%d=" % n for n in range(COUNT_MAX + 1)),
    ],
)
def test_what_is_no_form_is_refused(text: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        form(text)
    assert refused.value.code == "InvalidParameter"


def test_the_models_say_what_a_text_means() -> None:
    request = RunInstances.from_text(
        {
            "InstanceName": "7",
            "InstanceCount": "1",
            "DryRun": "False",
            "InternetAccessible": {"InternetMaxBandwidthOut": "10", "PublicIpAssigned": "TRUE"},
            "Placement": {"Zone": "ap-guangzhou-3"},
        }
    )
    assert request.InstanceName == "7"
    assert request.InternetAccessible.InternetMaxBandwidthOut == 10
    assert request.DryRun is False
    ids = ["ins-12345678", "ins-abcdefgh"]
    listed = DescribeInstances.from_text({"InstanceIds": ids, "Limit": "100"})
    assert (listed.InstanceIds, listed.Limit) == (tuple(ids), 100)


@pytest.mark.parametrize("text", ["", "ten", "1.0", "1e1", " 1", "٣", "9" * 19, "0x1", "true"])
def test_a_text_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        AllocateAddresses.from_text({"InternetMaxBandwidthOut": text})


@pytest.mark.parametrize("text", ["", "1", "yes", "falsch"])
def test_a_text_that_is_no_flag_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        RunInstances.from_text({"DryRun": text})


def test_in_json_a_text_is_no_flag() -> None:
    with pytest.raises(ValidationError):
        RunInstances.model_validate({"DryRun": "false"})
