"""Control in a world that fails or ends under it: clear errors, and it heals by itself."""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from support.audit import Audit
from support.faults import CrashError, Trouble
from support.story import HOURLY
from support.world import World

from gateway.control import commands as cmd
from gateway.control.errors import AdapterError, ControlError, DomainError
from gateway.control.upkeep import TRIES
from gateway.control.values import (
    Behaviour,
    ChargeType,
    InstanceState,
    NetworkType,
    PackageChargeType,
)
from gateway.store.records import Record
from gateway.store.sqlite import SqliteStore


def by_name(world: World, name: str) -> str:
    """The id of the instance, EIP or package called so; one that isn't there if there is none."""
    with world.control.state() as state:
        ids = [key for key, instance in state.instances.items() if instance.name == name]
        ids += [key for key, eip in state.eips.items() if eip.name == name]
        ids += [key for key, package in state.packages.items() if package.name == name]
    return ids[0] if ids else "none"


def ordinary_of(world: World, name: str) -> str:
    """The id of the ordinary public IP of the instance called so; one that isn't there, too."""
    instance_id = by_name(world, name)
    with world.control.state() as state:
        instance = state.instances.get(instance_id)
    return instance.ordinary.address_id if instance and instance.ordinary else "none"


def address_of(world: World, name: str) -> str:
    """The address of the EIP called so."""
    eip_id = by_name(world, name)
    with world.control.state() as state:
        return state.eips[eip_id].address if eip_id in state.eips else "none"


TOP5 = PackageChargeType.TOP5_POSTPAID_BY_MONTH
PACKAGE = ChargeType.BANDWIDTH_PACKAGE
BY_BANDWIDTH = ChargeType.BANDWIDTH_POSTPAID_BY_HOUR
Step = Callable[[World], cmd.Command]
DAY: list[Step] = [
    lambda _: cmd.RunInstance("web", 10, HOURLY),
    lambda _: cmd.RunInstance("db", 0, HOURLY, client_token="t"),
    lambda _: cmd.AllocateEip("front", 5, HOURLY),
    lambda world: cmd.BindEip(by_name(world, "front"), by_name(world, "web")),
    lambda world: cmd.BindEip(by_name(world, "front"), by_name(world, "db")),
    lambda world: cmd.ChangeEipsBandwidth((by_name(world, "front"),), 20),
    lambda _: cmd.CreatePackages("shared", 50, TOP5, NetworkType.BGP),
    lambda world: cmd.JoinPackage(by_name(world, "shared"), (by_name(world, "front"),)),
    lambda world: cmd.StopInstance(by_name(world, "web")),
    lambda world: cmd.StartInstance(by_name(world, "web")),
    lambda world: cmd.UnbindEip(by_name(world, "front")),
    lambda world: cmd.RebootInstance(by_name(world, "db")),
    lambda world: cmd.ReleaseEip(by_name(world, "front")),
    lambda world: cmd.TransformOrdinaryIp(by_name(world, "web")),
    lambda world: cmd.TerminateInstance(by_name(world, "web")),
    lambda world: cmd.AllocateEip(
        "pair", 5, PACKAGE, by_name(world, "shared"), count=2, client_token="u"
    ),
    lambda _: cmd.RunInstance("twin", 10, HOURLY, count=2, client_token="v"),
    lambda world: cmd.ChangeInstancesBandwidth((by_name(world, "twin1"),), 20),
    lambda world: cmd.ChangePackageBandwidth(by_name(world, "shared"), 60),
    lambda world: cmd.JoinPackage(by_name(world, "shared"), (ordinary_of(world, "twin1"),)),
    lambda world: cmd.ChangePackageAttributes(by_name(world, "shared"), "team", None),
    lambda world: cmd.LeavePackage(by_name(world, "team"), (by_name(world, "pair"),)),
    lambda world: cmd.ChangeEipChargeType(by_name(world, "pair"), BY_BANDWIDTH, 7),
    lambda world: cmd.RenameEip(by_name(world, "pair"), "lone"),
    lambda world: cmd.RenameInstances((by_name(world, "twin1"),), "first"),
    lambda world: cmd.TransformOrdinaryIp(by_name(world, "first")),
    lambda _: cmd.ConfigureAccount(Behaviour.STANDARD, eips_max=30),
    lambda world: cmd.ReturnOrdinaryIps((by_name(world, "twin2"),)),
    lambda world: cmd.BindEip(by_name(world, "lone"), by_name(world, "twin2")),
    lambda world: cmd.UnbindEip(by_name(world, "lone"), reallocate=True),
    lambda world: cmd.CreatePackages("two", 5, TOP5, NetworkType.BGP, count=2),
    lambda world: cmd.DeletePackage(by_name(world, "two")),
    lambda world: cmd.BlockAddress(address_of(world, "lone"), 60),
    lambda world: cmd.OpenAddress(address_of(world, "lone")),
]
CALLS_OF_A_DAY = 92


