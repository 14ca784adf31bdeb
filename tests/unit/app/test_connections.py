"""Which connection is next, which goes when there are too many, and that none is forgotten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.app.connections import Bounds, Connection, Connections, Share, Stage

OURS, OTHERS = "10.0.0.2", "10.0.0.3"
WAITING, READY, IDLE, BUSY, GONE = Stage
FEW, MANY = Share(2, 2, 1), Share(9, 9, 9)


class Server:
    """Connections by name: which were cut, and which are next."""

    def __init__(self, each: Share = FEW, together: Share = MANY) -> None:
        self.connections = Connections(Bounds(each, together))
        self.names: dict[Connection, str] = {}
        self.cut: list[str] = []

    def arrive(self, name: str, address: str = OURS) -> Connection | None:
        one = self.connections.arrive(address)
        if one:
            self.names[one] = name
            one.cut = lambda _: self.cut.append(name)
        return one

    def at(self, stage: Stage, name: str, address: str = OURS) -> Connection:
        one = self.arrive(name, address)
        assert one
        one.move(stage)
        return one

    def next(self) -> str | None:
        one = self.connections.next()
        return self.names[one] if one else None


def test_the_oldest_that_waits_makes_room_for_a_newcomer() -> None:
    server = Server()
    for name in "abcd":
        server.arrive(name)
    assert server.cut == ["a", "b"]
    assert server.connections.count(WAITING, address=OURS) == 2


def test_an_address_makes_room_among_its_own() -> None:
    server = Server()
    server.arrive("other", OTHERS)
    for name in "abc":
        server.arrive(name)
    assert server.cut == ["a"]


def test_all_together_have_a_bound() -> None:
    server = Server(together=Share(3, 9, 9))
    for name, address in (("a", OURS), ("b", OTHERS), ("c", OURS), ("d", OTHERS)):
        server.arrive(name, address)
    assert server.cut == ["a"]
    assert server.connections.count(WAITING) == 3


def test_what_is_ready_makes_no_room() -> None:
    server = Server()
    server.at(READY, "a")
    server.at(READY, "b")
    assert server.arrive("c") is None
    assert server.arrive("d", OTHERS)
    assert server.cut == []


def test_addresses_take_turns_and_of_each_the_oldest_is_next() -> None:
    server = Server(each=MANY)
    for name in "abc":
        server.at(READY, name)
    server.at(READY, "x", OTHERS)
    assert [server.next() for _ in range(5)] == ["a", "x", "b", "c", None]


def test_what_is_ready_may_be_of_somebody_else() -> None:
    server = Server()
    ones = [server.arrive(name) for name in "ab"]
    for one, whom in zip(ones, (OURS, OTHERS), strict=True):
        assert one
        server.connections.admit(one, whom)
    assert server.connections.count(READY, address=OTHERS) == 1
    assert [server.next() for _ in range(3)] == ["a", "b", None]


def test_whoever_has_enough_that_is_ready_gets_no_more() -> None:
    server = Server()
    server.at(READY, "x", OTHERS)
    server.at(READY, "y", OTHERS)
    one = server.arrive("a")
    assert one
    server.connections.admit(one, OTHERS)
    assert server.cut == ["a"]
    assert server.connections.addresses() == [OTHERS]


def test_an_address_has_its_share_of_what_is_answered_at_once() -> None:
    server = Server()
    for name in "ab":
        server.at(READY, name)
    assert server.next() == "a"
    assert server.next() is None
    server.at(READY, "x", OTHERS)
    assert server.next() == "x"


def test_all_together_have_a_bound_of_what_is_answered_at_once() -> None:
    server = Server(together=Share(9, 9, 1))
    first = server.at(READY, "a")
    server.at(READY, "x", OTHERS)
    assert server.next() == "a"
    assert server.next() is None
    first.move(IDLE)
    assert server.next() == "x"


def test_room_is_told_of() -> None:
    told: list[None] = []
    connections = Connections(Bounds(FEW, MANY), lambda: told.append(None))
    one = connections.arrive(OURS)
    assert one
    one.move(READY)
    assert connections.next() is one
    assert len(told) == 1
    one.move(GONE)
    assert len(told) == 2


def test_the_longest_idle_makes_room_for_another() -> None:
    server = Server()
    first = server.at(IDLE, "a")
    server.at(IDLE, "b")
    first.move(BUSY)
    first.move(IDLE)
    server.at(IDLE, "c")
    assert server.cut == ["b"]


def test_whoever_is_gone_stays_so_and_leaves_nothing() -> None:
    server = Server()
    ones = [server.at(WAITING, "a"), server.at(IDLE, "b"), server.at(READY, "c", OTHERS)]
    for one in ones:
        for stage in (GONE, GONE, IDLE):
            one.move(stage)
        assert one.stage is GONE
    assert server.connections.addresses() == []
    assert server.next() is None


def test_some_or_all_of_an_address_can_be_cut_at_once() -> None:
    server = Server(each=MANY)
    for name in "abc":
        server.arrive(name)
    server.connections.cut_waiting(2)
    assert server.cut == ["a", "b"]
    server.at(BUSY, "d")
    server.arrive("x", OTHERS)
    server.connections.cut_all(OURS)
    server.connections.cut_all("10.9.9.9")
    assert server.cut == ["a", "b", "c", "d"]


STEPS = st.lists(
    st.tuples(st.sampled_from(("arrive", "next", "admit", *Stage)), st.integers(0, 30))
)


@given(STEPS)
def test_whatever_comes_the_bounds_hold_and_the_sums_are_right(
    steps: list[tuple[str | Stage, int]],
) -> None:
    server = Server(each=Share(2, 3, 1), together=Share(5, 5, 2))
    for step, number in steps:
        ones = list(server.names)
        if step == "arrive" or not ones:
            server.arrive("x", f"10.0.0.{number % 3}")
        elif step == "next":
            server.next()
        elif step == "admit":
            one = ones[number % len(ones)]
            if one.stage is WAITING:
                server.connections.admit(one, f"10.0.0.{number % 3}")
        elif isinstance(step, Stage) and step is not WAITING:
            ones[number % len(ones)].move(step)
        for address in (f"10.0.0.{n}" for n in range(3)):
            stages = [one.stage for one in server.names if one.address == address]
            for stage in (WAITING, READY, IDLE, BUSY):
                assert server.connections.count(stage, address=address) == stages.count(stage)
            assert server.connections.count(IDLE, address=address) <= 3
        assert server.connections.count(IDLE) <= 5
        assert server.connections.count() == 0


@pytest.mark.parametrize("number", [1, 100_000])
def test_a_newcomer_finds_a_place_however_many_there_are(number: int) -> None:
    server = Server(each=Share(number, 1, 1), together=Share(10 * number, 1, 1))
    for _ in range(2 * number):
        assert server.connections.arrive(OURS)
    assert server.connections.count(WAITING) == number


def test_fewer_descriptors_make_smaller_bounds() -> None:
    bounds = Bounds(Share(20, 4, 2), Share(200, 40, 10))
    assert bounds.descriptors == 250
    assert bounds.within(1000) == bounds
    assert bounds.within(150).descriptors == 150
    assert bounds.within(0).together.waiting == 10


def test_with_fewer_descriptors_nobody_may_have_all() -> None:
    whole = Share(200, 4, 2)
    assert Bounds(whole, whole).within(106).each == Share(75, 4, 2)
