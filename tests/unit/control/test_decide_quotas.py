"""Quotas, several at once, client tokens, and the time that is paid for."""

import pytest
from support.snapshot import snapshot
from support.story import BEGIN, HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.state import State, ledger

WIDE = "203.0.112.0/24"
NEXT_DAY = (BEGIN // ledger.DAY_S + 1) * ledger.DAY_S


def of_kind(events: list[ev.Event], kind: type[ev.Event]) -> list[ev.Event]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def test_an_account_has_at_most_twenty_eips() -> None:
    story = Story(pool=WIDE)
    eips = [story.allocate() for _ in range(20)]
    refused = story.refusal(cmd.AllocateEip("front", 5, HOURLY))
    assert isinstance(refused, errors.EipQuotaError)
    assert "at most 20 EIPs" in str(refused)
    story.do(cmd.ReleaseEip(eips[0]))
    story.allocate()
    assert isinstance(
        story.refusal(cmd.AllocateEip("front", 5, HOURLY, count=2)), errors.EipQuotaError
    )


def test_an_account_applies_for_at_most_forty_eips_in_a_utc_day() -> None:
    story = Story(pool=WIDE)
    story.now = NEXT_DAY - 1
    for _ in range(40):
        story.do(cmd.ReleaseEip(story.allocate()))
    refused = story.refusal(cmd.AllocateEip("front", 5, HOURLY))
    assert isinstance(refused, errors.DailyQuotaError)
    assert "40 EIPs in a day" in str(refused)
    story.now = NEXT_DAY
    story.do(cmd.AllocateEip("front", 5, HOURLY, count=20))


def test_a_days_applications_follow_from_the_log() -> None:
    story = Story(pool=WIDE)
    for _ in range(3):
        story.do(cmd.ReleaseEip(story.allocate()))
    again = State()
    for event, at in story.history:
        again.evolve(event, at)
    assert snapshot(again) == snapshot(story.state)
    assert again.ledger.applications(story.now) == 3
    assert again.ledger.applications(NEXT_DAY) == 0


def test_quotas_can_be_changed() -> None:
    story = Story(pool=WIDE)
    change = cmd.ConfigureAccount(eips_max=2)
    assert story.do(change) == [ev.AccountConfigured("LEGACY", 2, 40)]
    assert story.do(change) == []
    story.refusal(cmd.AllocateEip("front", 5, HOURLY, count=3))
    story.do(cmd.ConfigureAccount(eips_max=30, applications_max=3))
    story.do(cmd.AllocateEip("front", 5, HOURLY, count=3))
    refused = story.refusal(cmd.AllocateEip("front", 5, HOURLY))
    assert isinstance(refused, errors.DailyQuotaError)
    assert isinstance(story.refusal(cmd.ConfigureAccount(eips_max=-1)), errors.RangeError)


def test_several_instances_are_bought_at_once_each_with_its_own_of_all() -> None:
    story = Story()
    events = story.do(cmd.RunInstance("web", 10, HOURLY, count=3))
    assert [type(event) for event in events] == [ev.InstanceOrdered, ev.OrdinaryIpAssigned] * 3
    instances = story.state.instances.values()
    for facts in (
        {instance.instance_id for instance in instances},
        {instance.private_ip for instance in instances},
        {instance.mac for instance in instances},
        {instance.uuid for instance in instances},
        {instance.ordinary for instance in instances},
    ):
        assert len(facts) == 3


def test_several_eips_are_allocated_at_once() -> None:
    story = Story()
    story.do(cmd.AllocateEip("front", 10, HOURLY, count=3))
    assert len({eip.address for eip in story.state.eips.values()}) == 3


@pytest.mark.parametrize("count", [-1, 0, 101])
def test_so_many_cannot_be_had_at_once(count: int) -> None:
    story = Story(pool=WIDE)
    story.without_quotas()
    for command in (
        cmd.RunInstance("web", 10, HOURLY, count=count),
        cmd.AllocateEip("front", 10, HOURLY, count=count),
    ):
        assert isinstance(story.refusal(command), errors.RangeError)


def test_all_or_none_are_had() -> None:
    story = Story(pool="203.0.113.0/29", vpc="10.0.0.0/29")
    refused = story.refusal(cmd.AllocateEip("front", 10, HOURLY, count=7))
    assert isinstance(refused, errors.PoolEmptyError)
    assert isinstance(
        story.refusal(cmd.RunInstance("web", 0, HOURLY, count=6)), errors.SubnetFullError
    )
    story.do(cmd.AllocateEip("front", 10, HOURLY, count=4))
    refused = story.refusal(cmd.RunInstance("web", 10, HOURLY, count=3))
    assert isinstance(refused, errors.PoolEmptyError)


TOKENED: list[cmd.RunInstance | cmd.AllocateEip] = [
    cmd.RunInstance("web", 10, HOURLY, count=2, client_token="once"),
    cmd.AllocateEip("front", 10, HOURLY, count=2, client_token="once"),
]


@pytest.mark.parametrize("command", TOKENED, ids=["run", "allocate"])
def test_the_same_request_again_does_nothing_more_and_has_its_answer(
    command: cmd.RunInstance | cmd.AllocateEip,
) -> None:
    story = Story()
    events = story.do(command)
    (answered,) = of_kind(events, ev.TokenAnswered)
    assert isinstance(answered, ev.TokenAnswered)
    assert set(answered.ids) == {*story.state.instances, *story.state.eips}
    story.exhaust()
    story.do(cmd.ConfigureAccount(eips_max=0))
    assert story.do(command) == [], "whatever has become impossible since"
    before = story.state.ledger.answer(type(command).__name__, "once")
    assert before
    assert before.ids == answered.ids


def test_a_token_of_another_request_is_refused() -> None:
    story = Story()
    for command in TOKENED:
        story.do(command)
    others: list[cmd.Command] = [
        cmd.RunInstance("web", 20, HOURLY, count=2, client_token="once"),
        cmd.AllocateEip("back", 10, HOURLY, count=2, client_token="once"),
    ]
    for other in others:
        assert isinstance(story.refusal(other), errors.TokenReusedError)
    assert story.do(cmd.AllocateEip("back", 10, HOURLY, client_token="other"))


def test_a_token_is_short_and_of_ascii() -> None:
    story = Story()
    assert story.do(cmd.AllocateEip("x", 10, HOURLY, client_token="t" * 64))
    refused = story.refusal(cmd.AllocateEip("x", 10, HOURLY, client_token="t" * 65))
    assert isinstance(refused, errors.TokenTooLongError)
    for odd in ("é", "a\n"):
        refused = story.refusal(cmd.AllocateEip("x", 10, HOURLY, client_token=odd))
        assert isinstance(refused, errors.InvalidValueError)


def test_only_the_latest_answers_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "ANSWERS_MAX", 2)
    story = Story()
    for token in "abc":
        story.do(cmd.AllocateEip("x", 10, HOURLY, client_token=token))
    known = [token for token in "abc" if story.state.ledger.answer("AllocateEip", token)]
    assert known == ["b", "c"]


def test_an_eip_is_idle_until_it_is_bound_and_after_it_was() -> None:
    story = Story()
    instance_id, eip_id = story.run(), story.allocate()
    story.now += 10
    assert story.eip(eip_id).idle_for_s(story.now) == 10
    story.do(cmd.BindEip(eip_id, instance_id))
    story.now += 100
    assert story.eip(eip_id).idle_for_s(story.now) == 10
    assert story.eip(eip_id).bound_for_s(story.now) == 100
    story.do(cmd.UnbindEip(eip_id))
    story.now += 5
    assert story.eip(eip_id).idle_for_s(story.now) == 15
    assert story.eip(eip_id).bound_for_s(story.now) == 100
    assert story.eip(eip_id).idle_for_s(BEGIN) == 10, "a clock that was set back costs nothing"
