"""What becomes of addresses: each rule of the seed by its name."""

from random import Random

import pytest
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.decisions.moment import Moment
from gateway.control.values import InstanceState


def test_an_instance_with_bandwidth_is_assigned_an_ordinary_ip_of_the_pool() -> None:
    story = Story(pool="203.0.113.0/28")
    ordered, assigned = story.do(cmd.RunInstance("web", 1, HOURLY))
    assert isinstance(ordered, ev.InstanceOrdered)
    assert isinstance(assigned, ev.OrdinaryIpAssigned)
    assert assigned.instance_id == ordered.instance_id
    assert story.ordinary(ordered.instance_id) == "203.0.113.1"
    assert "203.0.113.1" not in story.free()


def test_an_instance_without_bandwidth_is_assigned_none() -> None:
    story = Story()
    before = story.free()
    instance_id = story.run(bandwidth_mbps=0)
    assert story.public(instance_id) is None
    assert story.free() == before


def test_an_instance_has_a_private_ip_a_mac_an_id_and_a_uuid_of_the_clouds_forms() -> None:
    story = Story()
    instance = story.instance(story.run(name="web"))
    assert instance.instance_id.startswith("ins-")
    assert len(instance.instance_id) == len("ins-1a2b3c4d")
    assert instance.mac.startswith("52:54:00:")
    assert len(instance.mac) == len("52:54:00:00:00:00")
    assert instance.uuid[14] == "4"
    assert instance.private_ip == "10.0.0.2"
    assert instance.name == "web"


def test_private_ips_come_from_the_subnet_without_gateway_network_and_broadcast() -> None:
    story = Story(vpc="10.0.0.0/29", reserved=("10.0.0.1",))
    given = [story.instance(story.run(0)).private_ip for _ in range(5)]
    assert given == ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"]
    assert "no private address is free" in str(story.refusal(cmd.RunInstance("web", 0, HOURLY)))


def test_a_gone_instances_private_ip_is_given_again_when_no_longer_free_one_is_left() -> None:
    story = Story(vpc="10.0.0.0/30", reserved=("10.0.0.1",))
    first = story.run(0)
    story.terminate(first)
    assert story.instance(story.run(0)).private_ip == "10.0.0.2"


def test_terminating_gives_the_ordinary_ip_back_to_the_pool() -> None:
    story = Story()
    instance_id = story.run()
    address = story.ordinary(instance_id)
    story.do(cmd.TerminateInstance(instance_id))
    assert story.free()[-1] == address, "at once, and as the one that is free the shortest"
    story.do(cmd.ReportDone(instance_id))
    assert instance_id not in story.state.instances


def test_terminating_unbinds_the_eip_which_stays_the_accounts() -> None:
    story = Story()
    instance_id = story.run()
    eip_id = story.bound(instance_id)
    address = story.eip(eip_id).address
    story.terminate(instance_id)
    assert story.eip(eip_id).instance_id is None
    assert story.eip(eip_id).address == address
    assert address not in story.free()


def test_binding_an_eip_releases_the_ordinary_ip_at_once() -> None:
    story = Story()
    instance_id = story.run()
    ordinary = story.ordinary(instance_id)
    eip_id = story.allocate()
    assert ordinary is not None
    assert story.do(cmd.BindEip(eip_id, instance_id)) == [
        ev.OrdinaryIpReleased(instance_id, ordinary),
        ev.EipBound(eip_id, instance_id),
    ]
    assert story.ordinary(instance_id) is None
    assert story.public(instance_id) == story.eip(eip_id).address
    assert ordinary in story.free()


def test_an_eip_can_be_bound_to_an_instance_without_bandwidth() -> None:
    story = Story()
    instance_id = story.run(bandwidth_mbps=0)
    eip_id = story.bound(instance_id)
    assert story.public(instance_id) == story.eip(eip_id).address


def test_unbinding_an_eip_gives_the_instance_a_new_ordinary_ip() -> None:
    story = Story()
    instance_id = story.run()
    former = story.ordinary(instance_id)
    eip_id = story.bound(instance_id)
    story.do(cmd.UnbindEip(eip_id))
    assert story.eip(eip_id).instance_id is None
    new = story.ordinary(instance_id)
    assert new is not None
    assert new not in (former, story.eip(eip_id).address)
    assert story.public(instance_id) == new


