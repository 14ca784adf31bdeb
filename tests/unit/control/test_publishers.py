"""Several publishers: what is in force is in force with each of them, and none waits for another.

The second one publishes into a directory of its own, before real workers that are processes.
"""

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.labs import eventually
from support.publishers import SlowPublisher
from support.publishing import working
from support.story import HOURLY
from support.world import World

from gateway.control import background
from gateway.control import commands as cmd
from gateway.control.background import running
from gateway.control.errors import AdapterError
from gateway.control.values import TaskResult
from gateway.exchange import generations

WITHIN_S = 20.0


@pytest.fixture
def second(tmp_path: Path) -> SlowPublisher:
    """The second publisher, before its directory is there."""
    return SlowPublisher(tmp_path / "second")


@pytest.fixture
def world(second: SlowPublisher) -> Iterator[World]:
    """A lab with two publishers, and no background yet."""
    second.let.release()
    with closing(World(prompt=False, more=[second])) as made:
        assert second.began.acquire(timeout=0), "it was tried, and failed"
        yield made


def no_bug() -> None:
    """Fail, as a thread has ended by itself."""
    raise AssertionError("a thread is broken")


def in_force(world: World) -> int:
    """The generation that is in force."""
    with world.control.state():
        return world.control.progress.in_force


def sequence(world: World) -> int:
    """The sequence of the last event."""
    with world.control.state() as state:
        return state.sequence


def test_a_slow_publisher_holds_in_force_back_and_nobody_else(
    world: World, second: SlowPublisher, tmp_path: Path
) -> None:
    (tmp_path / "second").mkdir()
    with working(tmp_path / "second", 2), running(world.control, no_bug):
        task = world.control.submit(cmd.AllocateEip("front", 5, HOURLY))
        eventually(lambda: world.tables.in_force.generation == task.number, WITHIN_S)
        assert second.began.acquire(timeout=WITHIN_S)
        later = world.control.submit(cmd.AllocateEip("back", 5, HOURLY))
        eventually(lambda: world.tables.in_force.generation == later.number, WITHIN_S)
        assert world.control.result(task.number) is TaskResult.RUNNING
        with pytest.raises(AdapterError, match="recorded, but not in force"):
            world.control.wait_in_force(task, 0.01)
        second.hurry()
        world.control.wait_in_force(later, WITHIN_S)
        assert world.control.result(task.number) is TaskResult.SUCCESS
        assert generations.acknowledged(tmp_path / "second") == later.number
        assert second.generations[-1] == later.number, "and what was passed over isn't made up for"


def test_one_that_fails_is_tried_again_and_hinders_no_other(
    world: World, second: SlowPublisher, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    second.hurry()
    with caplog.at_level(logging.ERROR), running(world.control, no_bug):
        task = world.control.submit(cmd.AllocateEip("front", 5, HOURLY))
        eventually(lambda: world.tables.in_force.generation == task.number, WITHIN_S)
        eventually(lambda: second.tried > 4, WITHIN_S)
        assert world.control.result(task.number) is TaskResult.RUNNING
        (tmp_path / "second").mkdir()
        world.control.wait_in_force(task, WITHIN_S)
    assert generations.published(tmp_path / "second") == task.number
    told = [line for line in caplog.messages if line.startswith("another node: ")]
    assert len(told) == 1, "the cause is logged once"
    assert world.tables.generations.count(task.number) == 1, "the first one isn't asked again"


def test_a_machine_waits_for_the_slowest(
    world: World, second: SlowPublisher, tmp_path: Path
) -> None:
    (tmp_path / "second").mkdir()
    second.let.release()  # once: for the state at the start
    with running(world.control, no_bug) as work:
        assert work.looked.wait(WITHIN_S)
        task = world.control.submit(cmd.RunInstance("web", 10, HOURLY))
        eventually(lambda: world.tables.in_force.generation == task.number, WITHIN_S)
        assert world.hosts.up == {}, "no packet of another node's is to find it half built"
        second.hurry()
        eventually(lambda: world.hosts.up, WITHIN_S)


def test_a_restart_asks_each_what_is_in_force(
    world: World, second: SlowPublisher, tmp_path: Path
) -> None:
    (tmp_path / "second").mkdir()
    second.hurry()
    world.catch_up()
    task = world.control.submit(cmd.AllocateEip("front", 5, HOURLY))
    world.control.publish(world.control.publications[0])
    world.restart(catch_up=False)
    assert in_force(world) == task.number - 1, "the second one lags"
    assert world.control.result(task.number) is TaskResult.RUNNING
    world.catch_up()
    assert in_force(world) == sequence(world) == task.number


def test_a_restart_doesnt_need_all_of_them(
    world: World, second: SlowPublisher, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    second.hurry()
    world.restart(catch_up=False)
    assert "the workers can't be looked at" in caplog.text
    assert in_force(world) == 0, "of one that can't be asked nothing is known to be in force"
    (tmp_path / "second").mkdir()
    world.catch_up()
    assert in_force(world) == sequence(world)


@pytest.mark.parametrize("late", [True, False], ids=["late", "failing"])
def test_at_a_start_the_machines_wait_until_each_has_had_its_turn(
    world: World,
    second: SlowPublisher,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    late: bool,
) -> None:
    monkeypatch.setattr(background, "PAUSE_MAX_S", 0.01)
    second.let.release()
    (tmp_path / "second").mkdir()
    world.catch_up()
    world.control.submit(cmd.RunInstance("web", 10, HOURLY))
    world.restart(catch_up=False)
    if not late:
        (tmp_path / "second").rename(tmp_path / "gone")
    with running(world.control, no_bug) as work:
        eventually(lambda: second.tried == 3, WITHIN_S)
        assert not work.looked.wait(0.05)
        second.hurry()
        assert work.looked.wait(WITHIN_S)
