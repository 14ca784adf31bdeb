"""Between a command's answer and its end: statuses, results, and who has to wait for whom."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from unittest.mock import patch

import pytest
from support.api import call
from support.steps import assert_nothing_waits
from support.story import HOURLY
from support.world import CONFIG, World

from gateway.control import commands as cmd
from gateway.control import errors, progress
from gateway.control import events as ev
from gateway.control.values import InstanceState, NetworkType, PackageChargeType, TaskResult

TWO = ev.LabConfigured(("203.0.113.0/30",), 0.0, CONFIG.vpc, CONFIG.reserved)


@pytest.fixture
def world() -> Iterator[World]:
    """A lab whose background is the test's to run, step by step."""
    with closing(World(prompt=False)) as made:
        yield made


def status(world: World, eip_id: str) -> str | None:
    """The EIP's status as everybody sees it; None if it isn't there."""
    found = call(world, "DescribeAddresses", {"AddressIds": [eip_id]})["AddressSet"]
    return str(found[0]["AddressStatus"]) if found else None


def shown(world: World, instance_id: str) -> dict[str, Any] | None:
    """The instance as everybody sees it; None if it isn't there."""
    found = call(world, "DescribeInstances", {"InstanceIds": [instance_id]})["InstanceSet"]
    return dict(found[0]) if found else None


def ask(world: World, command: cmd.Command) -> int:
    """Submit it; the task's number."""
    return world.control.submit(command).number


def allocated(world: World) -> str:
    """An EIP that isn't in force yet; its id."""
    (event,) = world.control.submit(cmd.AllocateEip("front", 5, HOURLY)).events
    assert isinstance(event, ev.EipAllocated)
    return event.eip_id


def ordered(world: World, bandwidth_mbps: int = 10) -> tuple[str, int]:
    """An instance that isn't in force yet; its id, and the task's number."""
    task = world.control.submit(cmd.RunInstance("web", bandwidth_mbps, HOURLY))
    assert isinstance(task.events[0], ev.InstanceOrdered)
    return task.events[0].instance_id, task.number


def test_an_eip_passes_through_the_documented_statuses(world: World) -> None:
    instance_id = world.run()
    eip_id = allocated(world)
    steps: list[tuple[cmd.Command | None, str, str | None]] = [
        (None, "CREATING", "UNBIND"),
        (cmd.BindEip(eip_id, instance_id), "BINDING", "BIND"),
        (cmd.ChangeEipsBandwidth((eip_id,), 20), "BIND", "BIND"),
        (cmd.UnbindEip(eip_id), "UNBINDING", "UNBIND"),
        (cmd.ReleaseEip(eip_id), "OFFLINING", None),
    ]
    for command, passing, rest in steps:
        number = ask(world, command) if command else world.control.submit().number
        assert status(world, eip_id) == passing
        assert world.control.result(number) is TaskResult.RUNNING
        world.publish()
        assert status(world, eip_id) == rest
        assert world.control.result(number) is TaskResult.SUCCESS
    assert_nothing_waits(world)


def test_an_eip_that_moves_is_binding_and_one_that_was_ordinary_is_bound(world: World) -> None:
    one, two, eip_id = world.run(), world.run(), world.allocate()
    world.execute(cmd.BindEip(eip_id, one))
    ask(world, cmd.BindEip(eip_id, two))
    assert status(world, eip_id) == "BINDING"
    world.publish()
    assert status(world, eip_id) == "BIND"
    transformed = world.control.submit(cmd.TransformOrdinaryIp(one))
    (event,) = transformed.events
    assert isinstance(event, ev.EipTransformed)
    assert status(world, event.eip_id) == "BIND"
    assert world.control.result(transformed.number) is TaskResult.RUNNING


def test_many_commands_come_into_force_by_one_publication(world: World) -> None:
    published = len(world.tables.generations)
    numbers = [ask(world, cmd.AllocateEip("x", 5, HOURLY)) for _ in range(5)]
    world.publish()
    assert len(world.tables.generations) == published + 1
    assert {world.control.result(number) for number in numbers} == {TaskResult.SUCCESS}
    world.publish()
    assert len(world.tables.generations) == published + 1, "nothing to publish"


def test_a_command_that_changes_nothing_has_the_number_of_the_last_event(world: World) -> None:
    eip_id = world.allocate()
    number = ask(world, cmd.RenameEip(eip_id, "front"))
    assert number == len(world.records())
    assert world.control.result(number) is TaskResult.SUCCESS


