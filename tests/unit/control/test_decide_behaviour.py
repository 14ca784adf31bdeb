"""LEGACY and STANDARD: what binding, unbinding, transforming and returning do."""

import pytest
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.compile import Compiler, compile_table
from gateway.control.values import Behaviour, ChargeType, InstanceState, NetworkType
from gateway.control.values import PackageChargeType as Kind

BOTH = pytest.mark.parametrize("behaviour", list(Behaviour))
PACKAGE = ChargeType.BANDWIDTH_PACKAGE


def account(behaviour: Behaviour) -> Story:
    """A lab whose account behaves so."""
    story = Story()
    story.do(cmd.ConfigureAccount(behaviour))
    return story


def standard_bound(story: Story) -> tuple[str, str]:
    """An instance without an ordinary public IP, and the EIP that is bound to it."""
    instance_id = story.run()
    story.do(cmd.ReturnOrdinaryIps((instance_id,)))
    return instance_id, story.bound(instance_id)


def test_an_account_is_legacy_until_something_else_is_said() -> None:
    story = Story()
    assert story.state.account.behaviour.value == "LEGACY"
    change = cmd.ConfigureAccount(Behaviour.STANDARD)
    assert story.do(change) == [ev.AccountConfigured("STANDARD", 20, 40)]
    assert story.state.account.behaviour.value == "STANDARD"


def test_binding_with_standard_needs_an_instance_without_an_ordinary_ip() -> None:
    story = account(Behaviour.STANDARD)
    instance_id, eip_id = story.run(), story.allocate()
    refused = story.refusal(cmd.BindEip(eip_id, instance_id))
    assert isinstance(refused, errors.HasOrdinaryAddressError)
    address = story.ordinary(instance_id)
    assert address
    assert story.do(cmd.ReturnOrdinaryIps((instance_id, instance_id))) == [
        ev.OrdinaryIpReleased(instance_id, address)
    ]
    assert story.do(cmd.BindEip(eip_id, instance_id)) == [ev.EipBound(eip_id, instance_id)]


def test_binding_with_standard_needs_an_unbound_eip() -> None:
    story = account(Behaviour.STANDARD)
    _, eip_id = standard_bound(story)
    refused = story.refusal(cmd.BindEip(eip_id, story.run(bandwidth_mbps=0)))
    assert isinstance(refused, errors.EipStatusError)
    assert "unbind it first" in str(refused)


def test_unbinding_with_standard_assigns_nothing_unless_it_is_asked_for() -> None:
    story = account(Behaviour.STANDARD)
    instance_id, eip_id = standard_bound(story)
    assert story.do(cmd.UnbindEip(eip_id)) == [ev.EipUnbound(eip_id, instance_id)]
    assert story.public(instance_id) is None
    story.do(cmd.BindEip(eip_id, instance_id))
    unbound, assigned = story.do(cmd.UnbindEip(eip_id, reallocate=True))
    assert unbound == ev.EipUnbound(eip_id, instance_id)
    assert isinstance(assigned, ev.OrdinaryIpAssigned)


def test_unbinding_with_legacy_assigns_nothing_if_that_is_asked_for() -> None:
    story = account(Behaviour.LEGACY)
    instance_id = story.run()
    eip_id = story.bound(instance_id)
    unbound = ev.EipUnbound(eip_id, instance_id)
    assert story.do(cmd.UnbindEip(eip_id, reallocate=False)) == [unbound]
    assert story.public(instance_id) is None
    story.do(cmd.BindEip(eip_id, instance_id))
    assert [type(one) for one in story.do(cmd.UnbindEip(eip_id))] == [
        ev.EipUnbound,
        ev.OrdinaryIpAssigned,
    ]


def test_who_bought_no_bandwidth_is_assigned_nothing_though_it_is_asked_for() -> None:
    story = account(Behaviour.STANDARD)
    instance_id = story.run(bandwidth_mbps=0)
    eip_id = story.bound(instance_id)
    assert story.do(cmd.UnbindEip(eip_id, reallocate=True)) == [ev.EipUnbound(eip_id, instance_id)]


@BOTH
def test_ten_times_a_day_an_ordinary_ip_is_assigned_anew(behaviour: Behaviour) -> None:
    story = Story(pool="203.0.112.0/24")
    story.do(cmd.ConfigureAccount(behaviour))
    story.do(cmd.ConfigureAccount(Behaviour.LEGACY))
    instance_id, eip_id = story.run(), story.allocate()
    for _ in range(10):
        story.do(cmd.BindEip(eip_id, instance_id))
        story.do(cmd.UnbindEip(eip_id))
    story.do(cmd.BindEip(eip_id, instance_id))
    assert story.state.ledger.reassignments(story.now) == 10
    story.do(cmd.ConfigureAccount(behaviour))
    again = cmd.UnbindEip(eip_id, reallocate=True)
    if behaviour is Behaviour.LEGACY:
        assert len(story.do(again)) == 2
        return
    assert isinstance(story.refusal(again), errors.DailyQuotaError)
    story.now += 86_400
    assert len(story.do(again)) == 2


