"""Buckets, one case at a time; what whole streams get is in the vectors and the properties."""

from collections.abc import Mapping

import pytest

from gateway.nat.policer import BURST_MIN, BURST_S, Policer
from gateway.nat.reasons import Reason
from gateway.nat.table import Rewrite

PASS, POLICED, PACKAGE = Reason.TRANSLATED, Reason.POLICED, Reason.PACKAGE_POLICED
MBPS_8 = 8_000  # 1,000,000 bytes a second, a burst of 200,000
NONE: dict[int, int] = {}


def rewrite(kbps: int = 0, package: int = 0, slot: int = 0) -> Rewrite:
    return Rewrite(0, 0, slot, kbps, package)


def ask(
    policer: Policer,
    one: Rewrite,
    packages: Mapping[int, int],
    *,
    outbound: bool,
    length: int,
    now: float,
) -> Reason:
    """A packet between an address and the internet."""
    sender, receiver = (one, None) if outbound else (None, one)
    return policer.admits(sender, receiver, packages, length, now)


def test_the_burst_is_what_the_decision_says() -> None:
    assert (BURST_S, BURST_MIN) == (0.2, 131_070)


@pytest.mark.parametrize(
    ("kbps", "burst"),
    [
        pytest.param(1, 131_070, id="least"),
        pytest.param(5_242, 131_070, id="just-below-0.2-seconds-of-it"),
        pytest.param(5_244, 131_100, id="just-above"),
        pytest.param(20_000, 500_000, id="20-mbps"),
    ],
)
def test_a_new_bucket_is_full(kbps: int, burst: int) -> None:
    for length, outcome in ((burst, PASS), (burst + 1, POLICED)):
        policer = Policer()
        assert ask(policer, rewrite(kbps), NONE, outbound=True, length=length, now=5) is outcome


def test_a_clock_set_back_adds_nothing() -> None:
    policer = Policer()
    capped = rewrite(MBPS_8)
    assert ask(policer, capped, NONE, outbound=True, length=200_000, now=10) is PASS
    for now in (9.0, 10.0, 5.0, 10.0, 0.0):
        assert ask(policer, capped, NONE, outbound=True, length=1, now=now) is POLICED


def test_directions_and_slots_have_buckets_of_their_own() -> None:
    policer = Policer()
    for slot in (0, 1):
        for outbound in (True, False):
            capped = rewrite(MBPS_8, slot=slot)
            assert ask(policer, capped, NONE, outbound=outbound, length=200_000, now=0) is PASS
            assert ask(policer, capped, NONE, outbound=outbound, length=1, now=0) is POLICED


def test_the_directions_of_a_package_have_buckets_of_their_own() -> None:
    policer = Policer()
    member = rewrite(package=1)
    for outbound in (True, False):
        packages = {1: MBPS_8}
        assert ask(policer, member, packages, outbound=outbound, length=200_000, now=0) is PASS
        assert ask(policer, member, packages, outbound=outbound, length=1, now=0) is PACKAGE


def test_a_package_of_a_number_that_is_a_slot_is_another_bucket() -> None:
    policer = Policer()
    both = rewrite(MBPS_8, package=3, slot=3)
    assert ask(policer, both, {3: MBPS_8}, outbound=True, length=100_000, now=0) is PASS
    assert ask(policer, rewrite(MBPS_8, slot=3), NONE, outbound=True, length=100_000, now=0) is PASS
    alone = rewrite(package=3)
    assert ask(policer, alone, {3: MBPS_8}, outbound=True, length=100_000, now=0) is PASS
    assert ask(policer, alone, {3: MBPS_8}, outbound=True, length=1, now=0) is PACKAGE


def test_a_new_rate_counts_from_the_next_packet_on() -> None:
    policer = Policer()
    assert ask(policer, rewrite(MBPS_8), NONE, outbound=True, length=200_000, now=0) is PASS
    twice = rewrite(2 * MBPS_8)
    assert ask(policer, twice, NONE, outbound=True, length=200_001, now=0.1) is POLICED
    assert ask(policer, twice, NONE, outbound=True, length=200_000, now=0.1) is PASS


def test_a_lower_rate_takes_what_the_bucket_held_above_its_burst() -> None:
    policer = Policer()
    assert ask(policer, rewrite(80_000), NONE, outbound=True, length=1, now=0) is PASS
    assert ask(policer, rewrite(MBPS_8), NONE, outbound=True, length=200_001, now=0) is POLICED
    assert ask(policer, rewrite(MBPS_8), NONE, outbound=True, length=200_000, now=0) is PASS


def test_a_package_of_rate_0_lets_its_burst_pass_and_then_nothing() -> None:
    policer = Policer()
    member = rewrite(package=1)
    assert ask(policer, member, {1: 0}, outbound=True, length=131_070, now=0) is PASS
    assert ask(policer, member, {1: 0}, outbound=True, length=1, now=1e9) is PACKAGE


def test_nobody_to_ask_is_nobody_to_refuse() -> None:
    assert Policer().admits(None, None, NONE, 65_535, 0) is PASS


@pytest.mark.parametrize(
    ("packages", "receiver", "reason"),
    [
        pytest.param({}, rewrite(1, slot=2), POLICED, id="receiver"),
        pytest.param({1: 1}, rewrite(MBPS_8, package=1, slot=2), PACKAGE, id="receivers-package"),
    ],
)
def test_a_hairpin_that_is_refused_at_one_end_takes_nothing_at_any(
    packages: dict[int, int], receiver: Rewrite, reason: Reason
) -> None:
    policer = Policer()
    sender = rewrite(MBPS_8, slot=1)
    for _ in range(3):
        assert policer.admits(sender, receiver, packages, 150_000, 0) is reason
    assert policer.admits(sender, None, packages, 200_000, 0) is PASS
    assert policer.admits(None, receiver, packages, 131_070, 0) is PASS