def test_unbinding_an_eip_from_an_instance_without_bandwidth_gives_it_none() -> None:
    story = Story()
    instance_id = story.run(bandwidth_mbps=0)
    eip_id = story.bound(instance_id)
    assert story.do(cmd.UnbindEip(eip_id)) == [ev.EipUnbound(eip_id, instance_id)]
    assert story.public(instance_id) is None


def test_a_released_ordinary_ip_is_never_given_again_to_the_same_instance() -> None:
    story = Story(pool="203.0.113.0/29", quarantine_s=0)
    instance_id, eip_id = story.run(), story.allocate()
    had = [story.ordinary(instance_id)]
    for _ in range(4):
        story.do(cmd.BindEip(eip_id, instance_id))
        story.do(cmd.UnbindEip(eip_id))
        had.append(story.ordinary(instance_id))
    assert len(set(had)) == 5, "all of six but the EIP"
    story.do(cmd.BindEip(eip_id, instance_id))
    assert "no public address is free" in str(story.refusal(cmd.UnbindEip(eip_id)))
    assert story.ordinary(story.run()) == had[0], "another instance may have it"


def test_the_pool_hands_out_the_address_that_is_free_longest() -> None:
    story = Story(pool="203.0.113.0/30", quarantine_s=10)
    first, second = story.run(), story.run()
    in_order = [story.ordinary(second), story.ordinary(first)]
    story.terminate(second)
    story.now += 1
    story.terminate(first)
    story.now += 10
    assert [story.ordinary(story.run()), story.ordinary(story.run())] == in_order


def test_a_released_address_is_given_to_nobody_before_its_quarantine_has_passed() -> None:
    story = Story(pool="203.0.113.0/30", quarantine_s=60)
    first, _ = story.run(), story.run()
    address = story.ordinary(first)
    story.terminate(first)
    story.now += 59.999
    story.refusal(cmd.RunInstance("web", 10, HOURLY))
    story.now += 0.001
    assert story.ordinary(story.run()) == address


def test_a_released_eips_address_is_quarantined_like_any_other() -> None:
    story = Story(pool="203.0.113.0/30", quarantine_s=60)
    story.run()
    eip_id = story.allocate()
    address = story.eip(eip_id).address
    story.do(cmd.ReleaseEip(eip_id))
    assert eip_id not in story.state.eips
    story.refusal(cmd.AllocateEip("front", 1, HOURLY))
    story.now += 60
    assert story.eip(story.allocate()).address == address


def test_rebinding_moves_the_eip_in_one_step_and_both_instances_stay_reachable() -> None:
    story = Story()
    old, new = story.run(), story.run()
    eip_id = story.bound(old)
    released = story.ordinary(new)
    assert released is not None
    events = story.do(cmd.BindEip(eip_id, new))
    replacement = story.instance(old).ordinary
    assert replacement is not None
    assert events == [
        ev.EipUnbound(eip_id, old),
        ev.OrdinaryIpAssigned(old, replacement.address_id, replacement.address, 3),
        ev.OrdinaryIpReleased(new, released),
        ev.EipBound(eip_id, new),
    ]
    assert story.public(new) == story.eip(eip_id).address
    assert story.public(old) == replacement.address
    assert story.eip(eip_id).instance_id == new


@pytest.mark.parametrize("bound", [False, True], ids=["ordinary", "eip"])
def test_stopping_and_starting_keeps_every_address(bound: bool) -> None:
    story = Story()
    instance_id = story.run()
    if bound:
        story.bound(instance_id)
    addresses = story.public(instance_id), story.instance(instance_id).private_ip
    story.stop(instance_id)
    assert (story.public(instance_id), story.instance(instance_id).private_ip) == addresses
    story.do(cmd.StartInstance(instance_id))
    story.do(cmd.ReportDone(instance_id))
    assert (story.public(instance_id), story.instance(instance_id).private_ip) == addresses
    assert story.instance(instance_id).state is InstanceState.RUNNING


