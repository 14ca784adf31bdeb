"""Slots: the lowest free one, apart from those under which packets may still be counted."""

from itertools import islice

import pytest
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.compile import Compiler
from gateway.control.state import slots as module
from gateway.control.state.slots import CAPACITY_MIN, Slots
from gateway.control.values import Behaviour

BEGIN, LATER = 1000.0, 1060.0


def lowest(slots: Slots, count: int = 3, withheld: str = "") -> list[int]:
    return list(islice(slots.free(LATER, withheld={withheld}), count))


def test_a_slot_belongs_to_an_address_until_it_is_released() -> None:
    slots = Slots(quarantine_s=60)
    assert lowest(slots) == [0, 1, 2]
    slots.assign("a", 0, BEGIN)
    slots.assign("b", 1, BEGIN)
    assert (dict(slots.of), lowest(slots)) == ({"a": 0, "b": 1}, [2, 3, 4])
    slots.release("a", BEGIN)
    assert (dict(slots.of), lowest(slots)) == ({"b": 1}, [0, 2, 3])


def test_a_slot_is_passed_over_while_its_former_address_is_withheld() -> None:
    slots = Slots(quarantine_s=60)
    for number, address in enumerate("abc"):
        slots.assign(address, number, BEGIN)
    slots.release("a", BEGIN)
    slots.release("b", BEGIN)
    assert lowest(slots, withheld="a") == [1, 3, 4]
    slots.assign("d", 0, LATER)
    slots.release("d", BEGIN)
    assert lowest(slots, withheld="a") == [0, 1, 3], "the last one to have it counts"


@pytest.mark.parametrize(
    ("now", "free"),
    [
        (BEGIN, [3, 4]),
        (LATER - 1, [3, 4]),
        (LATER, [0, 3]),
        (LATER + 1, [0, 1]),
        (BEGIN - 1, [0, 1]),
    ],
    ids=["at once", "in quarantine", "after it", "both after it", "the clock was set back"],
)
def test_a_slot_is_passed_over_in_its_quarantine(now: float, free: list[int]) -> None:
    slots = Slots(quarantine_s=60)
    for number, address in enumerate("abc"):
        slots.assign(address, number, BEGIN)
    slots.release("a", BEGIN)
    slots.release("b", BEGIN + 1)
    assert list(islice(slots.free(now), 2)) == free
    slots.assign("d", free[0], now)
    assert slots.of["d"] == free[0]


def test_a_clock_set_back_after_the_choice_of_a_slot_does_no_harm() -> None:
    slots = Slots(quarantine_s=60)
    slots.assign("a", 0, BEGIN)
    slots.release("a", BEGIN)
    assert lowest(slots) == [0, 1, 2]
    slots.assign("b", 0, LATER - 1)
    assert lowest(slots) == [1, 2, 3]


def test_slots_that_a_position_left_out_are_free() -> None:
    slots = Slots(quarantine_s=60)
    slots.assign("a", 5, BEGIN)
    assert lowest(slots, 7) == [0, 1, 2, 3, 4, 6, 7]
    slots.assign("b", 3, BEGIN)
    assert lowest(slots, 7) == [0, 1, 2, 4, 6, 7, 8]


@pytest.mark.parametrize(("address", "slot"), [("a", 7), ("b", 2), ("b", 1)])
def test_neither_an_address_nor_a_slot_is_assigned_twice(address: str, slot: int) -> None:
    slots = Slots(quarantine_s=60)
    slots.assign("a", 2, BEGIN)
    slots.assign("c", 1, BEGIN)
    with pytest.raises(AssertionError):
        slots.assign(address, slot, BEGIN)


@pytest.mark.parametrize(
    ("slot", "capacity"), [(0, 64), (63, 64), (64, 128), (127, 128), (128, 256), (70_000, 131_072)]
)
def test_the_capacity_has_room_for_every_slot_and_grows_by_doubling(
    slot: int, capacity: int
) -> None:
    slots = Slots(quarantine_s=60)
    assert slots.capacity == CAPACITY_MIN
    slots.assign("a", slot, BEGIN)
    assert slots.capacity == capacity
    slots.release("a", BEGIN)
    assert slots.capacity == capacity, "workers keep what they have counted"


def slot_of(story: Story, eip_id: str) -> int:
    return story.state.slots.of[story.eip(eip_id).address]


