"""Blocked addresses open by themselves: in time, at a start if it is over, after a failure."""

import logging
from collections.abc import Iterator
from contextlib import closing

import pytest
from support.labs import eventually
from support.world import World

from gateway.app import timer
from gateway.app.timer import opening_in_time
from gateway.control import commands as cmd


@pytest.fixture
def world() -> Iterator[World]:
    """A lab whose only public address in use is blocked for a minute."""
    with closing(World()) as made:
        made.run()
        made.execute(cmd.BlockAddress("203.0.113.1", 60))
        yield made


def kinds(world: World) -> list[str]:
    return [record.kind for record in world.records()]


def is_open(world: World) -> bool:
    with world.control.state() as state:
        return not state.blocked


def test_it_opens_when_its_time_has_come_and_not_before(world: World) -> None:
    with opening_in_time(world.control):
        world.now += 59.9
        with pytest.raises(AssertionError, match="not within"):
            eventually(lambda: is_open(world), within_s=0.2)
        world.now += 0.1
        eventually(lambda: is_open(world))
    world.assert_settled()
    assert kinds(world).count("AddressOpened") == 1


def test_what_is_blocked_later_opens_too(world: World) -> None:
    with opening_in_time(world.control):
        world.now += 60
        eventually(lambda: is_open(world))
        world.execute(cmd.BlockAddress("203.0.113.1", 60))
        world.now += 60
        eventually(lambda: is_open(world))


def test_what_was_due_while_control_was_down_opens_at_its_start(world: World) -> None:
    world.now += 3600
    world.restart()
    with opening_in_time(world.control):
        eventually(lambda: is_open(world))
    world.assert_settled()


def test_it_is_tried_again_when_it_fails(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(timer, "RETRY_S", 0.01)
    world.faults.break_("append")
    world.now += 60
    with caplog.at_level(logging.ERROR), opening_in_time(world.control):
        eventually(lambda: world.faults.calls.count("append") > 5)
        world.faults.mend()
        eventually(lambda: is_open(world))
    assert "blocked addresses can't be opened: append failed" in caplog.text
    world.assert_settled()
