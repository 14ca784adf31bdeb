"""Ordinary public IPs: the system assigns and releases them, no command names one."""

from collections.abc import Collection

from gateway.control import events as ev
from gateway.control.decisions import packages
from gateway.control.decisions.candidates import choose, new_address_id
from gateway.control.decisions.moment import Moment
from gateway.control.state import State
from gateway.control.values import Instance


def assign(
    state: State, instance_id: str, former: Collection[str], at: Moment
) -> ev.OrdinaryIpAssigned:
    """Assign the instance an address that it never had."""
    ((address, slot),) = choose(state, at, 1, without=former)
    return ev.OrdinaryIpAssigned(instance_id, new_address_id(state, at), address, slot)


def release(instance: Instance) -> list[ev.Event]:
    """Give the instance's ordinary public IP back to the pool, if there is one."""
    if not instance.ordinary:
        return []
    leaving = packages.left(instance, instance.ordinary.address_id)
    return [*leaving, ev.OrdinaryIpReleased(instance.instance_id, instance.ordinary.address)]
