"""Ordinary public IPs: the system assigns and releases them, no command names one."""

from collections.abc import Collection, Iterator
from itertools import islice

from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions import packages
from gateway.control.decisions.moment import Moment
from gateway.control.state import State
from gateway.control.values import Instance


def assign(
    state: State, instance_id: str, former: Collection[str], at: Moment
) -> ev.OrdinaryIpAssigned:
    """Assign the instance an address that it never had."""
    (address,) = free_addresses(state, at, 1, without=former)
    return ev.OrdinaryIpAssigned(instance_id, new_address_id(state, at), address)


def release(instance: Instance) -> list[ev.Event]:
    """Give the instance's ordinary public IP back to the pool, if there is one."""
    if not instance.ordinary:
        return []
    leaving = packages.left(instance, instance.ordinary.address_id)
    return [*leaving, ev.OrdinaryIpReleased(instance.instance_id, instance.ordinary.address)]


def ready(state: State, at: Moment, *, without: Collection[str] = ()) -> Iterator[str]:
    """The public addresses that can be given away now, the longest free first."""
    return state.pool.free(at.now, without={*without, *state.blocked, *at.given})


def free_addresses(
    state: State, at: Moment, count: int, *, without: Collection[str] = ()
) -> list[str]:
    """Choose public addresses, the longest free first. Raises `PoolEmptyError` if too few."""
    found = list(islice(ready(state, at, without=without), count))
    if len(found) < count:
        raise errors.PoolEmptyError(
            "no public address is free: release an EIP or terminate an instance, "
            "and wait until the address has passed its quarantine"
        )
    at.given.update(found)
    return found


def new_address_id(state: State, at: Moment, taken: Collection[str] = ()) -> str:
    """Draw an id for an EIP or an ordinary public IP."""
    return at.new_id("eip", state.eips, state.ordinary, taken)
