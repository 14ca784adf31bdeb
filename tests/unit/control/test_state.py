"""The state: a function of the log, whole and in order."""

from collections.abc import Callable

import pytest
from support.groups import create, template
from support.snapshot import snapshot
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.state import PASSING, State, touches
from gateway.control.values import (
    ChargeType,
    InstanceState,
    NetworkType,
    PackageChargeType,
    Policy,
    PolicyAction,
    PolicyDirection,
    Renewal,
    Tag,
    TemplateKind,
)


def change_everything(story: Story, instance_id: str) -> None:
    """Bandwidths, charge types and names."""
    eip_id = story.allocate()
    story.do(cmd.ChangeInstancesBandwidth((instance_id,), 20))
    story.do(cmd.RenameInstances((instance_id,), "www"))
    story.do(cmd.ChangeInstancesAttributes((instance_id,), role="reader"))
    story.do(cmd.ChangeEipsBandwidth((eip_id,), 20))
    monthly = ChargeType.BANDWIDTH_PREPAID_BY_MONTH
    story.do(cmd.ChangeEipChargeType(eip_id, monthly, 30, months=1))
    story.do(cmd.ChangeEipsRenewal((eip_id,), Renewal.MANUAL))
    paid_for = cmd.AllocateEip("y", 5, monthly, months=1, renewal=Renewal.NEVER)
    (late,) = story.do(paid_for)
    assert isinstance(late, ev.EipAllocated)
    story.do(cmd.RenameEip(eip_id, "back"))
    kind = PackageChargeType.TOP5_POSTPAID_BY_MONTH
    (created,) = story.do(cmd.CreatePackages("shared", 100, kind, NetworkType.BGP))
    assert isinstance(created, ev.PackageCreated)
    story.do(cmd.ConfigureAccount(eips_max=21))
    story.do(cmd.TransformOrdinaryIp(story.run()))
    tags = (Tag("owner", "net"),)
    (event, *_) = story.do(cmd.AllocateEip("x", 5, HOURLY, client_token="t", tags=tags))
    assert isinstance(event, ev.EipAllocated)
    other = event.eip_id
    story.do(cmd.ChangeTags(other, given=(Tag("stage", "test"),), taken=("owner",)))
    story.do(cmd.DeleteTag(*tags))
    story.do(cmd.CreateTag(*tags))
    story.do(cmd.JoinPackage(created.package_id, (other,)))
    story.do(cmd.ChangeEipAddress(other))
    story.do(cmd.ChangePackageBandwidth(created.package_id, 50))
    story.do(cmd.LeavePackage(created.package_id, (other,)))
    story.do(cmd.DeletePackage(created.package_id))
    for eip in story.state.eips.values():
        story.do(cmd.BlockAddress(eip.address, 60))
    story.do(cmd.OpenAddress(story.eip(other).address))


def change_groups(story: Story, instance_id: str) -> None:
    """Security groups and templates come, change and go."""
    ports = template(story, TemplateKind.SERVICES, "tcp:80")
    policy = Policy(PolicyAction.ACCEPT, cidr="192.0.2.0/24", services=ports)
    group_id = create(story, ingress=(policy,))
    story.do(cmd.ChangeTemplate(ports, "web"))
    story.do(cmd.ChangeGroup(group_id, "www"))
    story.do(cmd.JoinGroups((instance_id,), (group_id,)))
    story.do(cmd.AddPolicies(group_id, PolicyDirection.EGRESS, (policy,)))
    story.do(cmd.RemovePolicies(group_id, PolicyDirection.INGRESS, (0,)))
    story.do(cmd.DeleteGroup(create(story)))
    story.do(cmd.SetPolicies(group_id, version=0))
    story.do(cmd.DeleteTemplate(ports))


def expire(story: Story) -> None:
    """All EIPs that aren't renewed."""
    story.now = max(story.state.deadlines.values())
    assert any(isinstance(event, ev.EipExpired) for event in story.do(cmd.KeepDeadlines()))


def a_day() -> Story:
    """A bit of everything."""
    story = Story()
    web, database = story.run(name="web"), story.run(0, name="db")
    eip_id = story.bound(web)
    story.now += 10
    story.do(cmd.BindEip(eip_id, database))
    story.do(cmd.UnbindEip(eip_id))
    story.do(cmd.ReleaseEip(eip_id))
    story.instance_in(InstanceState.LAUNCH_FAILED)
    story.now += 100
    change_everything(story, web)
    change_groups(story, web)
    story.stop(web)
    story.stop(story.run(), charging=False)
    story.run()
    story.terminate(database)
    story.instance_in(InstanceState.TERMINATING)
    story.bound(story.run())
    expire(story)
    return story


def test_the_same_events_give_the_same_state() -> None:
    story = a_day()
    again = State()
    for event, at in story.history:
        again.evolve(event, at)
    assert snapshot(again) == snapshot(story.state)


def test_the_events_of_a_day_are_of_every_kind() -> None:
    assert {type(event) for event, _ in a_day().history} == set(ev.Event.__args__)


def test_the_sequence_counts_events() -> None:
    story = a_day()
    assert story.state.sequence == len(story.history)


@pytest.mark.parametrize("part", ["pool", "subnet"])
def test_a_state_before_its_configuration_has_no_addresses(part: str) -> None:
    with pytest.raises(AssertionError, match="LabConfigured is always the first event"):
        getattr(State(), part)


