"""Blocked public addresses: no packet passes to or from one until it is opened.

A blocked address can't move: binding, unbinding, transforming and returning it are refused. If its
instance ends, or its idle EIP is released, the address goes back to the pool, and the pool keeps it
until it is open.
"""

from datetime import UTC, datetime
from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions.moment import Moment
from gateway.control.state import State
from gateway.control.values import Instance

BLOCKED_MAX_S: Final = 30 * 86_400


def block(state: State, command: cmd.BlockAddress, at: Moment) -> list[ev.Event]:
    """Block a public address; if it is blocked already, only the time changes."""
    _check_known(state, command.address)
    if not 1 <= command.seconds <= BLOCKED_MAX_S:
        raise errors.RangeError(f"an address is blocked for 1 to {BLOCKED_MAX_S} seconds")
    return [ev.AddressBlocked(command.address, at.now + command.seconds)]


def open_early(state: State, command: cmd.OpenAddress, _at: Moment) -> list[ev.Event]:
    """Open a blocked address before its time; an open one stays open."""
    _check_known(state, command.address)
    return [ev.AddressOpened(command.address)] if command.address in state.blocked else []


def open_due(state: State, _command: cmd.OpenDueAddresses, at: Moment) -> list[ev.Event]:
    """Open the addresses that were blocked until now, or until a time before."""
    due = [address for address, until in state.blocked.items() if until <= at.now]
    return [ev.AddressOpened(address) for address in due]


def refuse(state: State, address: str) -> None:
    """Check that the address isn't blocked. Raises `AddressBlockedError`."""
    if address in state.blocked:
        raise errors.AddressBlockedError(_until(state, address))


def refuse_ordinary(state: State, instance: Instance) -> None:
    """Check the instance's ordinary public IP, too. Raises `OrdinaryIpBlockedError`."""
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
        raise errors.UnknownAddressError(f"no EIP and no ordinary public IP is {address[:80]!r}")
