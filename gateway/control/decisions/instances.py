"""Instances: bought, switched on and off, ended; and what was done for that, as reported."""

from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions import checks, packages
from gateway.control.decisions.circumstances import Circumstances
from gateway.control.decisions.ordinary import assign, release
from gateway.control.state import PASSING, State
from gateway.control.values import InstanceState

TERMINABLE: Final = (InstanceState.RUNNING, InstanceState.STOPPED, InstanceState.LAUNCH_FAILED)


def run(state: State, command: cmd.RunInstance, at: Circumstances) -> list[ev.Event]:
    """Bought; with bandwidth it has an ordinary public IP from the start."""
    checks.instance_bandwidth(command.bandwidth_mbps, command.charge_type, least=0)
    package = packages.joining(state, command.package_id, command.charge_type, 1)
    if package and not command.bandwidth_mbps:
        raise errors.CombinationError("without bandwidth there is no address to join a package")
    private_ip = state.subnet.next_free(at.now)
    if private_ip is None:
        raise errors.SubnetFullError("no private address is free: terminate an instance first")
    instance_id = at.new_id("ins", state.instances)
    ordered = ev.InstanceOrdered(
        instance_id=instance_id,
        name=checks.instance_name(command.name),
        uuid=at.new_uuid(),
        private_ip=private_ip,
        mac=at.new_mac(state.macs),
        bandwidth_mbps=command.bandwidth_mbps,
        charge_type=command.charge_type.value,
    )
    if not command.bandwidth_mbps:
        return [ordered]
    assigned = assign(state, instance_id, frozenset(), at)
    if package is None:
        return [ordered, assigned]
    return [ordered, assigned, ev.PackageJoined(package.package_id, assigned.address_id)]


def pass_on(
    state: State, instance_id: str, needed: InstanceState, passing: InstanceState
) -> list[ev.Event]:
    """It goes from the state it must be in to a passing one."""
    instance = checks.instance(state, instance_id)
    if instance.state is not needed:
        raise errors.InstanceStateError(instance_id, instance.state, needed.value)
    return [ev.state_changed(instance_id, passing)]


def terminate(state: State, instance_id: str) -> list[ev.Event]:
    """It loses its addresses at once, and goes when its machine has."""
    instance = checks.instance(state, instance_id)
    checks.in_state(instance, TERMINABLE)
    events = release(instance)
    if instance.eip_id:
        events.append(ev.EipUnbound(instance.eip_id, instance_id))
    return [*events, ev.state_changed(instance_id, InstanceState.TERMINATING)]


def done(state: State, instance_id: str) -> list[ev.Event]:
    """What its passing state asked for is done; a report that comes late changes nothing."""
    instance = checks.instance(state, instance_id)
    if instance.state not in PASSING:
        return []
    after = PASSING[instance.state]
    if after is None:
        return [ev.InstanceGone(instance.instance_id)]
    return [ev.state_changed(instance.instance_id, after)]


def launch_failed(state: State, instance_id: str, why: str) -> list[ev.Event]:
    """It stays to be looked at, without an address."""
    instance = checks.instance(state, instance_id)
    checks.in_state(instance, (InstanceState.PENDING,))
    failed = ev.state_changed(instance.instance_id, InstanceState.LAUNCH_FAILED, why)
    return [*release(instance), failed]
