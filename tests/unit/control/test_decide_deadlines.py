"""EIPs that are paid for in advance: until when, renewed, expired, released."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.compile import compile_table
from gateway.control.decisions.deadlines import later
from gateway.control.values import KEPT_S, PERIODS, Behaviour, ChargeType, InstanceState, Renewal

MONTHLY = ChargeType.BANDWIDTH_PREPAID_BY_MONTH
DAY_S = 86_400


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def allocate(story: Story, months: int | None = 1, renewal: Renewal = Renewal.MANUAL) -> str:
    """An EIP that is paid for so many months; its id."""
    allocated, *_ = story.do(cmd.AllocateEip("front", 5, MONTHLY, months=months, renewal=renewal))
    assert isinstance(allocated, ev.EipAllocated)
    return allocated.eip_id


def until(story: Story, eip_id: str) -> float:
    prepaid = story.eip(eip_id).prepaid
    assert prepaid
    return prepaid.until


def expire(story: Story, eip_id: str) -> None:
    """The EIP's time is over, and control has noticed."""
    story.now = until(story, eip_id)
    assert story.do(cmd.KeepDeadlines()) == [ev.EipExpired(eip_id)]


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-15T10:20:30", 1, "2026-02-15T10:20:30"),
        ("2026-01-31T00:00:00", 1, "2026-02-28T00:00:00"),
        ("2027-12-31T23:59:59", 2, "2028-02-29T23:59:59"),
        ("2026-03-31T00:00:00", 12, "2027-03-31T00:00:00"),
        ("2026-11-30T00:00:00", 36, "2029-11-30T00:00:00"),
    ],
)
def test_a_month_ends_on_the_same_day_or_on_its_last(start: str, months: int, end: str) -> None:
    assert later(at(start), months) == at(end)


@given(st.integers(0, 4_000_000_000), st.sampled_from(PERIODS))
def test_a_month_has_28_to_31_days(start: int, months: int) -> None:
    assert 28 * months * DAY_S <= later(start, months) - start <= 31 * months * DAY_S


def test_an_eip_is_paid_for_as_long_as_was_said() -> None:
    story = Story()
    eip_id = allocate(story, 12, Renewal.NEVER)
    prepaid = story.eip(eip_id).prepaid
    assert prepaid
    assert (prepaid.until, prepaid.renewal) == (later(story.now, 12), Renewal.NEVER)
    assert not prepaid.expired


@pytest.mark.parametrize("months", [-(10**18), -1, 0, 13, 23, 25, 35, 37, 48, 10**18])
def test_only_the_clouds_periods_can_be_had(months: int) -> None:
    story = Story()
    eip_id, other = allocate(story), story.allocate()
    for command in (
        cmd.AllocateEip("x", 5, MONTHLY, months=months),
        cmd.ChangeEipChargeType(other, MONTHLY, 5, months=months),
        cmd.RenewEips((eip_id,), months),
    ):
        assert type(story.refusal(command)) is errors.PeriodError


def test_the_period_must_be_said_and_means_nothing_for_other_charge_types() -> None:
    story = Story()
    for command in (
        cmd.AllocateEip("x", 5, MONTHLY),
        cmd.ChangeEipChargeType(story.allocate(), MONTHLY, 5),
    ):
        assert type(story.refusal(command)) is errors.PeriodMissingError
    allocated, *_ = story.do(cmd.AllocateEip("x", 5, HOURLY, months=99))
    assert isinstance(allocated, ev.EipAllocated)
    assert story.eip(allocated.eip_id).prepaid is None
    assert story.state.deadlines == {}


def test_an_eip_that_is_paid_for_is_not_released_before() -> None:
    story = Story()
    eip_id = allocate(story)
    assert type(story.refusal(cmd.ReleaseEip(eip_id))) is errors.PaidForError
    expire(story, eip_id)
    story.do(cmd.ReleaseEip(eip_id))
    assert story.state.eips == {}
    assert story.state.deadlines == {}


