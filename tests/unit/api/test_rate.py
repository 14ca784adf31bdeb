"""How often: a second's calls at once, then one by one."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.api.errors import ApiError
from gateway.api.rate import RateLimit
from gateway.api.registry import ACTIONS


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def taken(rate: RateLimit, action: str, by: str = "a") -> int:
    """How many calls are let through now."""
    for count in range(1000):
        try:
            rate.take(by, action)
        except ApiError as error:
            return count if error.code == "RequestLimitExceeded" else -1
    return 1000


@pytest.mark.parametrize(
    "action", ["AssociateAddress", "RunInstances", "DescribeInstances", "ReturnNormalAddresses"]
)
def test_a_seconds_calls_are_let_through_and_come_again(action: str) -> None:
    clock = Clock()
    rate = RateLimit(clock)
    expected = ACTIONS[action].declared.rate_per_s
    assert taken(rate, action) == expected
    clock.now += 0.5
    assert taken(rate, action) == expected / 2
    clock.now += 3600
    assert taken(rate, action) == expected


def test_each_key_and_each_action_has_its_own() -> None:
    rate = RateLimit(Clock())
    assert taken(rate, "AssociateAddress") == 10
    assert taken(rate, "AssociateAddress", "b") == 10
    assert taken(rate, "DisassociateAddress") == 10


@pytest.mark.parametrize(("per_s", "at_once"), [(3.0, 3), (0.5, 1), (512.0, 512)])
def test_the_rate_can_be_chosen(per_s: float, at_once: int) -> None:
    clock = Clock()
    rate = RateLimit(clock, per_s)
    assert taken(rate, "DescribeInstances") == at_once
    clock.now += 1 / per_s
    assert taken(rate, "DescribeInstances") == 1


def test_full_buckets_are_forgotten_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.api.rate.BUCKETS_MAX", 3)
    clock = Clock()
    rate = RateLimit(clock)
    assert taken(rate, "AssociateAddress", "busy") == 10
    for caller in ("b", "c"):
        rate.take(caller, "AssociateAddress")
    clock.now += 0.2  # those two are full again, the first is not
    assert taken(rate, "AssociateAddress", "d") == 10
    assert {caller for caller, _ in rate._buckets} == {"busy", "d"}
    assert taken(rate, "AssociateAddress", "busy") == 2


def test_several_servers_may_ask_at_once() -> None:
    rate = RateLimit(Clock(), 500.0)
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: taken(rate, "DescribeInstances"), range(4)))
    assert sum(counts) == 500