def test_an_instance_is_shown_passing_until_its_packets_pass(world: World) -> None:
    instance_id, _ = ordered(world)
    states = []

    def look() -> None:
        found = shown(world, instance_id)
        assert found
        states.append((found["InstanceState"], found["LatestOperationState"]))

    def steps() -> None:
        for step in (world.publish, world.control.make_machines, world.publish):
            look()
            step()
        look()

    steps()
    assert states == [("PENDING", "OPERATING")] * 3 + [("RUNNING", "SUCCESS")]
    assert world.tables.mappings
    states.clear()
    ask(world, cmd.StopInstance(instance_id))
    steps()
    assert states == [("STOPPING", "OPERATING")] * 3 + [("STOPPED", "SUCCESS")]


def test_no_machine_is_cut_off_before_its_mapping_is(world: World) -> None:
    instance_id = world.run()
    ask(world, cmd.StopInstance(instance_id))
    world.control.make_machines()
    assert world.hosts.up == {instance_id: True}
    world.publish()
    world.control.make_machines()
    assert world.hosts.up == {instance_id: False}


@pytest.mark.parametrize("ending", ["runs", "fails"])
def test_the_task_of_a_launch_ends_with_it(world: World, ending: str) -> None:
    instance_id, number = ordered(world)
    results = [world.control.result(number)]
    if ending == "fails":
        world.faults.break_("connect")
    for step in (world.publish, world.control.make_machines, world.publish):
        step()
        results.append(world.control.result(number))
    if ending == "runs":
        assert results == [TaskResult.RUNNING] * 3 + [TaskResult.SUCCESS]
        later = ask(world, cmd.StopInstance(instance_id))
        world.publish()
        assert world.control.result(number) is TaskResult.SUCCESS, "what is over stays so"
        assert world.control.result(later) is TaskResult.RUNNING
        return
    assert results[-1] is TaskResult.FAILED
    world.faults.mend()
    world.restart()
    assert world.control.result(number) is TaskResult.FAILED
    world.execute(cmd.TerminateInstance(instance_id))
    assert world.control.result(number) is TaskResult.FAILED
    assert world.control.result(len(world.records())) is TaskResult.SUCCESS


def test_the_task_of_many_launches_fails_with_any_of_them(world: World) -> None:
    command = cmd.RunInstance("web", 0, HOURLY, count=2, client_token="t")
    number = world.control.submit(command).number
    world.publish()
    world.faults.break_("connect")
    world.control.make_machines()
    world.publish()
    assert world.control.result(number) is TaskResult.FAILED


def test_only_the_latest_failed_launches_are_remembered(world: World) -> None:
    world.faults.break_("connect")
    with patch.object(progress, "FAILED_MAX", 1):
        numbers = [ordered(world)[1] for _ in range(2)]
        world.publish()
        world.control.make_machines()
        world.publish()
    results = [world.control.result(number) for number in numbers]
    assert results == [TaskResult.SUCCESS, TaskResult.FAILED]


@pytest.mark.parametrize("number", [-1, 0, 2, 1 << 70])
def test_a_task_that_never_was_is_unknown(world: World, number: int) -> None:
    with pytest.raises(errors.UnknownTaskError):
        world.control.result(number)


def test_a_result_that_cant_be_read_is_a_failure(world: World) -> None:
    number = ask(world, cmd.AllocateEip("x", 5, HOURLY))
    world.publish()
    world.faults.break_("read")
    with pytest.raises(errors.AdapterError, match="read failed"):
        world.control.result(number)


def test_a_task_goes_on_after_a_restart(world: World) -> None:
    instance_id, eip_id = world.run(), world.allocate()
    done = len(world.records())
    number = ask(world, cmd.BindEip(eip_id, instance_id))
    world.faults.break_("put_in_force")
    world.restart()
    assert world.control.result(number) is TaskResult.RUNNING
    assert world.control.result(done) is TaskResult.SUCCESS
    assert status(world, eip_id) == "BINDING"
    world.faults.mend()
    world.publish()
    assert world.control.result(number) is TaskResult.SUCCESS
    assert status(world, eip_id) == "BIND"


def refuse(world: World, kind: type[errors.DomainError], *commands: cmd.Command) -> None:
    """All of them are refused so."""
    before = world.records()
    for command in commands:
        with pytest.raises(kind) as refused:
            world.control.submit(command)
        assert type(refused.value) is kind, command
    assert world.records() == before