def test_nothing_passes_when_the_time_is_over_until_it_is_renewed() -> None:
    story = Story()
    eip_id, instance_id = allocate(story), story.run(bandwidth_mbps=0)
    story.do(cmd.BindEip(eip_id, instance_id))

    def blocked() -> list[bool]:
        return [mapping.blocked for mapping in compile_table(story.state).mappings]

    assert blocked() == [False]
    story.now = until(story, eip_id) - 1
    assert story.do(cmd.KeepDeadlines()) == []
    expire(story, eip_id)
    assert blocked() == [True]
    assert story.state.touched_since(story.state.sequence - 1) == [instance_id]
    story.do(cmd.RenewEips((eip_id,), 1))
    assert blocked() == [False]


def test_a_renewal_counts_from_the_end_and_may_change_what_comes_then() -> None:
    story = Story()
    eip_id = allocate(story)
    end = until(story, eip_id)
    story.do(cmd.RenewEips((eip_id,), 2))
    assert until(story, eip_id) == later(end, 2)
    expire(story, eip_id)
    story.now += 3 * DAY_S
    story.do(cmd.RenewEips((eip_id,), 1, Renewal.AUTO))
    prepaid = story.eip(eip_id).prepaid
    assert prepaid
    assert (prepaid.until, prepaid.renewal) == (later(later(end, 2), 1), Renewal.AUTO)
    assert not prepaid.expired


def test_an_eip_that_is_to_be_renewed_by_itself_is_by_the_month() -> None:
    story = Story()
    eip_id = allocate(story, 3, Renewal.AUTO)
    end = until(story, eip_id)
    story.now = end
    assert len(story.do(cmd.KeepDeadlines())) == 1
    assert until(story, eip_id) == later(end, 1)
    story.now += 400 * DAY_S
    assert len(story.do(cmd.KeepDeadlines())) == 1, "also after a long time, in one step"
    assert story.now < until(story, eip_id) <= story.now + 31 * DAY_S


@pytest.mark.parametrize("behaviour", list(Behaviour))
@pytest.mark.parametrize("bandwidth_mbps", [0, 10])
def test_an_expired_eip_is_released_some_days_later(
    behaviour: Behaviour, bandwidth_mbps: int
) -> None:
    story = Story()
    eip_id, idle = allocate(story), allocate(story)
    instance_id = story.run(bandwidth_mbps)
    story.do(cmd.BindEip(eip_id, instance_id))
    story.do(cmd.ConfigureAccount(behaviour))
    story.now = until(story, eip_id)
    story.do(cmd.KeepDeadlines())
    story.now += KEPT_S - 1
    assert story.do(cmd.KeepDeadlines()) == []
    story.now += 1
    story.do(cmd.KeepDeadlines())
    assert story.state.eips == {}
    assert story.instance(instance_id).eip_id is None
    has_one = behaviour is Behaviour.LEGACY and bandwidth_mbps > 0
    assert (story.instance(instance_id).ordinary is not None) is has_one
    assert idle not in story.state.deadlines


def test_an_empty_pool_keeps_no_eip_from_its_end() -> None:
    story = Story()
    instance_id, eip_id = story.run(), allocate(story)
    story.do(cmd.BindEip(eip_id, instance_id))
    expire(story, eip_id)
    story.now += KEPT_S
    story.do(cmd.ConfigureAccount(eips_max=100))
    story.do(cmd.AllocateEip("x", 1, HOURLY, count=len(story.state.pool)))
    kinds = [type(event) for event in story.do(cmd.KeepDeadlines())]
    assert kinds == [ev.EipUnbound, ev.EipReleased]
    assert story.instance(instance_id).ordinary is None


