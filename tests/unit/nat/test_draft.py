"""A draft against a model of it: what was put in and not taken away is in the finished table."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from support.tables import inbound, outbound

from gateway.nat.table import BadTableError, Draft, Mapping, Package, Table, build

SLOTS = 12
# Few, so that they clash; so many that indexes grow.
ADDRESS = st.integers(0, 20)
KBPS = st.integers(0, 3)
MAPPING = st.builds(
    Mapping, ADDRESS, ADDRESS, st.integers(0, SLOTS), KBPS, KBPS, st.integers(0, 3), st.booleans()
)
FIRST, SECOND = Mapping(1, 11, 0, 5, 6, 2), Mapping(2, 12, 1)
ALONE = FIRST._replace(package=0)


class Drafting(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.draft = Draft(SLOTS)
        self.mappings: dict[int, Mapping] = {}
        self.packages: dict[int, Package] = {}
        self.finished: list[tuple[Table, bytes]] = []

    def clashes(self, mapping: Mapping) -> bool:
        return (
            mapping.slot in self.mappings
            or mapping.slot >= SLOTS
            or mapping.package not in {0, *self.packages}
            or any(mapping.public == other.public for other in self.mappings.values())
            or any(mapping.private == other.private for other in self.mappings.values())
        )

    @rule(mapping=MAPPING)
    def put(self, mapping: Mapping) -> None:
        if self.clashes(mapping):
            before = self.draft.finish(1)
            with pytest.raises(BadTableError):
                self.draft.put(mapping)
            assert self.draft.finish(1) == before
        else:
            self.draft.put(mapping)
            self.mappings[mapping.slot] = mapping

    @rule(slot=st.integers(0, SLOTS - 1))
    def remove(self, slot: int) -> None:
        self.draft.remove(slot)
        self.mappings.pop(slot, None)

    @precondition(lambda self: self.mappings)
    @rule(data=st.data())
    def take_away(self, data: st.DataObject) -> None:
        self.remove(data.draw(st.sampled_from(sorted(self.mappings))))

    @rule(number=st.integers(0, 4), kbps=KBPS)
    def put_package(self, number: int, kbps: int) -> None:
        if number in {0, *self.packages}:
            with pytest.raises(BadTableError):
                self.draft.put_package(Package(number, kbps))
        else:
            self.draft.put_package(Package(number, kbps))
            self.packages[number] = Package(number, kbps)

    @rule(number=st.integers(0, 4), kbps=KBPS)
    def set_package(self, number: int, kbps: int) -> None:
        if number:
            self.draft.set_package(Package(number, kbps))
            self.packages[number] = Package(number, kbps)
        else:
            with pytest.raises(BadTableError):
                self.draft.set_package(Package(number, kbps))

    @rule(number=st.integers(0, 5))
    def remove_package(self, number: int) -> None:
        if any(mapping.package == number for mapping in self.mappings.values()) and number:
            with pytest.raises(BadTableError):
                self.draft.remove_package(number)
        else:
            self.draft.remove_package(number)
            self.packages.pop(number, None)

    @rule(generation=st.integers(0, 2**64 - 1))
    def finish(self, generation: int) -> None:
        table = self.draft.finish(generation)
        expected = build(generation, SLOTS, self.mappings.values(), self.packages.values())
        assert table == expected
        assert hash(table) == hash(expected)
        assert table.package_numbers == expected.package_numbers
        for address in range(21):
            assert inbound(table, address) == inbound(expected, address)
            assert outbound(table, address) == outbound(expected, address)
        self.finished.append((table, bytes(table.memory)))

    def teardown(self) -> None:
        self.finish(1)
        assert all(table.memory == before for table, before in self.finished)


TestDrafting = Drafting.TestCase
TestDrafting.settings = settings(max_examples=60, stateful_step_count=40)


@pytest.mark.parametrize(
    ("clash", "message"),
    [
        pytest.param(Mapping(1, 13, 2), "two mappings", id="public"),
        pytest.param(Mapping(3, 11, 2), "two mappings", id="private"),
        pytest.param(Mapping(3, 13, 0), "one slot", id="slot"),
        pytest.param(Mapping(3, 13, 2, package=1), "package", id="package"),
        pytest.param(Mapping(3, 13, 4), "outside", id="slot-outside"),
    ],
)
def test_a_clash_leaves_a_draft_as_it_was(clash: Mapping, message: str) -> None:
    draft = Draft(4)
    draft.put_package(Package(2, 7))
    draft.put(FIRST)
    draft.put(SECOND)
    for _ in range(3):
        with pytest.raises(BadTableError, match=message):
            draft.put(clash)
    assert draft.finish(1) == build(1, 4, [FIRST, SECOND], [Package(2, 7)])
    for address in (3, 13):
        assert inbound(draft.finish(1), address) is outbound(draft.finish(1), address) is None


def test_what_was_refused_can_be_put_when_the_clash_is_gone() -> None:
    draft = Draft(4)
    draft.put(SECOND)
    other = Mapping(SECOND.public, 13, 2)
    with pytest.raises(BadTableError):
        draft.put(other)
    draft.remove(SECOND.slot)
    draft.put(other)
    draft.put(Mapping(9, SECOND.private, SECOND.slot))
    assert draft.finish(1).mappings == (other, Mapping(9, 12, 1))


def test_to_remove_what_isnt_there_changes_nothing() -> None:
    draft = Draft(4)
    draft.put(SECOND)
    draft.remove(3)
    draft.remove(3)
    assert draft.finish(1) == build(1, 4, [SECOND])


@pytest.mark.parametrize("slot", [-1, 4, 1 << 40])
def test_to_remove_from_outside_is_refused(slot: int) -> None:
    with pytest.raises(BadTableError, match="outside the table's 4"):
        Draft(4).remove(slot)


def test_a_finished_table_stays_as_it_is() -> None:
    draft = Draft(4)
    draft.put(SECOND)
    table = draft.finish(1)
    before = bytes(table.memory)
    draft.remove(SECOND.slot)
    draft.put_package(Package(1, 5))
    draft.put(Mapping(8, 9, 1))
    assert bytes(table.memory) == before
    assert table.mappings == (SECOND,)


def test_another_history_of_the_same_content_is_an_equal_table() -> None:
    straight = build(1, 200, [Mapping(n, n, n) for n in range(0, 200, 7)])
    draft = Draft(200)
    for slot in reversed(range(200)):
        draft.put(Mapping(slot, slot, slot))
    for slot in range(200):
        if slot % 7:
            draft.remove(slot)
    around = draft.finish(1)
    assert around == straight
    assert hash(around) == hash(straight)
    assert around.memory != straight.memory, "its indexes stay as large as they once were"
    assert build(1, 200, around.mappings).memory == straight.memory


@pytest.mark.parametrize(
    "wide",
    [ALONE._replace(out_kbps=1 << 32), ALONE._replace(in_kbps=-1), ALONE._replace(public=1 << 32)],
    ids=["out", "in", "public"],
)
def test_a_number_that_fits_no_word_changes_nothing(wide: Mapping) -> None:
    draft = Draft(8)
    with pytest.raises(BadTableError, match="doesn't fit"):
        draft.put(wide)
    assert draft.finish(1).mappings == ()
    draft.put(ALONE)


def test_a_packages_rate_changes_without_its_members() -> None:
    draft = Draft(4)
    draft.set_package(Package(2, 7))
    draft.put(FIRST)
    draft.set_package(Package(2, 9))
    assert draft.finish(1) == build(1, 4, [FIRST], [Package(2, 9)])


def test_a_package_goes_when_its_last_member_has() -> None:
    draft = Draft(4)
    draft.put_package(Package(1, 5))
    draft.put_package(Package(2, 7))
    draft.put(FIRST)
    with pytest.raises(BadTableError, match="has members"):
        draft.remove_package(2)
    draft.remove(FIRST.slot)
    draft.remove_package(2)
    assert draft.finish(1).memory == build(1, 4, [], [Package(1, 5)]).memory
    draft.set_package(Package(2, 8))
    draft.put(FIRST)
    assert draft.finish(1).packages == (Package(1, 5), Package(2, 8))


def test_the_numbers_of_packages_end_with_the_highest() -> None:
    draft = Draft(4)
    for number in (1, 3, 4):
        draft.set_package(Package(number, 5))
    draft.remove_package(3)
    assert draft.finish(1).package_numbers == 4
    draft.remove_package(4)
    assert draft.finish(1).package_numbers == 1
    for absent in (-1, 0, 4, 1 << 20):
        draft.remove_package(absent)
    assert draft.finish(1).packages == (Package(1, 5),)


@pytest.mark.parametrize("kbps", [-1, 1 << 32])
def test_a_packages_rate_that_fits_no_word_changes_nothing(kbps: int) -> None:
    draft = Draft(4)
    draft.set_package(Package(1, 5))
    for number in (1, 9):
        with pytest.raises(BadTableError, match="doesn't fit"):
            draft.set_package(Package(number, kbps))
    assert draft.finish(1).packages == (Package(1, 5),)
    assert draft.finish(1).package_numbers == 1


INVERSE = pow(0x9E3779B9, -1, 1 << 32)  # so that addresses can be had for hashes


def colliding(count: int, apart: int = 1) -> list[int]:
    """Addresses whose hashes are so far apart: few first places are between them."""
    return [number * apart * INVERSE & 0xFFFFFFFF for number in range(count)]


def drafted(publics: list[int], privates: list[int]) -> Draft:
    draft = Draft(40 + len(publics))
    for slot, (public, private) in enumerate(zip(publics, privates, strict=True)):
        draft.put(Mapping(public, private, slot))
    return draft


@pytest.mark.parametrize("way", ["public", "private"])
def test_where_addresses_collide_indexes_grow_until_they_have_room(way: str) -> None:
    crowd, others = colliding(100, apart=1 << 16), list(range(100))
    ends = (crowd, others) if way == "public" else (others, crowd)
    table = drafted(*ends).finish(1)
    assert 8 < table.shape.bits <= 16
    for slot, (public, private) in enumerate(zip(*ends, strict=True)):
        there, back = inbound(table, public), outbound(table, private)
        assert there is not None
        assert back is not None
        assert there.slot == back.slot == slot


@pytest.mark.parametrize("way", ["public", "private"])
def test_addresses_made_to_collide_are_refused_with_indexes_of_a_bounded_size(way: str) -> None:
    crowd, others = colliding(33), list(range(1, 34))
    ends = (crowd, others) if way == "public" else (others, crowd)
    draft = drafted(*(addresses[:-1] for addresses in ends))
    before = draft.finish(1)
    for _ in range(2):
        with pytest.raises(BadTableError, match="too many of the addresses collide"):
            draft.put(Mapping(ends[0][-1], ends[1][-1], 32))
        with pytest.raises(BadTableError, match="too many of the addresses collide"):
            drafted(*ends)
    assert draft.finish(1) == before
    assert draft.finish(1).shape.bits <= 18


def test_more_slots_leave_what_is_there() -> None:
    draft = Draft(2)
    draft.set_package(Package(2, 7))
    draft.put(FIRST)
    draft.hold(1)
    draft.hold(200)
    draft.put(Mapping(3, 13, 199))
    assert draft.finish(1) == build(1, 200, [FIRST, Mapping(3, 13, 199)], [Package(2, 7)])
    with pytest.raises(BadTableError, match="more than 16777216 slots"):
        draft.hold((1 << 24) + 1)
