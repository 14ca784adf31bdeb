"""What happens after a command is answered, by itself: in force, done, tried again, and ended."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest
from support.faults import CrashError, Trouble
from support.labs import eventually
from support.steps import (
    ADDRESS_LIFE,
    INSTANCE_LIFE,
    Watcher,
    assert_nothing_waits,
    look,
    reachable,
)
from support.story import HOURLY
from support.world import CONFIG, World

from gateway.control import background
from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.background import PAUSE_MAX_S, Patience, running
from gateway.control.errors import AdapterError, DomainError
from gateway.control.values import InstanceState, TaskResult
from gateway.nat.table import empty
from gateway.runtime import threads

WITHIN_S = 20.0
LARGE = replace(CONFIG, pools=("203.0.113.0/24",))


@pytest.fixture
def world() -> Iterator[World]:
    """A lab with no background yet."""
    with closing(World(prompt=False)) as made:
        yield made


def no_bug() -> None:
    """Nobody may call it."""
    raise AssertionError("a thread is broken")


@contextmanager
def at_work(world: World) -> Iterator[None]:
    """Control's background, and at the end nothing waits."""
    with running(world.control, no_bug):
        yield
        eventually(lambda: settled(world), WITHIN_S)
    world.assert_settled()
    assert_nothing_waits(world)


def settled(world: World) -> bool:
    """Whether nothing waits."""
    with world.control.state() as state:
        behind = any(one.is_behind(state) for one in world.control.publications)
        waits = state.passing or behind or world.control.doubtful
        return not (waits or world.control.progress.states)


def test_a_start_leaves_the_machines_to_the_background_which_tells_when_it_has_looked(
    world: World,
) -> None:
    world.execute(cmd.RunInstance("web", 10, HOURLY, count=2))
    world.restart(catch_up=False)
    assert world.control.doubtful
    looked_at = world.faults.calls.count("connect")
    with running(world.control, no_bug) as work:
        assert work.looked.wait(WITHIN_S)
        assert world.faults.calls.count("connect") == looked_at + 2
        assert not world.control.doubtful


def test_with_no_machine_to_look_at_it_tells_so_at_once(world: World) -> None:
    with running(world.control, no_bug) as work:
        assert work.looked.wait(WITHIN_S)


def order(world: World, name: str = "web") -> str:
    """An instance that is only just bought; its id."""
    ordered = world.control.submit(cmd.RunInstance(name, 10, HOURLY)).events[0]
    assert isinstance(ordered, ev.InstanceOrdered)
    return ordered.instance_id


def state_of(world: World, instance_id: str) -> InstanceState | None:
    """The instance's state, as recorded."""
    with world.control.state() as state:
        found = state.instances.get(instance_id)
    return found.state if found else None


def done(world: World, number: int) -> TaskResult:
    """What came of the task, when it is over."""

    def result() -> TaskResult | None:
        found = world.control.result(number)
        return None if found is TaskResult.RUNNING else found

    return eventually(result, WITHIN_S) or TaskResult.RUNNING


def test_what_a_command_asks_for_is_done_by_itself(world: World) -> None:
    with at_work(world):
        instance_id = order(world)
        eventually(lambda: state_of(world, instance_id) is InstanceState.RUNNING, WITHIN_S)
        task = world.control.submit(cmd.AllocateEip("front", 5, HOURLY))
        assert done(world, task.number) is TaskResult.SUCCESS


def test_what_waited_before_it_began_is_done(world: World) -> None:
    instance_id = order(world)
    with at_work(world):
        eventually(lambda: state_of(world, instance_id) is InstanceState.RUNNING, WITHIN_S)


def test_no_command_and_no_address_waits_for_a_machine(world: World) -> None:
    web, eip_id = world.run(), world.allocate()
    built, connecting = threading.Event(), threading.Event()

    def hang() -> None:
        connecting.set()
        assert built.wait(WITHIN_S)

    world.hosts.while_connecting = hang
    with at_work(world):
        hanging = order(world, "hanging")
        assert connecting.wait(WITHIN_S)
        task = world.control.submit(cmd.BindEip(eip_id, web))
        assert done(world, task.number) is TaskResult.SUCCESS
        assert state_of(world, hanging) is InstanceState.PENDING
        built.set()


def test_a_table_that_cant_be_put_in_force_is_tried_again_and_logged_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.faults.break_("put_in_force")
    with at_work(world):
        task = world.control.submit(cmd.AllocateEip("front", 5, HOURLY))
        eventually(lambda: world.faults.hit.count("put_in_force") > 3, WITHIN_S)
        assert world.control.result(task.number) is TaskResult.RUNNING
        world.faults.mend()
        assert done(world, task.number) is TaskResult.SUCCESS
    assert caplog.messages == ["the mapping table: put_in_force failed"]


