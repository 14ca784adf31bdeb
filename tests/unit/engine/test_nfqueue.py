"""Binding a queue needs root: the loop itself is tested in the lab."""

import pytest

from gateway.engine import steering
from gateway.engine.nfqueue import DIRECTION_OF_HOOK
from gateway.nat.translate import Direction

HOOKS = {"prerouting": 0, "postrouting": 4}  # linux/netfilter.h: enum nf_inet_hooks


@pytest.mark.parametrize(
    ("chain", "direction"),
    [("inbound", Direction.INBOUND), ("outbound", Direction.OUTBOUND)],
)
def test_a_packet_has_the_direction_of_the_chain_that_queued_it(
    chain: str, direction: Direction
) -> None:
    rules = steering.nft_queue_rules(steering.Steering("uplink", ("203.0.113.0/24",)))
    hook = rules.split(f"chain {chain} {{")[1].split("hook ")[1].split()[0]
    assert DIRECTION_OF_HOOK[HOOKS[hook]] is direction


def test_no_other_hook_has_a_direction() -> None:
    assert set(DIRECTION_OF_HOOK) == set(HOOKS.values())
