"""The rules: which events a command leads to, or why it is refused.

Nothing here changes the state. Ordinary public IPs are the system's: assigned when an instance with
bandwidth is bought and when an EIP leaves it, released when an EIP comes, when the instance ends or
can't be built. No command names one.
"""

from collections.abc import Callable, Collection, Container, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, assert_never
from uuid import UUID

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
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
ID_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
ID_LENGTH: Final = 8
DRAWS_MAX: Final = 1000

TERMINABLE: Final = (InstanceState.RUNNING, InstanceState.STOPPED, InstanceState.LAUNCH_FAILED)
BINDABLE: Final = (InstanceState.RUNNING, InstanceState.STOPPED)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a decision takes from the world: the time, Unix seconds, and chance."""

    now: float
    rng: Random

    def new_id(self, prefix: str, *taken: Container[str]) -> str:
        """An id of the cloud's form, e.g. `ins-1a2b3c4d`, that isn't in any of `taken`."""
        return _untaken(
            taken, lambda: f"{prefix}-{''.join(self.rng.choices(ID_LETTERS, k=ID_LENGTH))}"
        )

    def new_uuid(self) -> str:
        """A random UUID (RFC 9562, version 4)."""
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def new_mac(self, taken: Container[str]) -> str:
        """A MAC of the cloud's form, `52:54:00:…`, that isn't `taken`."""
        return _untaken(
            [taken],
            lambda: "52:54:00:" + ":".join(f"{self.rng.randrange(256):02x}" for _ in range(3)),
        )


def _untaken(taken: Collection[Container[str]], draw: Callable[[], str]) -> str:
    drawn = (draw() for _ in range(DRAWS_MAX))
    fresh = next((one for one in drawn if not any(one in there for there in taken)), None)
    assert fresh is not None, "all but a few of the possible ids are taken"
    return fresh


def decide(state: State, command: cmd.Command, at: Circumstances) -> list[ev.Event]:
    """The events that carry out `command`. Raises a `DomainError` if it is refused."""
    match command:
        case cmd.RunInstance():
            return _run(state, command, at)
        case cmd.StartInstance(instance_id):
            return _pass_on(state, instance_id, InstanceState.STOPPED, InstanceState.STARTING)
        case cmd.StopInstance(instance_id):
            return _pass_on(state, instance_id, InstanceState.RUNNING, InstanceState.STOPPING)
        case cmd.RebootInstance(instance_id):
            return _pass_on(state, instance_id, InstanceState.RUNNING, InstanceState.REBOOTING)
        case cmd.TerminateInstance(instance_id):
            return _terminate(state, instance_id)
        case cmd.ReportDone(instance_id):
            return _done(_instance(state, instance_id))
        case cmd.ReportLaunchFailed(instance_id, why):
            return _launch_failed(_instance(state, instance_id), why)
        case cmd.AllocateEip():
            return _allocate(state, command, at)
        case cmd.BindEip():
            return _bind(state, command, at)
        case cmd.UnbindEip(eip_id):
            return _unbind(state, eip_id, at)
        case cmd.ReleaseEip(eip_id):
            return _release(state, eip_id)
        case _:
            assert_never(command)


def _run(state: State, command: cmd.RunInstance, at: Circumstances) -> list[ev.Event]:
    _check_bandwidth(command.bandwidth_mbps, command.charge_type, 0, INSTANCE_BANDWIDTH_MAX_MBPS)
    private_ip = state.subnet.next_free(at.now)
    if private_ip is None:
        raise errors.SubnetFullError("no private address is free: terminate an instance first")
    instance_id = at.new_id("ins", state.instances)
    ordered = ev.InstanceOrdered(
        instance_id=instance_id,
        name=_name(command.name),
        uuid=at.new_uuid(),
        private_ip=private_ip,
        mac=at.new_mac(state.macs),
        bandwidth_mbps=command.bandwidth_mbps,
        charge_type=command.charge_type.value,
    )
    if not command.bandwidth_mbps:
        return [ordered]
    return [ordered, _assign(state, instance_id, frozenset(), at)]


def _pass_on(
    state: State, instance_id: str, needed: InstanceState, passing: InstanceState
) -> list[ev.Event]:
    instance = _instance(state, instance_id)
    if instance.state is not needed:
        raise errors.InstanceStateError(instance_id, instance.state, needed.value)
    return [ev.state_changed(instance_id, passing)]


def _terminate(state: State, instance_id: str) -> list[ev.Event]:
    instance = _instance(state, instance_id)
    _check_state(instance, TERMINABLE)
    events = _release_ordinary(instance)
    if instance.eip_id:
        events.append(ev.EipUnbound(instance.eip_id, instance_id))
    return [*events, ev.state_changed(instance_id, InstanceState.TERMINATING)]


def _done(instance: Instance) -> list[ev.Event]:
    if instance.state not in PASSING:
        return []
    after = PASSING[instance.state]
    if after is None:
        return [ev.InstanceGone(instance.instance_id)]
    return [ev.state_changed(instance.instance_id, after)]


def _launch_failed(instance: Instance, why: str) -> list[ev.Event]:
    _check_state(instance, (InstanceState.PENDING,))
    failed = ev.state_changed(instance.instance_id, InstanceState.LAUNCH_FAILED, why)
    return [*_release_ordinary(instance), failed]


def _allocate(state: State, command: cmd.AllocateEip, at: Circumstances) -> list[ev.Event]:
    _check_bandwidth(command.bandwidth_mbps, command.charge_type, 1, EIP_BANDWIDTH_MAX_MBPS)
    return [
        ev.EipAllocated(
            eip_id=_new_address_id(state, at),
            address=_free_address(state, at, without=()),
            name=_name(command.name),
            bandwidth_mbps=command.bandwidth_mbps,
            charge_type=command.charge_type.value,
        )
    ]


def _bind(state: State, command: cmd.BindEip, at: Circumstances) -> list[ev.Event]:
    eip = _eip(state, command.eip_id)
    instance = _instance(state, command.instance_id)
    if instance.eip_id == eip.eip_id:
        raise errors.AlreadyBoundError(f"{eip.eip_id} is bound to {instance.instance_id} already")
    if instance.eip_id:
        raise errors.AlreadyBoundError(
            f"{instance.instance_id} has {instance.eip_id} bound: unbind that first"
        )
    _check_state(instance, BINDABLE)
    leaving = _leave(state, eip, at) if eip.instance_id else []
    bound = ev.EipBound(eip.eip_id, instance.instance_id)
    return [*leaving, *_release_ordinary(instance), bound]


def _unbind(state: State, eip_id: str, at: Circumstances) -> list[ev.Event]:
    eip = _eip(state, eip_id)
    if not eip.instance_id:
        raise errors.EipStatusError(f"{eip_id} is bound to no instance")
    return _leave(state, eip, at)


def _release(state: State, eip_id: str) -> list[ev.Event]:
    eip = _eip(state, eip_id)
    if eip.instance_id:
        raise errors.EipStatusError(f"{eip_id} is bound to {eip.instance_id}: unbind it first")
    return [ev.EipReleased(eip_id, eip.address)]


def _leave(state: State, eip: Eip, at: Circumstances) -> list[ev.Event]:
    """The EIP leaves its instance, which gets a new ordinary public IP if it pays for one."""
    assert eip.instance_id is not None
    instance = state.instances[eip.instance_id]
    unbound = ev.EipUnbound(eip.eip_id, instance.instance_id)
    if not instance.bandwidth_mbps:
        return [unbound]
    return [unbound, _assign(state, instance.instance_id, instance.former, at)]


def _assign(
    state: State, instance_id: str, former: Collection[str], at: Circumstances
) -> ev.OrdinaryIpAssigned:
    address = _free_address(state, at, without=former)
    return ev.OrdinaryIpAssigned(instance_id, _new_address_id(state, at), address)


def _release_ordinary(instance: Instance) -> list[ev.Event]:
    if not instance.ordinary:
        return []
    return [ev.OrdinaryIpReleased(instance.instance_id, instance.ordinary.address)]


def _free_address(state: State, at: Circumstances, without: Collection[str]) -> str:
    address = state.pool.next_free(at.now, without=without)
    if address is None:
        raise errors.PoolEmptyError(
            "no public address is free: release an EIP or terminate an instance, "
            "and wait until the address has passed its quarantine"
        )
    return address


def _new_address_id(state: State, at: Circumstances) -> str:
    return at.new_id("eip", state.eips, state.ordinary)


def _instance(state: State, instance_id: str) -> Instance:
    instance = state.instances.get(instance_id)
    if instance is None:
        raise errors.UnknownInstanceError(instance_id)
    return instance


def _eip(state: State, eip_id: str) -> Eip:
    eip = state.eips.get(eip_id)
    if eip is not None:
        return eip
    ordinary = state.ordinary_ip(eip_id)
    if ordinary is not None:
        raise errors.OrdinaryAddressError(ordinary.address)
    raise errors.UnknownEipError(eip_id)


def _check_state(instance: Instance, needed: Collection[InstanceState]) -> None:
    if instance.state not in needed:
        words = " or ".join(state.value for state in needed)
        raise errors.InstanceStateError(instance.instance_id, instance.state, words)


def _check_bandwidth(
    mbps: int, charge_type: ChargeType, least: int, most: Mapping[ChargeType, int]
) -> None:
    if charge_type not in most:
        names = ", ".join(kind.value for kind in most)
        raise errors.InvalidValueError(f"{charge_type.value} isn't possible here: use {names}")
    if not least <= mbps <= most[charge_type]:
        raise errors.InvalidValueError(
            f"a bandwidth of {mbps} Mbps isn't possible with {charge_type.value}: "
            f"{least} to {most[charge_type]} is"
        )


def _name(name: str) -> str:
    if len(name) > NAME_MAX or not name.isprintable():
        raise errors.InvalidValueError(
            f"a name has at most {NAME_MAX} characters, all of them printable"
        )
    return name or UNNAMED