def test_a_machine_that_fails_is_tried_again_and_keeps_no_other_waiting(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    hanging = world.run()
    world.faults.break_("remove")
    with at_work(world):
        world.control.submit(cmd.TerminateInstance(hanging))
        eventually(lambda: world.faults.hit.count("remove") > 5, WITHIN_S)
        other = order(world)
        eventually(lambda: state_of(world, other) is InstanceState.RUNNING, WITHIN_S)
        assert state_of(world, hanging) is InstanceState.TERMINATING
        world.faults.mend()
        eventually(lambda: state_of(world, hanging) is None, WITHIN_S)
    errors = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert errors == [f"{hanging}: remove failed"]


def test_two_machines_that_fail_are_both_logged_once(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "PAUSE_MAX_S", 0.02)
    first, second = world.run(), world.run()
    world.faults.break_("remove")
    with at_work(world):
        world.control.submit(cmd.TerminateInstance(first))
        eventually(lambda: world.faults.hit.count("remove") > 7, WITHIN_S)
        world.control.submit(cmd.TerminateInstance(second))
        eventually(lambda: len(caplog.records) > 4 and settled_but(world, 2), WITHIN_S)
        eventually(lambda: world.faults.hit.count("remove") > 16, WITHIN_S)
        world.faults.mend()
    errors = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert sorted(errors) == sorted(f"{key}: remove failed" for key in (first, second))


def settled_but(world: World, hanging: int) -> bool:
    """Whether all but so many instances are as they should be."""
    with world.control.state() as state:
        return len(state.passing) == hanging


def test_a_launch_is_given_up(world: World) -> None:
    world.faults.break_("connect")
    with at_work(world):
        task = world.control.submit(cmd.RunInstance("web", 10, HOURLY))
        assert done(world, task.number) is TaskResult.FAILED
        world.faults.mend()


def test_a_report_that_cant_be_recorded_comes_later(world: World) -> None:
    instance_id = world.run()
    built = threading.Event()
    world.control.submit(cmd.RebootInstance(instance_id))

    def fail_from_here() -> None:
        world.faults.break_("append")
        built.set()

    world.hosts.while_connecting = fail_from_here
    with at_work(world):
        assert built.wait(WITHIN_S)
        eventually(lambda: world.faults.hit.count("append") > 2, WITHIN_S)
        world.hosts.while_connecting = lambda: None
        world.faults.mend()


def test_what_failed_at_the_start_is_tried_again_without_a_command(world: World) -> None:
    instance_id = world.run()
    world.hosts.up = {}
    world.faults.break_("connect")
    world.restart()
    world.faults.mend()
    with at_work(world):
        eventually(lambda: world.hosts.up == {instance_id: True}, WITHIN_S)


def test_it_ends_with_work_pending_and_the_next_one_finishes_it(world: World) -> None:
    instance_id, eip_id = world.run(), world.allocate()
    world.faults.break_("put_in_force")
    with running(world.control, no_bug):
        task = world.control.submit(cmd.BindEip(eip_id, instance_id))
        world.control.submit(cmd.RunInstance("more", 0, HOURLY))
        eventually(lambda: "put_in_force" in world.faults.hit, WITHIN_S)
    assert world.control.result(task.number) is TaskResult.RUNNING
    world.faults.mend()
    world.restart()
    assert world.control.result(task.number) is TaskResult.SUCCESS
    world.assert_settled()


def test_it_ends_although_a_machine_hangs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "END_WITHIN_S", 0.05)
    connecting, ended = threading.Event(), threading.Event()

    def hang() -> None:
        connecting.set()
        assert ended.wait(WITHIN_S)

    world.hosts.while_connecting = hang
    with running(world.control, no_bug):
        order(world)
        assert connecting.wait(WITHIN_S)
        began = time.monotonic()
    assert time.monotonic() - began < WITHIN_S / 2
    ended.set()
    eventually(lambda: not [t for t in threading.enumerate() if t.name == "machines"], WITHIN_S)


@pytest.mark.parametrize("nth", [2, 3], ids=["table", "machines"])
def test_a_bug_ends_the_process_and_is_raised(world: World, nth: int) -> None:
    broken = threading.Event()
    with pytest.raises(CrashError), running(world.control, broken.set):  # noqa: PT012
        world.faults.plan(Trouble.CRASHES, nth)
        order(world)
        assert broken.wait(WITHIN_S)