def test_with_legacy_nobody_returns_an_ordinary_ip() -> None:
    story = Story()
    refused = story.refusal(cmd.ReturnOrdinaryIps((story.run(),)))
    assert isinstance(refused, errors.UnsupportedBehaviourError)


def test_with_standard_only_what_is_there_is_returned_all_or_none() -> None:
    story = account(Behaviour.STANDARD)
    with_one, without = story.run(), story.run(bandwidth_mbps=0)
    refused = story.refusal(cmd.ReturnOrdinaryIps((with_one, without)))
    assert isinstance(refused, errors.NoWanIpError)


@BOTH
def test_an_ordinary_ip_becomes_an_eip_and_stays_where_it_is(behaviour: Behaviour) -> None:
    story = account(behaviour)
    instance_id, compiler = story.run(), Compiler()
    ordinary, before = story.instance(instance_id).ordinary, compiler.compile(story.state).mappings
    assert ordinary
    (event,) = story.do(cmd.TransformOrdinaryIp(instance_id))
    assert isinstance(event, ev.EipTransformed)
    eip = story.eip(event.eip_id)
    assert (eip.eip_id, eip.address) == (ordinary.address_id, ordinary.address)
    assert (eip.instance_id, eip.bandwidth_mbps, eip.charge_type) == (instance_id, 10, HOURLY)
    assert compiler.compile(story.state).mappings == before
    assert compiler.compile(story.state) == compile_table(story.state)
    assert story.state.ledger.applications(story.now) == 1
    story.now += 7
    assert eip.bound_for_s(story.now) == 7
    story.do(cmd.UnbindEip(eip.eip_id, reallocate=True))
    assert story.ordinary(instance_id) not in (None, eip.address)


def test_an_ordinary_ip_that_becomes_an_eip_stays_in_its_package() -> None:
    story = Story()
    make = cmd.CreatePackages("x", 100, Kind.TOP5_POSTPAID_BY_MONTH, NetworkType.BGP)
    (created,) = story.do(make)
    assert isinstance(created, ev.PackageCreated)
    ordered = story.do(cmd.RunInstance("web", 500, PACKAGE, created.package_id))[0]
    assert isinstance(ordered, ev.InstanceOrdered)
    instance_id = ordered.instance_id
    story.do(cmd.ReportDone(instance_id))
    before = compile_table(story.state).mappings
    story.do(cmd.TransformOrdinaryIp(instance_id))
    instance = story.instance(instance_id)
    assert instance.eip_id
    eip = story.eip(instance.eip_id)
    assert (eip.package_id, eip.charge_type) == (created.package_id, PACKAGE)
    assert (instance.package_id, instance.charge_type) == (None, HOURLY)
    assert compile_table(story.state).mappings == before


def test_what_cannot_become_an_eip() -> None:
    story = Story()
    bound, without = story.run(), story.run(bandwidth_mbps=0)
    story.bound(bound)
    ordered = story.do(cmd.RunInstance("web", 10, ChargeType.BANDWIDTH_PREPAID))[0]
    assert isinstance(ordered, ev.InstanceOrdered)
    story.do(cmd.ReportDone(ordered.instance_id))
    rows = [
        (bound, errors.AlreadyBoundError),
        (without, errors.NoWanIpError),
        (ordered.instance_id, errors.ChargeTypeError),
        ("ins-nowhere0", errors.UnknownInstanceError),
    ]
    for instance_id, error in rows:
        assert isinstance(story.refusal(cmd.TransformOrdinaryIp(instance_id)), error)
    story.do(cmd.ConfigureAccount(eips_max=1))
    refused = story.refusal(cmd.TransformOrdinaryIp(story.run()))
    assert isinstance(refused, errors.EipQuotaError)


@BOTH
@pytest.mark.parametrize(
    "passing", [InstanceState.STARTING, InstanceState.STOPPING, InstanceState.REBOOTING]
)
def test_while_a_task_runs_an_instances_addresses_stay(
    passing: InstanceState, behaviour: Behaviour
) -> None:
    story = Story()
    busy, other = story.instance_in(InstanceState.STOPPED), story.run()
    eip_id = story.bound(busy)
    story.do(cmd.StartInstance(busy))
    if passing is not InstanceState.STARTING:
        story.do(cmd.ReportDone(busy))
        story.do(
            cmd.StopInstance(busy)
            if passing is InstanceState.STOPPING
            else cmd.RebootInstance(busy)
        )
    commands: list[cmd.Command] = [cmd.UnbindEip(eip_id)]
    if behaviour is Behaviour.LEGACY:
        commands.append(cmd.BindEip(eip_id, other))
    story.do(cmd.ConfigureAccount(behaviour))
    for command in commands:
        refused = story.refusal(command)
        assert isinstance(refused, errors.MutexTaskError)
        assert passing.value in str(refused)
