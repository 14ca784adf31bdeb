"""EIPs: allocated, bound, unbound, released; and ordinary public IPs that become one, or go."""

from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions import (
    account,
    blocks,
    deadlines,
    packages,
    requirements,
    tags,
    tokens,
)
from gateway.control.decisions.candidates import choose, new_address_id
from gateway.control.decisions.moment import Moment
from gateway.control.decisions.ordinary_ips import assign, release
from gateway.control.state import State
from gateway.control.values import EIP_BANDWIDTH_MAX_MBPS, Eip, Instance

ALLOCATED_MAX: Final = 100  # by one call


def allocate(state: State, command: cmd.AllocateEip, at: Moment) -> list[ev.Event]:
    """Take addresses of the pool into the account, as EIPs."""
    if tokens.answered(state, command):
        return []
    requirements.eip_bandwidth(command.bandwidth_mbps, command.charge_type)
    requirements.count(command.count, ALLOCATED_MAX)
    name = requirements.other_name(command.name)
    tags.check(state, command.tags)
    account.may_apply(state, command.count, at)
    paid_until, renewal = deadlines.terms(command.charge_type, command.months, command.renewal, at)
    package = packages.joining(state, command.package_id, command.charge_type, command.count)
    events: list[ev.Event] = []
    ids: list[str] = []
    for address, slot in choose(state, at, command.count):
        eip_id = new_address_id(state, at, ids)
        ids.append(eip_id)
        events.append(
            ev.EipAllocated(
                eip_id=eip_id,
                address=address,
                name=name,
                bandwidth_mbps=command.bandwidth_mbps,
                charge_type=command.charge_type.value,
                slot=slot,
                paid_until=paid_until,
                renewal=renewal,
            )
        )
        if package:
            events.append(ev.PackageJoined(package.package_id, eip_id))
        events += tags.tagged(eip_id, command.tags)
    return [*events, *tokens.remember(command, *ids)]


def bind(state: State, command: cmd.BindEip, at: Moment) -> list[ev.Event]:
    """Bind an EIP; it takes the place of the instance's ordinary public IP."""
    eip = requirements.eip(state, command.eip_id)
    blocks.refuse(state, eip.address)
    deadlines.refuse_expired(eip)
    instance = requirements.instance(state, command.instance_id)
    if instance.eip_id == eip.eip_id:
        raise errors.AlreadyBoundError(f"{eip.eip_id} is bound to {instance.instance_id} already")
    if instance.eip_id:
        raise errors.AlreadyBoundError(
            f"{instance.instance_id} has {instance.eip_id} bound: unbind that first"
        )
    requirements.at_rest(instance)
    blocks.refuse_ordinary(state, instance)
    if account.standard(state):
        _check_apart(eip, instance)
    leaving = _leave(state, eip, at) if eip.instance_id else []
    bound = ev.EipBound(eip.eip_id, instance.instance_id)
    return [*leaving, *release(instance), bound]


def _check_apart(eip: Eip, instance: Instance) -> None:
    """Check what today's API wants: the user unbinds and returns addresses before binding."""
    if eip.instance_id:
        raise errors.EipStatusError(
            f"{eip.eip_id} is bound to {eip.instance_id}: unbind it first (behaviour STANDARD)"
        )
    if instance.ordinary:
        raise errors.HasOrdinaryAddressError(
            f"{instance.instance_id} has the ordinary public IP {instance.ordinary.address}: "
            "return it first (behaviour STANDARD)"
        )


def unbind(state: State, command: cmd.UnbindEip, at: Moment) -> list[ev.Event]:
    """Unbind an EIP; its instance may get a new ordinary public IP, as the behaviour says."""
    eip = requirements.eip(state, command.eip_id)
    blocks.refuse(state, eip.address)
    if not eip.instance_id:
        raise errors.EipStatusError(f"{eip.eip_id} is bound to no instance")
    instance = state.instances[eip.instance_id]
    standard = account.standard(state)
    reallocate = not standard if command.reallocate is None else command.reallocate
    if not reallocate:
        requirements.at_rest(instance)
        return [ev.EipUnbound(eip.eip_id, instance.instance_id)]
    if standard and instance.bandwidth_mbps:
        account.may_reassign(state, at)
    return _leave(state, eip, at)


