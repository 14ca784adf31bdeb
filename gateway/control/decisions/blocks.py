"""Blocked public addresses: nothing passes to one or from one, until it opens.

As long as it is blocked, an address stays with whom it has: it isn't bound, unbound, transformed or
returned. If its instance ends, or its idle EIP is released, it goes back to the pool; but nobody
gets it from there before it is open.
"""

from datetime import UTC, datetime
from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions.circumstances import Circumstances
from gateway.control.state import State
from gateway.control.values import Instance

BLOCKED_MAX_S: Final = 30 * 86_400


def block(state: State, command: cmd.BlockAddress, at: Circumstances) -> list[ev.Event]:
    """From now on; for one that is blocked already only the time changes."""
    _check_known(state, command.address)
    if not 1 <= command.seconds <= BLOCKED_MAX_S:
        raise errors.RangeError(f"an address is blocked for 1 to {BLOCKED_MAX_S} seconds")
    return [ev.AddressBlocked(command.address, at.now + command.seconds)]


def open_early(state: State, address: str) -> list[ev.Event]:
    """Before its time; one that is open stays so."""
    _check_known(state, address)
    return [ev.AddressOpened(address)] if address in state.blocked else []


def open_due(state: State, at: Circumstances) -> list[ev.Event]:
    """All whose time has come."""
    due = [address for address, until in state.blocked.items() if until <= at.now]
    return [ev.AddressOpened(address) for address in due]


def refuse(state: State, address: str) -> None:
    """The address isn't blocked. Raises `AddressBlockedError`."""
    if address in state.blocked:
        raise errors.AddressBlockedError(_until(state, address))


def refuse_ordinary(state: State, instance: Instance) -> None:
    """The instance's ordinary public IP isn't blocked. Raises `OrdinaryIpBlockedError`."""
    if instance.ordinary and instance.ordinary.address in state.blocked:
        raise errors.OrdinaryIpBlockedError(
            f"{instance.instance_id} can't change its public address: "
            f"{_until(state, instance.ordinary.address)}"
        )


def _until(state: State, address: str) -> str:
    until = datetime.fromtimestamp(state.blocked[address], UTC)
    return f"{address} is blocked until {until:%Y-%m-%dT%H:%M:%SZ}"


def _check_known(state: State, address: str) -> None:
    if address not in state.in_use and address not in state.blocked:
        raise errors.UnknownAddressError(f"no EIP and no ordinary public IP is {address!r}")