def test_rebooting_keeps_every_address() -> None:
    story = Story()
    instance_id = story.run()
    address = story.ordinary(instance_id)
    story.do(cmd.RebootInstance(instance_id))
    assert story.instance(instance_id).state is InstanceState.REBOOTING
    story.do(cmd.ReportDone(instance_id))
    assert story.instance(instance_id).state is InstanceState.RUNNING
    assert story.ordinary(instance_id) == address


def test_a_stopped_instance_can_have_an_eip_bound_and_unbound() -> None:
    story = Story()
    instance_id = story.instance_in(InstanceState.STOPPED)
    eip_id = story.bound(instance_id)
    assert story.public(instance_id) == story.eip(eip_id).address
    story.do(cmd.UnbindEip(eip_id))
    assert story.ordinary(instance_id) is not None
    assert story.instance(instance_id).state is InstanceState.STOPPED


def test_a_failed_launch_releases_the_ordinary_ip_and_says_why() -> None:
    story = Story()
    instance_id = story.order()
    address = story.ordinary(instance_id)
    assert address is not None
    assert story.do(cmd.ReportLaunchFailed(instance_id, "no memory")) == [
        ev.OrdinaryIpReleased(instance_id, address),
        ev.InstanceStateChanged(instance_id, "LAUNCH_FAILED", "no memory"),
    ]
    assert story.public(instance_id) is None
    assert story.free()[-1] == address


def test_a_failed_launch_without_bandwidth_releases_nothing() -> None:
    story = Story()
    instance_id = story.order(bandwidth_mbps=0)
    (failed,) = story.do(cmd.ReportLaunchFailed(instance_id, "no memory"))
    assert isinstance(failed, ev.InstanceStateChanged)


@pytest.mark.parametrize(
    ("passing", "after"),
    [
        (InstanceState.PENDING, InstanceState.RUNNING),
        (InstanceState.STARTING, InstanceState.RUNNING),
        (InstanceState.REBOOTING, InstanceState.RUNNING),
        (InstanceState.STOPPING, InstanceState.STOPPED),
        (InstanceState.TERMINATING, None),
    ],
)
def test_a_passing_state_ends_where_it_should(
    passing: InstanceState, after: InstanceState | None
) -> None:
    story = Story()
    instance_id = story.instance_in(passing)
    story.do(cmd.ReportDone(instance_id))
    found = story.state.instances.get(instance_id)
    assert (found.state if found else None) is after


@pytest.mark.parametrize(
    "state", [InstanceState.RUNNING, InstanceState.STOPPED, InstanceState.LAUNCH_FAILED]
)
def test_a_report_that_comes_twice_changes_nothing(state: InstanceState) -> None:
    story = Story()
    assert story.do(cmd.ReportDone(story.instance_in(state))) == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [("", "unnamed"), ("a", "a"), ("x" * 128, "x" * 128), ("前端 1", "前端 1")],
    ids=["none", "short", "longest", "not ascii"],
)
def test_names_are_kept_as_given(name: str, kept: str) -> None:
    story = Story()
    assert story.instance(story.run(name=name)).name == kept
    assert story.eip(story.allocate(name)).name == kept


def test_an_id_or_mac_that_is_taken_is_passed_over() -> None:
    def at() -> Moment:
        return Moment(0.0, Random(7))  # noqa: S311  the same ids in each run

    first_id, first_mac = at().new_id("ins", ()), at().new_mac(())
    assert at().new_id("ins", {first_id}) != first_id
    assert at().new_id("ins", (), {first_id}) != first_id
    assert at().new_mac({first_mac}) != first_mac


def test_ids_and_macs_are_never_given_twice() -> None:
    story = Story(pool="203.0.112.0/23", vpc="10.0.0.0/22")
    story.without_quotas()
    for _ in range(200):
        story.run()
        story.allocate()
    instances = story.state.instances.values()
    addresses = {instance.ordinary.address_id for instance in instances if instance.ordinary}
    assert len({instance.mac for instance in instances}) == 200
    assert len(addresses | story.state.eips.keys()) == 400