def live(world: World, steps: Iterator[Step]) -> ControlError | None:
    """Go on with the day until a step fails; what failed. Refusals follow from earlier failures."""
    for step in steps:
        try:
            world.execute(step(world))
        except DomainError:
            continue
        except AdapterError as error:
            return error
    return None


def assert_a_sound_log(records: list[Record]) -> None:
    """No address was in two places, given in quarantine or to a former holder."""
    audit = Audit()
    for record in records:
        audit.take(record)


def test_a_day_without_trouble_makes_so_many_calls(world: World) -> None:
    before = len(world.faults.calls)
    assert live(world, iter(DAY)) is None
    assert len(world.faults.calls) - before == CALLS_OF_A_DAY
    world.assert_settled()


@pytest.mark.parametrize("times", [1, TRIES], ids=["once", "as often as it is tried"])
@pytest.mark.parametrize("nth", range(1, CALLS_OF_A_DAY + 1))
def test_any_call_may_fail_and_the_next_command_heals_it(
    quick_world: World, nth: int, times: int
) -> None:
    world = quick_world
    world.faults.plan(Trouble.FAILS, nth, times)
    steps = iter(DAY)
    error = live(world, steps)
    assert world.faults.hit
    if error:
        assert str(error)
        assert "\n" not in str(error)
    world.assert_replay_equals_live()
    world.faults.mend()
    live(world, steps)
    world.allocate("last")
    world.assert_settled()
    assert_a_sound_log(world.records())


@pytest.mark.parametrize("nth", range(1, CALLS_OF_A_DAY + 1))
def test_any_call_may_fail_and_a_restart_heals_it(quick_world: World, nth: int) -> None:
    world = quick_world
    world.faults.plan(Trouble.FAILS, nth, TRIES)
    live(world, iter(DAY))
    world.faults.mend()
    world.restart()
    world.assert_settled()


@pytest.mark.parametrize("nth", range(1, CALLS_OF_A_DAY + 1))
def test_any_call_may_report_a_failure_after_its_effect_and_a_restart_heals_it(
    quick_world: World, nth: int
) -> None:
    world = quick_world
    world.faults.plan(Trouble.FAILS_LATE, nth)
    live(world, iter(DAY))
    world.faults.mend()
    world.restart()
    live(world, iter(DAY))
    world.assert_settled()
    assert_a_sound_log(world.records())


@pytest.mark.parametrize("trouble", [Trouble.CRASHES, Trouble.CRASHES_LATE])
@pytest.mark.parametrize("nth", range(1, CALLS_OF_A_DAY + 1))
def test_the_process_may_end_at_any_call_and_a_restart_heals_it(
    quick_world: World, nth: int, trouble: Trouble
) -> None:
    world = quick_world
    world.faults.plan(trouble, nth)
    steps = iter(DAY)
    with pytest.raises(CrashError):
        live(world, steps)
    world.restart()
    world.assert_settled()
    live(world, steps)
    world.assert_settled()
    assert_a_sound_log(world.records())


@pytest.mark.parametrize("nth", range(1, 8))
@pytest.mark.parametrize("trouble", list(Trouble))
def test_a_restart_may_fail_at_any_call_and_the_next_one_heals_it(
    quick_world: World, nth: int, trouble: Trouble
) -> None:
    world = quick_world
    web, stopped = world.run("web"), world.run("db")
    world.execute(cmd.StopInstance(stopped))
    world.faults.break_("remove")
    with pytest.raises(AdapterError):
        world.execute(cmd.TerminateInstance(web))
    world.faults.mend()
    world.faults.plan(trouble, nth)
    with suppress(AdapterError, CrashError):
        world.restart()
    world.faults.mend()
    world.restart()
    world.assert_settled()
    assert world.hosts.up == {stopped: False}


@pytest.mark.parametrize("nth", range(1, 4))
@pytest.mark.parametrize("trouble", list(Trouble))
def test_the_first_start_may_fail_and_the_next_one_heals_it(
    tmp_path: Path, nth: int, trouble: Trouble
) -> None:
    with closing(World(tmp_path)) as world:
        for leftover in tmp_path.glob("log*"):
            leftover.unlink()
        world.faults.plan(trouble, nth)
        with suppress(AdapterError, CrashError):  # what isn't the log's is logged, and tried again
            world.restart()
        world.faults.mend()
        world.restart()
        world.assert_settled()


