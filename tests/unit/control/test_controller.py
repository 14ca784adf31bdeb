"""Control at work in a world where all goes well: what it does, in which order, and restarts."""

import threading
from dataclasses import replace

import pytest
from support.snapshot import snapshot
from support.story import HOURLY
from support.world import CONFIG, World

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.errors import AdapterError, DomainError, PoolEmptyError
from gateway.control.values import InstanceState


def calls_of(world: World, command: cmd.Command) -> list[str]:
    """The calls to the world that `command` leads to, in order."""
    before = len(world.faults.calls)
    world.execute(command)
    return world.faults.calls[before:]


def test_a_new_log_begins_with_the_configuration(world: World) -> None:
    assert [record.kind for record in world.records()] == ["LabConfigured"]
    world.assert_settled()


def test_running_an_instance_records_then_publishes_then_builds_then_reports(world: World) -> None:
    calls = calls_of(world, cmd.RunInstance("web", 10, HOURLY))
    assert calls == ["append", "put_in_force", "connect", "append", "put_in_force"]


def test_an_instance_is_running_and_mapped_when_its_command_returns(world: World) -> None:
    instance_id = world.run()
    instance = world.instance(instance_id)
    assert instance.state is InstanceState.RUNNING
    assert world.tables.mappings == {world.public(instance_id): instance.private_ip}
    world.assert_settled()


def test_what_execute_returns_names_first_what_was_made(world: World) -> None:
    ordered, assigned = world.execute(cmd.RunInstance("web", 10, HOURLY))
    assert isinstance(ordered, ev.InstanceOrdered)
    assert isinstance(assigned, ev.OrdinaryIpAssigned)


@pytest.mark.parametrize(
    ("command", "calls"),
    [
        (cmd.StopInstance, ["append", "put_in_force", "disconnect"]),
        (cmd.RebootInstance, ["append", "put_in_force", "disconnect", "connect"]),
        (cmd.TerminateInstance, ["append", "put_in_force", "remove"]),
    ],
)
def test_no_packet_is_sent_to_an_instance_that_is_about_to_go_down(
    world: World,
    command: type[cmd.StopInstance | cmd.RebootInstance | cmd.TerminateInstance],
    calls: list[str],
) -> None:
    instance_id = world.run()
    assert calls_of(world, command(instance_id)) == [*calls, "append", "put_in_force"]
    world.assert_settled()


def test_a_stopped_instance_is_down_and_a_started_one_up_again(world: World) -> None:
    instance_id = world.run()
    world.execute(cmd.StopInstance(instance_id))
    assert world.hosts.up == {instance_id: False}
    assert world.tables.mappings == {}
    world.execute(cmd.StartInstance(instance_id))
    assert world.hosts.up == {instance_id: True}
    assert world.tables.mappings == {
        world.public(instance_id): world.instance(instance_id).private_ip
    }


def test_a_terminated_instances_machine_is_gone(world: World) -> None:
    instance_id = world.run()
    world.execute(cmd.TerminateInstance(instance_id))
    assert world.hosts.up == {}
    with world.control.state() as state:
        assert state.instances == {}


def test_an_eips_way_shows_in_the_table_at_each_step(world: World) -> None:
    old, new, eip_id = world.run(), world.run(), world.allocate()
    with world.control.state() as state:
        address = state.eips[eip_id].address
    private = {key: world.instance(key).private_ip for key in (old, new)}
    world.execute(cmd.BindEip(eip_id, old))
    assert world.tables.mappings == {address: private[old], world.public(new): private[new]}
    generations = len(world.tables.generations)
    world.execute(cmd.BindEip(eip_id, new))
    assert len(world.tables.generations) == generations + 1, "in one step"
    assert world.tables.mappings == {address: private[new], world.public(old): private[old]}
    world.execute(cmd.UnbindEip(eip_id))
    assert address not in world.tables.mappings
    world.execute(cmd.ReleaseEip(eip_id))
    world.assert_settled()


def test_a_refused_command_does_nothing_at_all(world: World) -> None:
    with world.control.state() as state:
        before = snapshot(state)
    calls = len(world.faults.calls)
    with pytest.raises(DomainError):
        world.execute(cmd.UnbindEip("eip-nowhere0"))
    with world.control.state() as state:
        assert snapshot(state) == before
    assert len(world.faults.calls) == calls


def test_an_empty_pool_leaves_log_table_and_machines_as_they_are(world: World) -> None:
    for _ in range(14):
        world.allocate()
    records, calls = world.records(), len(world.faults.calls)
    with pytest.raises(PoolEmptyError):
        world.execute(cmd.RunInstance("web", 10, HOURLY))
    assert world.records() == records
    assert len(world.faults.calls) == calls


