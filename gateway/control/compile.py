"""The mapping table that a state stands for."""

from ipaddress import IPv4Address

from gateway.control.state import State
from gateway.control.values import InstanceState
from gateway.nat.table import Mapping, Table, build


def compile_table(state: State) -> Table:
    """One mapping for each running instance with a public address; the generation is the sequence.

    An instance that isn't running has none: packets for it are dropped at the gateway, with their
    reason counted, rather than somewhere behind it.
    """
    mappings = []
    for instance in state.instances.values():
        public = state.public_ip(instance)
        if public and instance.state is InstanceState.RUNNING:
            private = int(IPv4Address(instance.private_ip))
            mappings.append(Mapping(int(IPv4Address(public)), private, state.pool.slot(public)))
    return build(state.sequence, state.pool.slots, mappings)