def transform(state: State, command: cmd.TransformOrdinaryIp, at: Moment) -> list[ev.Event]:
    """Make an EIP of an ordinary public IP: its address, instance and package stay."""
    instance = requirements.instance(state, command.instance_id)
    if instance.eip_id:
        raise errors.AlreadyBoundError(f"{instance.eip_id} is bound to {instance.instance_id}")
    requirements.at_rest(instance)
    ordinary = instance.ordinary
    if not ordinary:
        raise errors.NoWanIpError(f"{instance.instance_id} has no ordinary public IP")
    blocks.refuse(state, ordinary.address)
    if instance.charge_type not in EIP_BANDWIDTH_MAX_MBPS:
        raise errors.ChargeTypeError(f"no EIP can be {instance.charge_type.value}")
    account.may_apply(state, 1, at)
    transformed = ev.EipTransformed(
        eip_id=ordinary.address_id,
        instance_id=instance.instance_id,
        address=ordinary.address,
        name=requirements.UNNAMED,
        bandwidth_mbps=instance.bandwidth_mbps,
        charge_type=instance.charge_type.value,
    )
    if not instance.package_id:
        return [transformed]
    joined = ev.PackageJoined(instance.package_id, ordinary.address_id)
    return [*packages.left(instance, ordinary.address_id), transformed, joined]


def return_ordinary(state: State, command: cmd.ReturnOrdinaryIps, _at: Moment) -> list[ev.Event]:
    """Release ordinary public IPs; only today's API lets a user ask for that."""
    if not account.standard(state):
        raise errors.UnsupportedBehaviourError(
            "the system alone releases ordinary public IPs (behaviour LEGACY)"
        )
    events: list[ev.Event] = []
    for instance_id in dict.fromkeys(command.instance_ids):
        instance = requirements.instance(state, instance_id)
        requirements.at_rest(instance)
        if not instance.ordinary:
            raise errors.NoWanIpError(f"{instance_id} has no ordinary public IP")
        blocks.refuse(state, instance.ordinary.address)
        events += release(instance)
    return events


def release_eip(state: State, command: cmd.ReleaseEip, _at: Moment) -> list[ev.Event]:
    """Give the address of an unbound EIP back to the pool."""
    eip = requirements.eip(state, command.eip_id)
    if eip.instance_id:
        raise errors.EipStatusError(f"{eip.eip_id} is bound to {eip.instance_id}: unbind it first")
    if eip.prepaid and not eip.expired:
        raise errors.PaidForError(f"{eip.eip_id} is paid for: it is released when that is over")
    return [*packages.left(eip, eip.eip_id), ev.EipReleased(eip.eip_id, eip.address)]


def end(state: State, eip: Eip, at: Moment) -> list[ev.Event]:
    """The EIP leaves its instance, if it has one, and goes: the account has no say in that."""
    released = ev.EipReleased(eip.eip_id, eip.address)
    if not eip.instance_id:
        return [released]
    unbound = ev.EipUnbound(eip.eip_id, eip.instance_id)
    if account.standard(state):
        return [unbound, released]
    try:
        return [*_leave(state, eip, at), released]
    except errors.PoolEmptyError:
        return [unbound, released]


def _leave(state: State, eip: Eip, at: Moment) -> list[ev.Event]:
    """The EIP leaves its instance, which gets a new ordinary public IP if it has bandwidth."""
    assert eip.instance_id is not None
    instance = state.instances[eip.instance_id]
    requirements.at_rest(instance)
    unbound = ev.EipUnbound(eip.eip_id, instance.instance_id)
    if not instance.bandwidth_mbps:
        return [unbound]
    return [unbound, assign(state, instance.instance_id, instance.former, at)]
