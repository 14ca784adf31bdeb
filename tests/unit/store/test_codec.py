"""Values written as JSON and read again by their types: equal, in order, to the last bit."""

import json
from dataclasses import dataclass, field, make_dataclass
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.codec import codec


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Inner:
    name: str
    colour: Colour


@dataclass(frozen=True, slots=True)
class Outer:
    number: int
    share: float
    given: bool
    inner: Inner
    other: Inner | None
    word: str | None
    names: frozenset[str]
    inners: tuple[Inner, ...]
    pair: tuple[str, float]
    by_name: dict[str, Inner]
    words: dict[str, str]
    nested: dict[str, dict[str, str]]
    by_day: dict[int, int]
    by_pair: dict[tuple[str, str], Inner]


@dataclass(frozen=True, slots=True)
class Defaults:
    number: int = 1
    share: float = 0
    inner: Inner = Inner("a", Colour.RED)
    word: str | None = None


INNERS = st.builds(Inner, st.text(), st.sampled_from(Colour))
OUTERS = st.builds(
    Outer,
    number=st.integers(),
    share=st.floats(allow_nan=False),
    given=st.booleans(),
    inner=INNERS,
    other=st.none() | INNERS,
    word=st.none() | st.text(),
    names=st.frozensets(st.text()),
    inners=st.lists(INNERS).map(tuple),
    pair=st.tuples(st.text(), st.floats(allow_nan=False)),
    by_name=st.dictionaries(st.text(), INNERS),
    words=st.dictionaries(st.text(), st.text()),
    nested=st.dictionaries(st.text(), st.dictionaries(st.text(), st.text())),
    by_day=st.dictionaries(st.integers(), st.integers()),
    by_pair=st.dictionaries(st.tuples(st.text(), st.text()), INNERS),
)


def through_json(kind: Any, value: object) -> Any:
    one = codec(kind)
    return one.read(json.loads(json.dumps(one.write(value))))


@given(OUTERS)
def test_a_value_comes_back_equal_and_in_order(value: Outer) -> None:
    back = through_json(Outer, value)
    assert back == value
    for name in ("by_name", "words", "nested", "by_day", "by_pair"):
        assert list(getattr(back, name).items()) == list(getattr(value, name).items())


@given(st.builds(Defaults, st.integers(0, 1), st.sampled_from([0, 0.0, 1.0]), INNERS, st.none()))
def test_defaults_at_the_end_are_left_out(value: Defaults) -> None:
    back = through_json(Defaults, value)
    assert back == value
    assert type(back.share) is type(value.share)


def test_a_value_of_defaults_is_written_as_nothing_and_read_as_one() -> None:
    one = codec(Defaults)
    assert one.write(Defaults()) == []
    assert one.write(Defaults(2)) == [2]
    assert one.write(Defaults(share=0.0)) == [1, 0.0]
    assert one.read([]) is one.read([])
    assert one.read([]) == Defaults()


def test_writing_leaves_the_value_alone() -> None:
    value = {"a": {"b": "c"}}
    written = codec(dict[str, dict[str, str]]).write(value)
    written["a"]["b"] = "other"
    written["d"] = {}
    assert value == {"a": {"b": "c"}}


def test_a_set_is_written_in_one_way() -> None:
    assert codec(frozenset[str]).write(frozenset("cab")) == ["a", "b", "c"]


ANOTHER: dict[str, list[Any]] = {
    "another name": [("name", str), ("tint", Colour)],
    "another type": [("name", int), ("colour", Colour)],
    "another order": [("colour", Colour), ("name", str)],
    "one more": [("name", str), ("colour", Colour), ("size", int)],
    "one less": [("name", str)],
    "not always there": [("name", str | None), ("colour", Colour)],
    "many": [("name", tuple[str, ...]), ("colour", Colour)],
    "another default": [("name", str), ("colour", Colour, field(default=Colour.RED))],
    "another enum": [("name", str), ("colour", StrEnum("Colour", {"RED": "red"}))],
}


@pytest.mark.parametrize("fields", ANOTHER.values(), ids=ANOTHER.keys())
def test_another_type_has_another_shape_wherever_it_is(fields: list[Any]) -> None:
    other = make_dataclass("Inner", fields, frozen=True)
    assert codec(other).shape != codec(Inner).shape
    assert codec(dict[str, other]).shape != codec(dict[str, Inner]).shape  # type: ignore[valid-type]


def test_the_same_type_has_the_same_shape() -> None:
    assert codec(Outer).shape == codec(Outer).shape


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (Inner, ["a"]),
        (Inner, ["a", "red", 1]),
        (Inner, {"name": "a", "colour": "red"}),
        (Inner, None),
        (Colour, "green"),
        (Colour, []),
        (dict[str, Inner], [["a", ["b", "red"]]]),
        (dict[str, str], "a"),
        (dict[int, int], {"1": 1}),
        (dict[int, int], [[1]]),
        (tuple[Inner, ...], "ab"),
        (tuple[str, float], ["a", 1.0, 2.0]),
        (frozenset[str], "ab"),
    ],
    ids=str,
)
def test_what_has_another_structure_is_refused(kind: Any, found: object) -> None:
    with pytest.raises(ValueError, match=r"fields|where a|is no"):
        codec(kind).read(found)


@pytest.mark.parametrize("kind", [object, list[str], str | int, set[str], complex], ids=str)
def test_there_are_types_without_a_codec(kind: Any) -> None:
    with pytest.raises(TypeError, match="no codec for"):
        codec(kind)