def test_a_lab_is_configured_once() -> None:
    story = Story()
    assert story.state.config is not None
    with pytest.raises(AssertionError):
        story.state.evolve(story.state.config, story.now)


def test_an_ordinary_ip_is_found_by_its_id_while_an_instance_has_it() -> None:
    story = Story()
    instance_id = story.run()
    ordinary = story.instance(instance_id).ordinary
    assert ordinary is not None
    assert story.state.ordinary_ip(ordinary.address_id) == ordinary
    eip_id = story.bound(instance_id)
    assert story.state.ordinary_ip(ordinary.address_id) is None
    assert story.state.ordinary_ip(eip_id) is None


def test_an_address_is_found_by_its_id_whatever_kind_it_is() -> None:
    story = Story()
    ordinary, eip_id = story.instance(story.run()).ordinary, story.allocate()
    assert ordinary
    assert story.state.address(ordinary.address_id) == ordinary.address
    assert story.state.address(eip_id) == story.eip(eip_id).address
    with pytest.raises(KeyError):
        story.state.address("eip-nowhere0")


def test_what_is_looked_up_is_what_the_instances_say() -> None:
    state = a_day().state
    instances = state.instances.items()
    assert state.macs == {instance.mac: key for key, instance in instances}
    assert state.ordinary == {
        instance.ordinary.address_id: key for key, instance in instances if instance.ordinary
    }
    assert state.in_use == {
        instance.ordinary.address: instance.ordinary.address_id
        for _, instance in instances
        if instance.ordinary
    } | {eip.address: key for key, eip in state.eips.items()}
    assert state.passing == {
        key: instance.state for key, instance in instances if instance.state in PASSING
    }
    assert all((state.macs, state.ordinary, state.passing))


def test_what_an_event_touched_is_known_the_latest_first() -> None:
    story = Story()
    first, second, third = story.run(), story.run(), story.run()
    before = story.state.sequence
    assert story.state.touched_since(before) == []
    eip_id = story.bound(first)
    assert story.state.touched_since(before) == [first]
    story.do(cmd.BindEip(eip_id, third))
    assert story.state.touched_since(before) == [third, first]
    story.terminate(second)
    assert story.state.touched_since(before) == [second, third, first]
    assert story.state.touched_since(story.state.sequence - 1) == [second]


def test_whatever_changes_of_a_bound_eip_its_instance_is_touched() -> None:
    story = Story()
    instance_id = story.run()
    eip = story.eip(story.bound(instance_id))
    before = story.state.sequence
    story.state.evolve(ev.EipBandwidthChanged(eip.eip_id, 50), story.now)
    assert story.state.touched_since(before) == [instance_id]


def test_touches_too_many_to_note_are_not_half_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(touches, "TOUCHED_MAX", 2)
    story = Story()
    first, second, third = (story.run() for _ in range(3))
    before = story.state.sequence
    story.do(cmd.StopInstance(second))
    story.do(cmd.StopInstance(third))
    assert story.state.touched_since(before) == [third, second]
    story.do(cmd.StopInstance(first))
    assert story.state.touched_since(before) is None
    assert story.state.touched_since(before + 1) == [first, third]


def test_the_bandwidth_is_that_of_the_public_address() -> None:
    story = Story()
    with_ordinary, with_eip, without = story.run(20), story.run(20), story.run(0)
    eip_id = story.bound(with_eip)
    bandwidths = {
        instance_id: story.state.bandwidth_mbps(story.instance(instance_id))
        for instance_id in (with_ordinary, with_eip, without)
    }
    assert bandwidths == {with_ordinary: 20, with_eip: 5, without: 0}
    story.do(cmd.UnbindEip(eip_id))
    assert story.state.bandwidth_mbps(story.instance(with_eip)) == 20


def test_times_are_those_of_the_events() -> None:
    story = Story()
    assert story.state.configured_at == story.now
    story.now = 1234.5
    assert story.instance(story.run()).created_at == 1234.5
    assert story.eip(story.allocate()).created_at == 1234.5


def _with_eip(story: Story) -> str:
    instance_id = story.run()
    story.bound(instance_id)
    return instance_id


def _released_while_bound(story: Story) -> ev.Event:
    eip = story.eip(story.bound(story.run()))
    return ev.EipReleased(eip.eip_id, eip.address)


@pytest.mark.parametrize(
    "make",
    [
        lambda story: ev.InstanceGone(story.run()),
        lambda story: ev.InstanceGone(_with_eip(story)),
        _released_while_bound,
    ],
    ids=["gone with an ordinary IP", "gone with an EIP", "released while bound"],
)
def test_a_log_that_decide_cannot_have_written_is_not_taken_in(
    make: Callable[[Story], ev.Event],
) -> None:
    story = Story()
    event = make(story)
    with pytest.raises(AssertionError):
        story.state.evolve(event, story.now)


def test_an_address_in_use_cannot_be_assigned_again() -> None:
    story = Story()
    first, second = story.run(), story.run(0)
    address = story.ordinary(first)
    assert address is not None
    with pytest.raises(KeyError):
        story.state.evolve(ev.OrdinaryIpAssigned(second, "eip-x", address), story.now)
