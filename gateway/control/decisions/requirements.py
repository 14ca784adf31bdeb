"""What several decisions look up and require. Each function raises a `DomainError`."""

from collections.abc import Collection, Mapping
from typing import Final

from gateway.control import errors
from gateway.control.state import PASSING, State
from gateway.control.values import (
    EIP_BANDWIDTH_MAX_MBPS,
    INSTANCE_BANDWIDTH_MAX_MBPS,
    ChargeType,
    Eip,
    Instance,
    InstanceState,
)

NAME_MAX: Final = 128
UNNAMED: Final = "unnamed"
SHORT_MAX: Final = 60  # characters of a security group's name, or a template's
DESCRIPTION_MAX: Final = 100

_NAMES: Final = f"a name has at most {NAME_MAX} characters, all of them printable"


def instance(state: State, instance_id: str) -> Instance:
    """Look up the instance with this id. Raises `UnknownInstanceError`."""
    found = state.instances.get(instance_id)
    if found is None:
        raise errors.UnknownInstanceError(instance_id)
    return found


def eip(state: State, eip_id: str) -> Eip:
    """Look up the EIP with this id; the id of an ordinary public IP has an error of its own."""
    found = state.eips.get(eip_id)
    if found is not None:
        return found
    ordinary = state.ordinary_ip(eip_id)
    if ordinary is not None:
        raise errors.OrdinaryAddressError(ordinary.address)
    raise errors.UnknownEipError(eip_id)


def in_state(found: Instance, needed: Collection[InstanceState]) -> None:
    """Require that the instance is in one of these states."""
    if found.state not in needed:
        words = " or ".join(state.value for state in needed)
        raise errors.InstanceStateError(found.instance_id, found.state, words)


def at_rest(found: Instance) -> None:
    """Require that the instance is running or stopped: then its addresses may change."""
    if found.state in PASSING:
        raise errors.MutexTaskError(found.instance_id, found.state, "RUNNING or STOPPED")
    in_state(found, (InstanceState.RUNNING, InstanceState.STOPPED))


def instance_bandwidth(mbps: int, charge_type: ChargeType, *, least: int) -> None:
    """Require a bandwidth that an instance can have with this charge type."""
    most = _most(charge_type, INSTANCE_BANDWIDTH_MAX_MBPS)
    if not least <= mbps <= most:
        raise errors.RangeError(_range(mbps, charge_type, least, most))


def eip_bandwidth(mbps: int, charge_type: ChargeType) -> None:
    """Require a bandwidth that an EIP can have with this charge type."""
    most = _most(charge_type, EIP_BANDWIDTH_MAX_MBPS)
    if mbps < 1:
        raise errors.BandwidthTooSmallError(_range(mbps, charge_type, 1, most))
    if mbps > most:
        raise errors.BandwidthTooLargeError(_range(mbps, charge_type, 1, most))


def switched_bandwidth(mbps: int, charge_type: ChargeType) -> None:
    """Require a bandwidth that an EIP can have after a change to this charge type."""
    most = _most(charge_type, EIP_BANDWIDTH_MAX_MBPS)
    if not 1 <= mbps <= most:
        raise errors.RangeError(_range(mbps, charge_type, 1, most))


def count(number: int, most: int) -> None:
    """Require a number that one call may make."""
    if not 1 <= number <= most:
        raise errors.RangeError(f"one call makes 1 to {most}, not {number}")


def instance_name(name: str) -> str:
    """Check the name for an instance; an empty one becomes a default."""
    if len(name) > NAME_MAX:
        raise errors.InstanceNameTooLongError(_NAMES)
    return _printable(name)


def other_name(name: str) -> str:
    """Check the name for another resource; an empty one becomes a default."""
    if len(name) > NAME_MAX:
        raise errors.NameTooLongError(_NAMES)
    return _printable(name)


def short_name(name: str) -> str:
    """Check the name for a security group or a template; an empty one becomes a default."""
    if len(name) > SHORT_MAX:
        raise errors.NameTooLongError(f"this name has at most {SHORT_MAX} characters")
    return _printable(name)


def description(text: str) -> str:
    """Check a description, which may be empty. Raises a `DomainError`."""
    if len(text) > DESCRIPTION_MAX:
        raise errors.NameTooLongError(f"a description has at most {DESCRIPTION_MAX} characters")
    if not text.isprintable():
        raise errors.InvalidValueError("a description has only printable characters")
    return text


def _printable(name: str) -> str:
    if not name.isprintable():
        raise errors.InvalidValueError(_NAMES)
    return name or UNNAMED


def _most(charge_type: ChargeType, limits: Mapping[ChargeType, int]) -> int:
    if charge_type not in limits:
        names = ", ".join(kind.value for kind in limits)
        raise errors.InvalidValueError(f"{charge_type.value} isn't possible here: use {names}")
    return limits[charge_type]


def _range(mbps: int, charge_type: ChargeType, least: int, most: int) -> str:
    return (
        f"a bandwidth of {mbps} Mbps isn't possible with {charge_type.value}: {least} to {most} is"
    )
