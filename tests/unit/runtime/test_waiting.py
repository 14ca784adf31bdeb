"""Looks in a bounded time, by a clock that only sleep moves."""

import pytest

from gateway.runtime.waiting import looks


class Clock:
    """A clock that goes on while somebody sleeps, and how long each sleep was."""

    def __init__(self) -> None:
        """It shows nothing."""
        self.now = 100.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Go on."""
        self.pauses.append(round(seconds, 6))
        self.now += seconds

    def time(self) -> float:
        """The time."""
        return self.now


@pytest.mark.parametrize(
    ("within_s", "every_s", "growth", "pauses"),
    [
        (1.0, 0.3, 1.0, [0.3, 0.3, 0.3, 0.1]),
        (1.0, 0.1, 2.0, [0.1, 0.2, 0.4, 0.3]),
        (0.0, 0.3, 1.0, []),
        (-1.0, 0.3, 1.0, []),
    ],
)
def test_the_last_look_is_when_the_time_is_over(
    within_s: float, every_s: float, growth: float, pauses: list[float]
) -> None:
    clock = Clock()
    found = [
        clock.now
        for _ in looks(within_s, every_s, growth=growth, sleep=clock.sleep, clock=clock.time)
    ]
    assert clock.pauses == pauses
    assert len(found) == len(pauses) + 1
    assert found[-1] == pytest.approx(100.0 + max(within_s, 0))


def test_a_loop_that_leaves_looks_no_more() -> None:
    clock = Clock()
    for _ in looks(1.0, 0.1, sleep=clock.sleep, clock=clock.time):
        break
    assert clock.pauses == []


def test_pauses_grow_up_to_a_bound() -> None:
    clock = Clock()
    for _ in looks(10.0, 1.0, growth=2.0, every_max_s=3.0, sleep=clock.sleep, clock=clock.time):
        pass
    assert clock.pauses == [1.0, 2.0, 3.0, 3.0, 1.0]