def test_pauses_grow_up_to_a_bound_and_end_with_the_failures() -> None:
    patience, pauses = Patience(), []
    assert patience.pause_s == 0
    for _ in range(12):
        patience.learn({"it": "no"})
        pauses.append(patience.pause_s)
    assert pauses[:3] == [0.01, 0.02, 0.04]
    assert max(pauses) == PAUSE_MAX_S == pauses[-1]
    patience.learn({})
    assert patience.pause_s == 0


def test_another_cause_is_logged_and_one_that_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    patience = Patience()
    for failures in ({"it": "no"}, {"it": "no"}, {"it": "never"}, {}, {"it": "never"}):
        patience.learn(failures)
    patience.learn({"other": "no"}, all_tried=False)
    patience.learn({"it": "never", "other": "no"})
    assert caplog.messages == ["it: no", "it: never", "it: never", "other: no"]


def a_day(world: World, number: int, results: dict[int, TaskResult]) -> None:
    """One client's: everything with things of its own, waiting only where it must."""

    def submit(command: cmd.Command) -> tuple[ev.Event, ...]:
        """Submit it; as often as something is in its way."""

        def tried() -> tuple[ev.Event, ...] | None:
            try:
                task = world.control.submit(command)
            except DomainError:
                return None
            results[task.number] = done(world, task.number)
            return task.events

        return eventually(tried, WITHIN_S) or ()

    ordered, *_ = submit(cmd.RunInstance(f"t{number}", 10, HOURLY))
    allocated, *_ = submit(cmd.AllocateEip(f"t{number}", 5, HOURLY))
    assert isinstance(ordered, ev.InstanceOrdered)
    assert isinstance(allocated, ev.EipAllocated)
    instance_id, eip_id = ordered.instance_id, allocated.eip_id
    day: list[Callable[[], cmd.Command]] = [
        lambda: cmd.BindEip(eip_id, instance_id),
        lambda: cmd.StopInstance(instance_id),
        lambda: cmd.ChangeEipsBandwidth((eip_id,), 20),
        lambda: cmd.StartInstance(instance_id),
        lambda: cmd.UnbindEip(eip_id),
        lambda: cmd.RebootInstance(instance_id),
        lambda: cmd.ReleaseEip(eip_id),
        lambda: cmd.TerminateInstance(instance_id),
    ]
    for command in day:
        submit(command())


def test_clients_at_once_see_only_the_documented_life() -> None:
    with closing(World(config=LARGE, prompt=False)) as world:
        see_only_the_documented_life(world)


def see_only_the_documented_life(world: World) -> None:
    """Six clients, and one who only looks."""
    watcher = Watcher(reachable(ADDRESS_LIFE), reachable(INSTANCE_LIFE))
    results: dict[int, TaskResult] = {}
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            a_day(world, number, results)
        except BaseException as error:  # noqa: BLE001  a thread's failure is the test's
            problems.append(error)

    with at_work(world):
        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            look(world, watcher)
        look(world, watcher)
    assert not problems
    assert set(results.values()) == {TaskResult.SUCCESS}
    assert all(world.control.result(number) is TaskResult.SUCCESS for number in results)
    assert {after for _, after in watcher.transitions} >= {"gone"}


def test_to_wait_for_what_is_recorded_has_an_end(world: World) -> None:
    task = world.control.submit(cmd.AllocateEip("front", 5, HOURLY))
    with pytest.raises(AdapterError, match="recorded, but not in force"):
        world.control.wait_in_force(task, 0.01)
    with at_work(world):
        world.control.wait_in_force(task)
        assert world.control.result(task.number) is TaskResult.SUCCESS


def test_a_turn_that_comes_with_the_end_waits_for_nothing(world: World) -> None:
    world.restart(catch_up=False)
    ending = threading.Event()
    ending.set()
    calls = [name for name in world.faults.calls if name != "remove_others"]
    for job in background.Background(world.control).jobs:
        job.turn(ending)
    assert [name for name in world.faults.calls if name != "remove_others"] == calls


def test_what_is_lost_is_put_in_force_again(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "CHECK_EVERY_S", 0.02)
    world.execute(cmd.RunInstance("web", 10, HOURLY))
    with at_work(world):
        eventually(lambda: settled(world), WITHIN_S)
        before, generations = world.tables.in_force, list(world.tables.generations)
        time.sleep(0.1)
        assert world.tables.generations == generations
        world.tables.in_force = empty()
        eventually(lambda: world.tables.in_force == before, WITHIN_S)
    assert world.tables.generations == [*generations, before.generation]
    assert any(message.endswith("is lost: put in force again") for message in caplog.messages)
