"""Blocked addresses open by themselves: in time, at a start if it is over, after a failure."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from support.labs import eventually
from support.world import World

from gateway.control import background
from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.background import running
from gateway.control.values import KEPT_S, ChargeType, Renewal
from gateway.runtime import threads


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A lab whose only public address in use is blocked for a minute; its clock is the test's."""
    monkeypatch.setattr(background, "CLOCK_LOOK_S", 0.02)
    with closing(World(prompt=False)) as made:
        made.run()
        made.execute(cmd.BlockAddress("203.0.113.1", 60))
        yield made


def no_bug() -> None:
    """Fail, as a thread has ended by itself."""
    raise AssertionError("a thread is dead")


@contextmanager
def opening_in_time(world: World) -> Iterator[None]:
    """Control's background, which has caught up in the end."""
    with running(world.control, no_bug):
        yield
        eventually(lambda: world.tables.in_force.generation == len(world.records()))


def kinds(world: World) -> list[str]:
    return [record.kind for record in world.records()]


def is_open(world: World) -> bool:
    with world.control.state() as state:
        return not state.blocked


def test_it_opens_when_its_time_has_come_and_not_before(world: World) -> None:
    with opening_in_time(world):
        world.now += 59.9
        with pytest.raises(AssertionError, match="not within"):
            eventually(lambda: is_open(world), within_s=0.2)
        world.now += 0.1
        eventually(lambda: is_open(world))
    world.assert_settled()
    assert kinds(world).count("AddressOpened") == 1


def test_what_is_blocked_later_opens_too(world: World) -> None:
    with opening_in_time(world):
        world.now += 60
        eventually(lambda: is_open(world))
        world.control.submit(cmd.BlockAddress("203.0.113.1", 60))
        world.now += 60
        eventually(lambda: is_open(world))


def test_what_was_due_while_control_was_down_opens_at_its_start(world: World) -> None:
    world.now += 3600
    world.restart()
    with opening_in_time(world):
        eventually(lambda: is_open(world))
    world.assert_settled()


def test_it_is_tried_again_when_it_fails(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "PAUSE_MAX_S", 0.01)
    world.faults.break_("append")
    world.now += 60
    with caplog.at_level(logging.ERROR), opening_in_time(world):
        eventually(lambda: world.faults.calls.count("append") > 5)
        world.faults.mend()
        eventually(lambda: is_open(world))
    assert "what is due can't be done: append failed" in caplog.text
    world.assert_settled()


def test_no_address_is_looked_for_while_none_is_blocked(world: World) -> None:
    world.now += 60
    looks: list[float] = []

    def now() -> float:
        looks.append(world.now)
        return world.now

    world.control._clock = now
    with opening_in_time(world):
        eventually(lambda: is_open(world))
        eventually(lambda: world.tables.in_force.generation == len(world.records()))

        def is_quiet() -> bool:
            before = len(looks)
            time.sleep(0.2)
            return len(looks) == before

        eventually(is_quiet)  # what changed last may still be looked at


def test_a_bug_is_reported_and_the_address_opens_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(threads, "PAUSE_S", 0.01)
    bugs = iter([ZeroDivisionError("a bug")] * threads.BUGS_MAX)
    submit = world.control.submit

    def with_bugs(*commands: cmd.Command) -> object:
        for bug in bugs:
            raise bug
        return submit(*commands)

    monkeypatch.setattr(world.control, "submit", with_bugs)
    world.now += 60
    with opening_in_time(world):
        eventually(lambda: is_open(world))
    assert "the thread 'timer' failed by a bug, and goes on" in caplog.text


def test_one_bug_too_many_ends_the_process(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "PAUSE_S", 0.01)
    dead = threading.Event()

    def bug(*_: cmd.Command) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(world.control, "submit", bug)
    world.now += 60
    with pytest.raises(ZeroDivisionError), running(world.control, dead.set):
        assert dead.wait(20)


def test_what_was_paid_for_ends_by_itself(world: World) -> None:
    """It is renewed, or nothing passes; and in the end it is released."""
    monthly = ChargeType.BANDWIDTH_PREPAID_BY_MONTH
    kept = cmd.AllocateEip("kept", 5, monthly, months=1, renewal=Renewal.AUTO)
    lost = cmd.AllocateEip("lost", 5, monthly, months=1, renewal=Renewal.MANUAL)
    world.execute(kept)
    world.execute(lost)

    def eips() -> dict[str, bool]:
        with world.control.state() as state:
            return {eip.name: eip.expired for eip in state.eips.values()}

    with opening_in_time(world):
        assert eips() == {"kept": False, "lost": False}
        world.now += 31 * 86_400
        eventually(lambda: eips() == {"kept": False, "lost": True})
        world.now += KEPT_S
        eventually(lambda: eips() == {"kept": False})
    assert kinds(world).count("EipRenewed") == 1
    world.assert_settled()


def test_a_release_that_is_due_waits_for_its_instance(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "PAUSE_MAX_S", 0.01)
    instance_id = world.run(bandwidth_mbps=0)
    monthly = ChargeType.BANDWIDTH_PREPAID_BY_MONTH
    allocated, *_ = world.execute(
        cmd.AllocateEip("x", 5, monthly, months=1, renewal=Renewal.MANUAL)
    )
    assert isinstance(allocated, ev.EipAllocated)
    world.execute(cmd.BindEip(allocated.eip_id, instance_id))
    with opening_in_time(world):
        world.now += 31 * 86_400
        eventually(lambda: "EipExpired" in kinds(world))
        world.faults.break_("disconnect")
        world.control.submit(cmd.RebootInstance(instance_id))
        eventually(lambda: world.faults.calls.count("disconnect") > 5)
        asked = world.faults.calls.count("append")
        world.now += KEPT_S
        eventually(lambda: world.faults.calls.count("disconnect") > 20)
        assert "EipReleased" not in kinds(world)
        assert world.faults.calls.count("append") == asked
        world.faults.mend()
        eventually(lambda: "EipReleased" in kinds(world))
    world.assert_settled()
