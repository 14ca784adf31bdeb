"""The mapping table that a state stands for."""

from ipaddress import IPv4Address
from typing import Final

from gateway.control.state import State
from gateway.control.values import InstanceState
from gateway.nat.table import Mapping, Table, build

KBIT_PER_MBIT: Final = 1000
INBOUND_MIN_MBPS: Final = 10  # who buys less may still receive that much


def compile_table(state: State) -> Table:
    """One mapping for each running instance with a public address; the generation is the sequence.

    An instance that isn't running has none: packets for it are dropped at the gateway, with their
    reason counted, rather than somewhere behind it.
    """
    mappings = []
    for instance in state.instances.values():
        public = state.public_ip(instance)
        if public and instance.state is InstanceState.RUNNING:
            bought_mbps = state.bandwidth_mbps(instance)
            mappings.append(
                Mapping(
                    public=int(IPv4Address(public)),
                    private=int(IPv4Address(instance.private_ip)),
                    slot=state.pool.slot(public),
                    out_kbps=bought_mbps * KBIT_PER_MBIT,
                    in_kbps=max(bought_mbps, INBOUND_MIN_MBPS) * KBIT_PER_MBIT,
                )
            )
    return build(state.sequence, state.pool.slots, mappings)