@pytest.mark.parametrize(
    "state", [InstanceState.STARTING, InstanceState.STOPPING, InstanceState.REBOOTING]
)
def test_a_release_waits_for_an_instance_in_a_passing_state(state: InstanceState) -> None:
    story = Story()
    instance_id, eip_id = story.instance_in(InstanceState.RUNNING), allocate(story)
    story.do(cmd.BindEip(eip_id, instance_id))
    expire(story, eip_id)
    story.now += KEPT_S
    if state is InstanceState.STARTING:
        story.stop(instance_id)
    to: dict[InstanceState, Any] = {
        InstanceState.STARTING: cmd.StartInstance,
        InstanceState.STOPPING: cmd.StopInstance,
        InstanceState.REBOOTING: cmd.RebootInstance,
    }
    story.do(to[state](instance_id))
    assert story.do(cmd.KeepDeadlines()) == []
    story.do(cmd.ReportDone(instance_id))
    story.do(cmd.KeepDeadlines())
    assert story.state.eips == {}


def test_an_expired_eip_can_only_be_renewed_unbound_and_released() -> None:
    story = Story()
    eip_id, instance_id = allocate(story), story.run()
    story.do(cmd.BindEip(eip_id, instance_id))
    expire(story, eip_id)
    for command in (
        cmd.ChangeEipsBandwidth((eip_id,), 9),
        cmd.ChangeEipChargeType(eip_id, HOURLY, 9),
    ):
        assert type(story.refusal(command)) is errors.ExpiredError
    story.do(cmd.UnbindEip(eip_id))
    assert type(story.refusal(cmd.BindEip(eip_id, story.run()))) is errors.ExpiredError
    story.do(cmd.ReleaseEip(eip_id))


def test_what_comes_at_the_end_can_be_changed() -> None:
    story = Story()
    eip_id = allocate(story)
    end = until(story, eip_id)
    for renewal in (Renewal.NEVER, Renewal.AUTO):
        story.do(cmd.ChangeEipsRenewal((eip_id,), renewal))
        assert story.do(cmd.ChangeEipsRenewal((eip_id,), renewal)) == []
        prepaid = story.eip(eip_id).prepaid
        assert prepaid
        assert (prepaid.until, prepaid.renewal) == (end, renewal)
    story.do(cmd.ChangeEipsRenewal((eip_id,), Renewal.MANUAL))
    expire(story, eip_id)
    story.do(cmd.ChangeEipsRenewal((eip_id,), Renewal.NEVER))
    assert story.eip(eip_id).expired
    story.do(cmd.ChangeEipsRenewal((eip_id,), Renewal.AUTO))
    story.do(cmd.KeepDeadlines())
    assert until(story, eip_id) == later(end, 1), "late, but before its release"
    assert not story.eip(eip_id).expired


def test_another_charge_type_has_no_end_and_back_has_a_new_one() -> None:
    story = Story()
    eip_id = allocate(story)
    story.do(cmd.ChangeEipChargeType(eip_id, HOURLY, 5))
    assert story.eip(eip_id).prepaid is None
    for command in (
        cmd.RenewEips((eip_id,), 1),
        cmd.ChangeEipsRenewal((eip_id,), Renewal.AUTO),
    ):
        assert type(story.refusal(command)) is errors.ChargeTypeError
    story.do(cmd.ChangeEipChargeType(eip_id, MONTHLY, 5, months=2, renewal=Renewal.NEVER))
    assert until(story, eip_id) == later(story.now, 2)


def test_nobody_pays_for_more_than_a_century() -> None:
    story = Story()
    eip_id = allocate(story, 36)
    for _ in range(32):
        story.do(cmd.RenewEips((eip_id,), 36))
    assert type(story.refusal(cmd.RenewEips((eip_id,), 36))) is errors.PeriodError


def test_all_are_renewed_or_none() -> None:
    story = Story()
    ids = (allocate(story), allocate(story), story.allocate())
    assert type(story.refusal(cmd.RenewEips(ids, 1))) is errors.ChargeTypeError
    assert len(story.do(cmd.RenewEips((*ids[:2], ids[0]), 1))) == 2
