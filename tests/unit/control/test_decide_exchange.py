"""Addresses exchanged for others: what has one keeps all else it has."""

import pytest
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.compile import Compiler, compile_table
from gateway.control.exclusion import check
from gateway.control.progress import Progress
from gateway.control.state import State, ledger
from gateway.control.values import (
    Behaviour,
    ChargeType,
    InstanceState,
    NetworkType,
    PackageChargeType,
)

TOP5 = PackageChargeType.TOP5_POSTPAID_BY_MONTH


def standard() -> Story:
    """An account that may."""
    story = Story()
    story.do(cmd.ConfigureAccount(Behaviour.STANDARD))
    return story


def member(story: Story) -> str:
    """An EIP in a limited package; its id."""
    (created,) = story.do(cmd.CreatePackages("shared", 100, TOP5, NetworkType.BGP))
    assert isinstance(created, ev.PackageCreated)
    eip_id = story.allocate()
    story.do(cmd.JoinPackage(created.package_id, (eip_id,)))
    return eip_id


def test_an_ordinary_ip_becomes_another_and_keeps_its_id_and_package() -> None:
    story = standard()
    (created,) = story.do(cmd.CreatePackages("shared", 100, TOP5, NetworkType.BGP))
    assert isinstance(created, ev.PackageCreated)
    instance_id = story.run()
    before = story.instance(instance_id).ordinary
    assert before
    story.do(cmd.JoinPackage(created.package_id, (before.address_id,)))
    compiler = Compiler()
    compiler.compile(story.state)
    (event,) = story.do(cmd.ChangeOrdinaryIp(instance_id))
    after = story.instance(instance_id).ordinary
    assert after
    assert event == ev.AddressChanged(before.address_id, before.address, after.address, 1)
    assert after.address != before.address
    assert after.address_id == before.address_id
    assert story.state.packages[created.package_id].members == (after.address_id,)
    assert story.free()[-1] == before.address
    assert compiler.compile(story.state) == compile_table(story.state)
    (mapping,) = compile_table(story.state).mappings
    assert mapping.slot == story.state.slots.of[after.address]
    assert mapping.package == 1


def test_an_instance_never_gets_a_former_address() -> None:
    story = Story(pool="203.0.113.0/30", quarantine_s=0)
    story.do(cmd.ConfigureAccount(Behaviour.STANDARD))
    instance_id = story.run()
    former = story.ordinary(instance_id)
    story.do(cmd.ChangeOrdinaryIp(instance_id))
    assert story.instance(instance_id).former == (former,)
    story.do(cmd.ReturnOrdinaryIps((instance_id,)))
    eip_id = story.bound(instance_id)
    refused = story.refusal(cmd.UnbindEip(eip_id, reallocate=True))
    assert isinstance(refused, errors.PoolEmptyError)


@pytest.mark.parametrize("bound", [True, False])
def test_an_eip_in_a_package_gets_another_address(bound: bool) -> None:
    story = Story()
    eip_id = member(story)
    if bound:
        story.do(cmd.BindEip(eip_id, story.run()))
    before = story.eip(eip_id)
    compiler = Compiler()
    compiler.compile(story.state)
    story.do(cmd.ChangeEipAddress(eip_id))
    after = story.eip(eip_id)
    assert after.address != before.address
    assert (after.package_id, after.instance_id) == (before.package_id, before.instance_id)
    assert compiler.compile(story.state) == compile_table(story.state)


def test_one_address_changes_once_and_an_accounts_three_in_a_day() -> None:
    story = standard()
    instances = [story.run() for _ in range(4)]
    for instance_id in instances[:3]:
        story.do(cmd.ChangeOrdinaryIp(instance_id))
    assert isinstance(story.refusal(cmd.ChangeOrdinaryIp(instances[0])), errors.ChangedBeforeError)
    assert isinstance(story.refusal(cmd.ChangeOrdinaryIp(instances[3])), errors.DailyChangesError)
    story.now += ledger.DAY_S
    story.do(cmd.ChangeOrdinaryIp(instances[3]))
    assert isinstance(story.refusal(cmd.ChangeOrdinaryIp(instances[0])), errors.ChangedBeforeError)


