"""Binding a queue needs root: the loop itself is tested in the lab."""

import re

import pytest

from gateway.engine import steering
from gateway.engine.nfqueue import DIRECTION_OF_MARK
from gateway.nat.translate import Direction

STEERING = steering.Steering("uplink", "198.51.100.254", ("203.0.113.0/24",))


@pytest.mark.parametrize(
    ("match", "direction"),
    [
        pytest.param('iifname "uplink"', Direction.INBOUND, id="from-the-uplink"),
        pytest.param('iifname != "uplink"', Direction.HAIRPIN, id="from-an-instance"),
        pytest.param("  ip daddr", Direction.HAIRPIN, id="from-the-gateway"),
        pytest.param('oifname "uplink"', Direction.OUTBOUND, id="to-the-uplink"),
    ],
)
def test_a_packet_has_the_direction_of_the_rule_that_queued_it(
    match: str, direction: Direction
) -> None:
    (rule,) = [line for line in steering.nft_queue_rules(STEERING).splitlines() if match in line]
    (mark,) = re.findall(r"meta mark set (\d+) queue num", rule)
    assert DIRECTION_OF_MARK[int(mark)] is direction


def test_both_ways_to_queue_give_the_same_marks() -> None:
    nft = re.findall(r"meta mark set (\d+)", steering.nft_queue_rules(STEERING))
    iptables = re.findall(r"--set-mark (\d+)", steering.iptables_queue_rules(STEERING))
    assert nft == iptables == ["1", "3", "3", "2"]


def test_a_packet_without_a_mark_has_no_direction() -> None:
    assert 0 not in DIRECTION_OF_MARK
    assert set(DIRECTION_OF_MARK.values()) == set(Direction)