def test_an_address_with_a_task_under_way_takes_no_other(world: World) -> None:
    one, two = world.run(), world.run()
    (package,) = world.execute(
        cmd.CreatePackages("p", 50, PackageChargeType.TOP5_POSTPAID_BY_MONTH, NetworkType.BGP)
    )
    assert isinstance(package, ev.PackageCreated)

    def on(eip_id: str) -> list[cmd.Command]:
        return [
            cmd.BindEip(eip_id, two),
            cmd.UnbindEip(eip_id),
            cmd.ReleaseEip(eip_id),
            cmd.ChangeEipsBandwidth((eip_id,), 20),
            cmd.ChangeEipChargeType(eip_id, HOURLY, 5),
            cmd.JoinPackage(package.package_id, (eip_id,)),
            cmd.LeavePackage(package.package_id, (eip_id,)),
        ]

    eip_id = allocated(world)
    refuse(world, errors.AddressBusyError, *on(eip_id))
    for command in (cmd.BindEip(eip_id, one), cmd.UnbindEip(eip_id), cmd.ReleaseEip(eip_id)):
        world.publish()
        ask(world, command)
        refuse(world, errors.AddressBusyError, *on(eip_id))
    world.publish()
    refuse(world, errors.UnknownEipError, cmd.ReleaseEip(eip_id))


def test_names_change_while_a_task_is_under_way(world: World) -> None:
    instance_id, eip_id = world.run(), world.allocate()
    ask(world, cmd.BindEip(eip_id, instance_id))
    ask(world, cmd.RenameEip(eip_id, "back"))
    ask(world, cmd.RenameInstances((instance_id,), "back"))
    assert status(world, eip_id) == "BINDING"


def test_an_instance_with_a_task_under_way_takes_no_other(world: World) -> None:
    instance_id, eip_id, other = world.run(), world.allocate(), world.allocate()
    ask(world, cmd.BindEip(eip_id, instance_id))
    refuse(
        world,
        errors.InstanceBusyError,
        cmd.StartInstance(instance_id),
        cmd.StopInstance(instance_id),
        cmd.RebootInstance(instance_id),
        cmd.TerminateInstance(instance_id),
        cmd.ChangeInstancesBandwidth((instance_id,), 20),
    )
    refuse(
        world,
        errors.AddressBusyError,
        cmd.BindEip(other, instance_id),
        cmd.TransformOrdinaryIp(instance_id),
        cmd.ReturnOrdinaryIps((instance_id,)),
    )
    world.publish()
    ask(world, cmd.ChangeEipsBandwidth((eip_id,), 20))
    refuse(world, errors.InstanceBusyError, cmd.TerminateInstance(instance_id))
    ask(world, cmd.StopInstance(instance_id))


def test_an_instance_that_is_shown_passing_is_refused_as_such(world: World) -> None:
    instance_id, eip_id = world.run(), world.allocate()
    world.execute(cmd.BindEip(eip_id, instance_id))
    ask(world, cmd.StopInstance(instance_id))
    refuse(world, errors.InstanceStateError, cmd.TerminateInstance(instance_id))
    refuse(world, errors.MutexTaskError, cmd.UnbindEip(eip_id))
    world.publish()
    world.control.make_machines()
    assert world.instance(instance_id).state is InstanceState.STOPPED
    refuse(world, errors.InstanceStateError, cmd.StartInstance(instance_id))
    refuse(world, errors.AddressBusyError, cmd.UnbindEip(eip_id))
    world.publish()
    ask(world, cmd.StartInstance(instance_id))


@pytest.mark.parametrize("freed", ["released", "returned"])
def test_an_address_given_back_is_given_out_when_no_worker_has_it_any_more(freed: str) -> None:
    with closing(World(config=TWO, prompt=False)) as world:
        giving, bound = world.allocate(), world.allocate()
        instance_id = world.run(bandwidth_mbps=0)
        give: Callable[[], object]
        if freed == "released":
            give = lambda: ask(world, cmd.ReleaseEip(giving))  # noqa: E731
        else:
            world.execute(cmd.ReleaseEip(giving))
            instance_id = world.run()
            give = lambda: ask(world, cmd.BindEip(bound, instance_id))  # noqa: E731
        give()
        refuse(world, errors.PoolEmptyError, cmd.AllocateEip("next", 5, HOURLY))
        world.publish()
        ask(world, cmd.AllocateEip("next", 5, HOURLY))


def test_what_the_api_says_of_tasks(world: World) -> None:
    answer = call(world, "AllocateAddresses", {})
    (eip_id,) = answer["AddressSet"]
    assert isinstance(answer["TaskId"], str)
    task = {"TaskId": int(answer["TaskId"])}
    assert call(world, "DescribeTaskResult", task) == {**task, "Result": "RUNNING"}
    world.publish()
    assert call(world, "DescribeTaskResult", task) == {**task, "Result": "SUCCESS"}
    assert status(world, eip_id) == "UNBIND"
