"""The shapes of requests and answers: they are the cloud's, and the actions keep to them."""

from datetime import datetime
from enum import Enum
from importlib import import_module
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from support.api import call, refusal
from support.world import World

from gateway.api import shapes
from gateway.api.answers import Whole
from gateway.api.fields import Refusal
from gateway.api.registry import ACTIONS, ALL_ACTIONS
from gateway.api.shapes import SCALARS, Field, Service, extract
from gateway.api.unused import Unused

MINE = {"string": (str,), "integer": (int,), "boolean": (bool,), "float": (float,)}


@pytest.mark.parametrize("name", shapes.CLOUD)
def test_the_files_are_what_the_clouds_own_command_knows(name: str) -> None:
    found = list(extract.differences(shapes.read(name), extract.extracted(name)))
    assert not found, "scripts/shapes takes these in, gateway/api says what becomes of them"


def test_each_difference_is_told() -> None:
    before = Service("cvm", "1", {"Gone": "A:string", "Tag": "Key!:string Old:integer"})
    after = Service("cvm", "1", {"Tag": "Key?:string[] New:Tag", "Zone": ""})
    assert list(extract.differences(before, after)) == [
        "cvm: Gone is gone",
        "cvm: Tag.Key: Key!:string → Key?:string[]",
        "cvm: Tag.New: nothing → New:Tag",
        "cvm: Tag.Old: Old:integer → nothing",
        "cvm: Zone is new",
    ]


@pytest.mark.parametrize("action", ACTIONS)
def test_the_clouds_sdk_has_every_field(action: str) -> None:
    service = ACTIONS[action].declared.service
    version = service.version.replace("-", "")
    models = import_module(f"tencentcloud.{service.name}.v{version}.models")
    for shape in (f"{action}Request", f"{action}Response"):
        known = {name.removeprefix("_") for name in vars(getattr(models, shape)())}
        assert service.fields(shape).keys() <= known


def test_all_shapes_consist_of_shapes() -> None:
    for name in (*shapes.CLOUD, shapes.OPERATOR):
        service = shapes.read(name)
        for shape in service.lines:
            fields = service.fields(shape)
            assert " ".join(map(str, fields.values())) == service.lines[shape]
            assert all(one.kind in SCALARS or one.kind in service for one in fields.values())


def plain(annotation: Any) -> tuple[Any, bool]:
    """The type in an annotation, and whether there is a list of it."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return plain(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return plain(next(one for one in get_args(annotation) if one is not NoneType))
    if origin is tuple:
        return plain(get_args(annotation)[0])[0], True
    return annotation, False


def assert_keeps_to(service: Service, shape: str, model: type[BaseModel]) -> None:
    fields = service.fields(shape)
    assert model.model_fields.keys() == fields.keys()
    for name, info in model.model_fields.items():
        if any(isinstance(mark, Unused | Refusal) for mark in info.metadata):
            continue
        kind, is_list = plain(info.annotation)
        assert is_list == fields[name].is_list, name
        if issubclass(kind, BaseModel):
            assert_keeps_to(service, fields[name].kind, kind)
        elif issubclass(kind, Enum | datetime) or (kind is int and name in ("Offset", "Limit")):
            pass  # of text; and two numbers that some actions want as text
        else:
            assert kind in MINE[fields[name].kind], name
    needed = {name for name, info in model.model_fields.items() if info.is_required()}
    assert {name for name, field in fields.items() if field.required} <= needed | defaulted(model)


def defaulted(model: type[BaseModel]) -> set[str]:
    """Parameters that the cloud needs and that have a default here."""
    return {name for name, info in model.model_fields.items() if not info.is_required()} & {
        "Value",  # of a tag
        "Zone",  # the only one
    }


@pytest.mark.parametrize("action", ALL_ACTIONS)
def test_a_request_keeps_to_its_shape(action: str) -> None:
    model = ALL_ACTIONS[action]
    assert_keeps_to(model.declared.service, f"{action}Request", model)


@pytest.mark.parametrize(
    ("parameters", "code", "told"),
    [
        ({"InstanceChargePrepaid": {"Period": "x"}}, "InvalidParameter", ": Period must be"),
        ({"InstanceChargePrepaid": {"Period": True}}, "InvalidParameter", "integer"),
        ({"EnhancedService": 7}, "InvalidParameter", "EnhancedService: it must be an object"),
        ({"InstanceMarketOptions": {"MarketType": "spot"}}, "MissingParameter", "SpotOptions"),
        ({"InstanceMarketOptions": {"SpotOption": 1}}, "UnknownParameter", "SpotOptions"),
        ({"DataDisks": {}}, "InvalidParameter", "DataDisks: it must be an array"),
        ({"DataDisks": [{"Size": 1}]}, "UnknownParameter", "0.Size"),
        ({"DataDisks": [{"DiskSise": 1}]}, "UnknownParameter", "DiskSize"),
        ({"DataDisks": [{}]}, "MissingParameter", "0.DiskSize"),
        ({"SecurityGroupIds": ["sg-12345678", 1]}, "InvalidParameter", "SecurityGroupIds.1"),
        ({"InternetAccessible": {"InternetServiceProvider": 1}}, "InvalidParameter", "string"),
        ({"InstanceNane": "web"}, "UnknownParameter", "InstanceName"),
        ({"SystemDisc": {}, "InstanceName": 7}, "UnknownParameter", "SystemDisk"),
        ({"NetworkInterfaces": [{}]}, "UnsupportedOperation", "NetworkInterfaces"),
    ],
)
def test_what_is_taken_and_what_is_ignored_is_checked(
    world: World, parameters: dict[str, Any], code: str, told: str
) -> None:
    refused = refusal(world, "RunInstances", parameters)
    assert (refused.code, told in refused.message) == (code, True), refused.message


def test_what_is_well_formed_is_ignored(world: World) -> None:
    disks = {"SystemDisk": {"DiskType": "CLOUD_SSD", "DiskSize": 50}, "DataDisks": []}
    call(world, "RunInstances", {**disks, "LoginSettings": None})
    as_text = {"SystemDisk": {"DiskSize": "50"}, "EnhancedService": {"MonitorService": {}}}
    call(world, "RunInstances", as_text, as_text=True)


def test_an_answer_has_every_field_and_no_other() -> None:
    service = Service(
        "x",
        "1",
        {
            "Answer": "Things:Thing[] One?:Thing Names:string[] Maybe?:string[]",
            "Thing": "Id:string Inner:Thing",
        },
    )
    whole = Whole(service, "Answer")
    thing = {"Id": "a", "Inner": {"Id": "b"}}
    assert whole.filled({"Things": [thing]}) == {
        "Things": [{"Id": "a", "Inner": {"Id": "b", "Inner": None}}],
        "One": None,
        "Names": [],
        "Maybe": None,
    }
    with pytest.raises(AssertionError, match="Colour"):
        whole.filled({"One": {"Colour": "red"}})


def test_a_field_is_told_as_it_is_written() -> None:
    assert str(Field("A", "string")) == "A:string"
    assert str(Field("A", "Tag", is_list=True, required=True, nullable=True)) == "A!?:Tag[]"
