"""The operator's actions on the table, the counters and the log: page by page, bounded."""

from typing import Any

import pytest
from support.observer import PRIVATE, PUBLIC, Seen, table
from support.world import World

from gateway.api import registry
from gateway.api.action import Context
from gateway.api.errors import ApiError
from gateway.api.operator import observation
from gateway.exchange.worker_page import Traffic
from gateway.nat.table import Mapping, Package, build
from gateway.store.records import Record


@pytest.fixture
def seen() -> Seen:
    return Seen()


def ask(seen: Seen, action: str, **parameters: Any) -> dict[str, Any]:
    return observation.observed(seen, action, parameters)


def test_a_table_is_read_page_by_page(seen: Seen) -> None:
    seen.published = table(7, [1, 3, 10, 63])
    first = ask(seen, "DescribeTable", Limit=10)
    assert (first["Generation"], first["NextSlot"]) == (7, 10)
    assert first["Pools"] == []
    assert first["MappingSet"][1] == {
        "Slot": 3,
        "PublicIp": "203.0.113.3",
        "PrivateIp": "10.0.0.3",
        "OutKbps": 0,
        "InKbps": 0,
        "Package": 0,
        "IsBlocked": True,
    }
    rest = ask(seen, "DescribeTable", FirstSlot=10, Limit=54, Generation=7)
    assert [one["Slot"] for one in rest["MappingSet"]] == [10, 63]
    assert rest["NextSlot"] is None


@pytest.mark.parametrize("first", [64, 65, 1 << 62])
def test_after_the_last_slot_there_is_nothing(seen: Seen, first: int) -> None:
    seen.published = table(7, [63])
    answer = ask(seen, "DescribeTable", FirstSlot=first)
    assert (answer["MappingSet"], answer["NextSlot"]) == ([], None)
    assert ask(seen, "DescribeCounters", FirstSlot=first)["NextSlot"] is None


def test_the_pages_of_a_table_are_of_one_generation(seen: Seen) -> None:
    seen.published = table(7, [1, 15])
    ask(seen, "DescribeTable", Limit=10)
    seen.published = table(8, [2, 21])
    page = ask(seen, "DescribeTable", FirstSlot=10, Limit=10, Generation=7)
    assert [one["Slot"] for one in page["MappingSet"]] == [15]
    ask(seen, "DescribeTable", Limit=10)  # another reader begins
    with pytest.raises(ApiError, match="generation 7") as refused:
        ask(seen, "DescribeTable", FirstSlot=20, Generation=7)
    assert refused.value.code == "ResourceNotFound"


def test_the_table_is_let_go_of_at_its_end(seen: Seen) -> None:
    ask(seen, "DescribeTable", Limit=63)
    assert seen.held is not None
    ask(seen, "DescribeTable", FirstSlot=63, Generation=1)
    assert seen.held is None


def test_a_difference_is_read_page_by_page_and_of_one_generation(seen: Seen) -> None:
    """Mappings by public address, and then packages."""
    seen.before = table(6, [1, 2])
    packages = [Package(number, 8 * number) for number in (1, 2, 3)]
    seen.published = build(7, 64, [Mapping(PUBLIC + 9, PRIVATE, 9, package=2)], packages)
    pages = [ask(seen, "DescribeTableDifference", Limit=2)]
    seen.published = table(8, [])
    while (first := pages[-1]["NextChange"]) is not None:
        pages.append(ask(seen, "DescribeTableDifference", FirstChange=first, Limit=2, Generation=7))
    assert [(page["Before"], page["Generation"]) for page in pages] == [(6, 7)] * 3
    assert seen.compared is None
    mappings = [one for page in pages for one in page["MappingChangeSet"]]
    sides = [
        [side and side["PublicIp"] for side in (one["Before"], one["After"])] for one in mappings
    ]
    assert sides == [["203.0.113.1", None], ["203.0.113.2", None], [None, "203.0.113.9"]]
    assert [page["PackageChangeSet"] for page in pages] == [
        [],
        [{"Before": None, "After": {"Package": 1, "Kbps": 8}}],
        [{"Before": None, "After": {"Package": n, "Kbps": 8 * n}} for n in (2, 3)],
    ]
    with pytest.raises(ApiError, match="generation 7 is replaced"):
        ask(seen, "DescribeTableDifference", FirstChange=2, Generation=7)


def test_counters_are_read_page_by_page(seen: Seen) -> None:
    seen.traffic = {5: Traffic(1, 100, 2, 200), 40: Traffic(3, 300, 0, 0)}
    first = ask(seen, "DescribeCounters", Limit=32)
    assert first["AddressSet"] == [
        {
            "PublicIp": "203.0.113.5",
            "PacketsIn": 1,
            "BytesIn": 100,
            "PacketsOut": 2,
            "BytesOut": 200,
        }
    ]
    assert first["ReasonSet"] == [{"Name": "translated", "Packets": 5}]
    assert (first["QueueSet"], first["NextSlot"]) == ([], 32)
    rest = ask(seen, "DescribeCounters", FirstSlot=32, Limit=32)
    assert [one["PublicIp"] for one in rest["AddressSet"]] == ["203.0.113.40"]
    assert rest["NextSlot"] is None


def events(count: int, size: int = 2) -> list[Record]:
    return [Record(n, 1.5, "told", f'{{"a": "{"x" * size}"}}') for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("asked", "sequences"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"After": 3}, [4, 5]),
        ({"After": 5}, []),
        ({"Last": 2}, [4, 5]),
        ({"Last": 99, "Limit": 1}, [1]),
        ({"Last": 0}, []),
        ({"After": (1 << 63) - 1}, []),
    ],
)
def test_events_are_read_after_one_of_them(
    seen: Seen, asked: dict[str, int], sequences: list[int]
) -> None:
    seen.log = events(5)
    answer = ask(seen, "DescribeEvents", **asked)
    assert [one["Sequence"] for one in answer["EventSet"]] == sequences
    assert answer["LastEvent"] == 5


def test_an_answer_with_events_has_a_bound(seen: Seen) -> None:
    seen.log = events(1200)
    assert len(ask(seen, "DescribeEvents")["EventSet"]) == observation.EVENTS_MAX
    seen.log = events(10, observation.BODIES_MAX // 4)
    assert len(ask(seen, "DescribeEvents")["EventSet"]) == 3
    seen.log = events(2, observation.BODIES_MAX * 2)
    assert [one["Sequence"] for one in ask(seen, "DescribeEvents")["EventSet"]] == [1]


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("DescribeTable", {"Limit": 10_001}),
        ("DescribeTable", {"FirstSlot": -1}),
        ("DescribeTableDifference", {"Limit": 10_001}),
        ("DescribeCounters", {"Limit": 0}),
        ("DescribeEvents", {"Limit": 1001}),
        ("DescribeEvents", {"After": 1 << 63}),
    ],
)
def test_a_page_that_is_too_large_is_refused(
    world: World, seen: Seen, action: str, parameters: dict[str, int]
) -> None:
    asked = Context(world.control, observer=seen)
    with pytest.raises(ApiError) as refused:
        registry.call(asked, action, parameters, among=registry.ALL_ACTIONS)
    assert refused.value.code.startswith("InvalidParameter")


def test_a_control_without_an_observer_says_so(world: World) -> None:
    with pytest.raises(ApiError, match="no observer") as refused:
        registry.call(Context(world.control), "DescribeTable", {}, among=registry.ALL_ACTIONS)
    assert refused.value.code == "InternalError"