def test_what_cant_be_exchanged() -> None:
    story = standard()
    without, with_eip = story.run(0), story.run()
    eip_id = story.allocate()
    story.do(cmd.ReturnOrdinaryIps((with_eip,)))
    story.do(cmd.BindEip(eip_id, with_eip))
    for instance_id in (without, with_eip):
        assert isinstance(story.refusal(cmd.ChangeOrdinaryIp(instance_id)), errors.NoWanIpError)
    assert isinstance(story.refusal(cmd.ChangeEipAddress(eip_id)), errors.ChargeTypeError)
    for refused in (
        story.refusal(cmd.ChangeOrdinaryIp("ins-nowhere0")),
        story.refusal(cmd.ChangeEipAddress("eip-nowhere0")),
    ):
        assert isinstance(refused, errors.UnknownInstanceError | errors.UnknownEipError)


def test_an_address_is_kept_while_its_instance_is_at_work() -> None:
    story = standard()
    passing = story.instance_in(InstanceState.REBOOTING)
    assert isinstance(story.refusal(cmd.ChangeOrdinaryIp(passing)), errors.MutexTaskError)
    eip_id, instance_id = member(story), story.run(0)
    story.do(cmd.BindEip(eip_id, instance_id))
    story.do(cmd.RebootInstance(instance_id))
    assert isinstance(story.refusal(cmd.ChangeEipAddress(eip_id)), errors.MutexTaskError)


def test_a_blocked_address_stays_where_it_is() -> None:
    story = standard()
    instance_id, eip_id = story.run(), member(story)
    for address in (story.public(instance_id), story.eip(eip_id).address):
        assert address
        story.do(cmd.BlockAddress(address, 60))
    for command in (cmd.ChangeOrdinaryIp(instance_id), cmd.ChangeEipAddress(eip_id)):
        assert isinstance(story.refusal(command), errors.AddressBlockedError)


def test_the_older_behaviour_knows_no_change_of_ordinary_ips() -> None:
    story = Story()
    refused = story.refusal(cmd.ChangeOrdinaryIp(story.run()))
    assert isinstance(refused, errors.UnsupportedBehaviourError)


def test_an_empty_pool_has_no_other_address() -> None:
    story = standard()
    instance_id = story.run()
    story.exhaust()
    assert isinstance(story.refusal(cmd.ChangeOrdinaryIp(instance_id)), errors.PoolEmptyError)


def test_an_address_that_is_another_than_the_log_says_is_a_broken_log() -> None:
    story = Story()
    eip_id = member(story)
    assert story.eip(eip_id).charge_type is ChargeType.BANDWIDTH_PACKAGE
    assert HOURLY is not ChargeType.BANDWIDTH_PACKAGE
    with pytest.raises(AssertionError):
        story.state.evolve(ev.AddressChanged(eip_id, "203.0.113.9", "203.0.113.10"), story.now)


@pytest.mark.parametrize("kind", ["ordinary", "bound EIP", "idle EIP"])
def test_until_it_is_in_force_an_exchange_is_under_way_and_the_former_address_kept(
    kind: str,
) -> None:
    story, progress = standard(), Progress()
    instance_id = story.run(10 if kind == "ordinary" else 0)
    eip_id = member(story)
    if kind == "bound EIP":
        story.do(cmd.BindEip(eip_id, instance_id))
    exchange = cmd.ChangeOrdinaryIp(instance_id) if kind == "ordinary" else None
    command = exchange or cmd.ChangeEipAddress(eip_id)
    progress.reached(story.state.sequence)
    check(story.state, progress, command)
    before = replayed(story)
    (event,) = story.do(command)
    assert isinstance(event, ev.AddressChanged)
    progress.take_in(event, before)
    busy = {instance_id} if kind != "idle EIP" else set()
    busy |= {event.address_id}
    assert all(progress.under_way(key) for key in busy)
    assert list(progress.given_back) == [event.before]
    with pytest.raises(errors.AddressBusyError):
        check(story.state, progress, command)
    progress.reached(story.state.sequence)
    assert not any(progress.under_way(key) for key in busy)
    assert list(progress.given_back) == []


def replayed(story: Story) -> State:
    """The state as it is now, of its own."""
    again = State()
    for event, at in story.history:
        again.evolve(event, at)
    return again