def test_the_event_that_assigns_an_address_has_its_slot() -> None:
    story = Story()
    _, assigned = story.do(cmd.RunInstance("web", 10, HOURLY))
    (allocated,) = story.do(cmd.AllocateEip("front", 5, HOURLY))
    assert isinstance(assigned, ev.OrdinaryIpAssigned)
    assert isinstance(allocated, ev.EipAllocated)
    assert (assigned.slot, allocated.slot) == (0, 1)
    assert dict(story.state.slots.of) == {assigned.address: 0, allocated.address: 1}


def test_addresses_of_one_call_have_slots_of_their_own() -> None:
    story = Story()
    events = story.do(cmd.AllocateEip("front", 5, HOURLY, count=4))
    assert [event.slot for event in events if isinstance(event, ev.EipAllocated)] == [0, 1, 2, 3]


def test_the_slot_of_an_address_in_quarantine_is_not_used_again() -> None:
    story = Story(quarantine_s=60)
    first, second = story.allocate(), story.allocate()
    story.do(cmd.ReleaseEip(first))
    assert slot_of(story, story.allocate()) == 2
    story.now += 60
    third = story.allocate()
    assert slot_of(story, third) == 0
    assert story.eip(third).address == "203.0.113.4", "another address than the one that had it"
    assert slot_of(story, second) == 1


def test_a_slot_that_a_table_may_still_have_is_not_used_again() -> None:
    story = Story(quarantine_s=0)
    first = story.allocate()
    story.given_back = {story.eip(first).address}
    story.do(cmd.ReleaseEip(first))
    assert slot_of(story, story.allocate()) == 1
    story.given_back = set()
    assert slot_of(story, story.allocate()) == 0


def test_an_address_that_becomes_an_eip_keeps_its_slot() -> None:
    story = Story()
    story.run()
    instance_id = story.run()
    before = dict(story.state.slots.of)
    story.do(cmd.TransformOrdinaryIp(instance_id))
    assert dict(story.state.slots.of) == before


def test_an_address_that_is_exchanged_leaves_its_slot() -> None:
    story = Story()
    story.do(cmd.ConfigureAccount(Behaviour.STANDARD))
    instance_id = story.run()
    before = story.ordinary(instance_id)
    story.do(cmd.ChangeOrdinaryIp(instance_id))
    after = story.ordinary(instance_id)
    assert after != before
    assert dict(story.state.slots.of) == {after: 1}


def test_there_are_no_more_addresses_than_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLOTS_MAX", 2)
    story = Story(quarantine_s=0)
    first, _ = story.allocate(), story.allocate()
    assert type(story.refusal(cmd.AllocateEip("x", 5, HOURLY))) is errors.PoolEmptyError
    story.do(cmd.ReleaseEip(first))
    story.allocate()


def test_addresses_of_several_pools_are_mapped_side_by_side() -> None:
    story = Story(pool=("203.0.113.0/31", "198.51.100.0/30"))
    instances = [story.run() for _ in range(4)]
    assert [story.ordinary(one) for one in instances] == [
        "203.0.113.0",
        "203.0.113.1",
        "198.51.100.1",
        "198.51.100.2",
    ]
    table = Compiler().compile(story.state)
    assert sorted(mapping.slot for mapping in table.mappings) == [0, 1, 2, 3]
    assert type(story.refusal(cmd.AllocateEip("x", 5, HOURLY))) is errors.PoolEmptyError


def test_a_table_grows_when_its_slots_are_used_up() -> None:
    story = Story(pool="203.0.113.0/24")
    compiler = Compiler()
    story.run()
    assert compiler.compile(story.state).slots == CAPACITY_MIN
    for _ in range(CAPACITY_MIN):
        story.run()
    grown = compiler.compile(story.state)
    assert grown.slots == 2 * CAPACITY_MIN
    assert grown == Compiler().compile(story.state)
    assert len(grown.mappings) == CAPACITY_MIN + 1


def test_slots_are_the_same_again_from_their_image() -> None:
    slots = Slots(quarantine_s=60)
    for number, address in ((4, "a"), (1, "b"), (2, "c")):
        slots.assign(address, number, BEGIN)
    slots.release("b", BEGIN)
    slots.release("a", BEGIN + 1)
    again = Slots(quarantine_s=60)
    again.restore(slots.image())
    assert vars(again) == vars(slots)
    assert lowest(again, withheld="b") == lowest(slots, withheld="b") == [0, 3, 5]