def test_a_report_with_nothing_to_report_appends_and_publishes_nothing(world: World) -> None:
    instance_id = world.run()
    assert calls_of(world, cmd.ReportDone(instance_id)) == []


def test_generations_only_grow(world: World) -> None:
    instance_id, eip_id = world.run(), world.allocate()
    world.execute(cmd.BindEip(eip_id, instance_id))
    world.restart()
    world.execute(cmd.TerminateInstance(instance_id))
    assert world.tables.generations == sorted(world.tables.generations)


def test_a_restart_finds_the_state_that_was_live(world: World) -> None:
    web, stopped, gone = world.run("web"), world.run("db", 0), world.run("old")
    eip_id = world.allocate()
    world.execute(cmd.BindEip(eip_id, web))
    world.execute(cmd.StopInstance(stopped))
    world.now += 30
    world.execute(cmd.TerminateInstance(gone))
    with world.control.state() as state:
        before = snapshot(state)
    world.restart()
    with world.control.state() as state:
        assert snapshot(state) == before
    world.assert_settled()


def test_a_restart_appends_nothing(world: World) -> None:
    world.run()
    before = world.records()
    world.restart()
    assert world.records() == before


def test_a_restart_makes_the_machines_as_the_log_says(world: World) -> None:
    web, stopped = world.run("web"), world.run("db")
    world.execute(cmd.StopInstance(stopped))
    world.hosts.up = {stopped: True, "ins-leftover": True}
    world.restart()
    assert world.hosts.up == {web: True, stopped: False}


def test_a_quarantine_outlives_a_restart(world: World) -> None:
    instance_id = world.run()
    address = world.public(instance_id)
    assert address is not None
    world.execute(cmd.TerminateInstance(instance_id))
    world.now += 59
    world.restart()
    with world.control.state() as state:
        assert address not in state.pool.free(world.now)
        assert address in state.pool.free(world.now + 1)


def test_former_addresses_are_remembered_over_a_restart(world: World) -> None:
    instance_id, eip_id = world.run(), world.allocate()
    former = (world.public(instance_id),)
    world.execute(cmd.BindEip(eip_id, instance_id))
    world.restart()
    assert world.instance(instance_id).former == former


@pytest.mark.parametrize(
    "other",
    [
        replace(CONFIG, pools=("203.0.113.0/24",)),
        replace(CONFIG, vpc="10.1.0.0/16"),
        replace(CONFIG, quarantine_s=1.0),
        replace(CONFIG, reserved=("10.0.0.254",)),
    ],
    ids=["pool", "vpc", "quarantine", "reserved"],
)
def test_a_log_of_another_configuration_is_refused(world: World, other: ev.LabConfigured) -> None:
    instance_id = world.run()
    before, calls = world.records(), len(world.faults.calls)
    with pytest.raises(AdapterError, match="the event log is of a lab with other networks"):
        world.restart(other)
    assert world.records() == before
    assert len(world.faults.calls) == calls, "nothing was done in the world"
    world.restart()
    assert world.instance(instance_id).state is InstanceState.RUNNING


def test_commands_from_many_threads_are_carried_out_one_after_the_other(world: World) -> None:
    # The world itself asserts that no two calls to it overlap.
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            instance_id, eip_id = world.run(f"t{number}"), world.allocate(f"t{number}")
            world.execute(cmd.BindEip(eip_id, instance_id))
            world.execute(cmd.UnbindEip(eip_id))
            world.execute(cmd.ReleaseEip(eip_id))
            if number % 2:
                world.execute(cmd.TerminateInstance(instance_id))
        except Exception as error:  # noqa: BLE001  a thread's failure is the test's
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert not problems
    assert [record.sequence for record in world.records()] == list(
        range(1, len(world.records()) + 1)
    )
    assert len(world.hosts.up) == 2
    world.assert_settled()


def test_a_command_waits_until_the_one_before_is_done_in_the_world_too(world: World) -> None:
    done = threading.Event()

    def allocate() -> None:
        world.allocate()
        done.set()

    def while_connecting() -> None:
        second.start()
        second.join(timeout=0.05)
        assert not done.is_set()

    second = threading.Thread(target=allocate)
    world.hosts.while_connecting = while_connecting
    world.run()
    assert done.wait(timeout=30)
    second.join(timeout=30)
    assert [record.kind for record in world.records()][1:] == [
        "InstanceOrdered",
        "OrdinaryIpAssigned",
        "InstanceStateChanged",
        "EipAllocated",
    ]


def test_the_state_stands_still_while_it_is_read(world: World) -> None:
    other = threading.Thread(target=world.allocate)
    with world.control.state() as state:
        before = snapshot(state)
        other.start()
        other.join(timeout=0.05)
        assert other.is_alive()
        assert snapshot(state) == before
    other.join(timeout=30)
    with world.control.state() as state:
        assert len(state.eips) == 1