def test_a_commit_that_failed_has_changed_nothing(world: World) -> None:
    before = world.records()
    world.faults.break_("append")
    with pytest.raises(AdapterError, match="append failed"):
        world.run()
    assert world.records() == before
    world.assert_settled()


def test_a_launch_that_fails_releases_the_address_and_the_machine(world: World) -> None:
    world.faults.break_("connect")
    with pytest.raises(AdapterError, match="connect failed"):
        world.run()
    instance_id = by_name(world, "web")
    assert world.instance(instance_id).state is InstanceState.LAUNCH_FAILED
    assert world.public(instance_id) is None
    assert world.faults.hit == ["connect"] * TRIES
    kinds = [record.kind for record in world.records()]
    assert kinds[-2:] == ["OrdinaryIpReleased", "InstanceStateChanged"]
    assert '"why":"connect failed"' in world.records()[-1].body
    world.assert_settled()
    world.execute(cmd.TerminateInstance(instance_id))
    world.assert_settled()


def test_a_machine_that_fails_twice_is_there_at_the_third_try(world: World) -> None:
    world.faults.plan(Trouble.FAILS, nth=3, times=TRIES - 1)
    world.run()
    assert world.faults.hit == ["connect"] * (TRIES - 1)
    world.assert_settled()


def test_a_machine_that_can_neither_be_built_nor_removed_is_removed_later(world: World) -> None:
    world.faults.break_("connect", "remove")
    with pytest.raises(AdapterError, match="connect failed"):
        world.run()
    instance_id = by_name(world, "web")
    assert world.instance(instance_id).state is InstanceState.LAUNCH_FAILED
    assert world.instance(instance_id).ordinary is None
    calls = len(world.faults.calls)
    world.faults.mend()
    world.allocate()
    assert "remove" in world.faults.calls[calls:]
    calls = len(world.faults.calls)
    world.allocate()
    assert "remove" not in world.faults.calls[calls:], "once is enough"
    world.assert_settled()


@pytest.mark.parametrize(
    ("command", "broken", "hanging"),
    [
        (cmd.StopInstance, "disconnect", InstanceState.STOPPING),
        (cmd.RebootInstance, "connect", InstanceState.REBOOTING),
        (cmd.TerminateInstance, "remove", InstanceState.TERMINATING),
    ],
)
def test_an_instance_that_hangs_in_a_passing_state_gets_on_with_the_next_command(
    world: World,
    command: type[cmd.StopInstance | cmd.RebootInstance | cmd.TerminateInstance],
    broken: str,
    hanging: InstanceState,
) -> None:
    instance_id = world.run()
    world.faults.break_(broken)
    with pytest.raises(AdapterError, match=f"{broken} failed"):
        world.execute(command(instance_id))
    assert world.instance(instance_id).state is hanging
    assert world.tables.mappings == {}, "nothing is sent to it meanwhile"
    world.faults.mend()
    with pytest.raises(DomainError):
        world.execute(cmd.UnbindEip("eip-nowhere0"))
    world.assert_settled()


def test_an_instance_that_hangs_does_not_keep_others_from_working(world: World) -> None:
    hanging, other = world.run("hanging"), world.run("other")
    world.faults.break_("remove")
    with pytest.raises(AdapterError):
        world.execute(cmd.TerminateInstance(hanging))
    eip_id = world.allocate()
    world.execute(cmd.BindEip(eip_id, other))
    world.execute(cmd.RebootInstance(other))
    assert world.instance(other).state is InstanceState.RUNNING
    assert world.instance(hanging).state is InstanceState.TERMINATING
    world.assert_table_is_the_states()


@pytest.mark.parametrize("broken", ["connect", "disconnect"])
def test_one_machine_that_cannot_be_made_does_not_keep_control_from_starting(
    world: World, broken: str
) -> None:
    running, stopped = world.run("web"), world.run("db")
    world.execute(cmd.StopInstance(stopped))
    world.faults.break_(broken)
    world.restart()
    world.assert_table_is_the_states()
    world.faults.mend()
    world.restart()
    assert world.hosts.up == {running: True, stopped: False}


def test_a_second_writer_is_refused_and_changes_nothing(world: World, tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "log")) as other:
        other.append([Record(2, 1.0, "InstanceGone", '{"instance_id":"ins-x"}')])
    calls = len(world.faults.calls)
    with pytest.raises(AdapterError, match="doesn't follow from those before it"):
        world.allocate()
    assert world.faults.calls[calls:] == [], "the table stays as it is"
    with world.control.state() as state:
        assert not state.eips
