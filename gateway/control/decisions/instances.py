"""Instances: bought, switched on and off, ended; and the reports of that work."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions import blocks, disks, packages, purchases, requirements, tags, tokens
from gateway.control.decisions.candidates import choose, new_address_id
from gateway.control.decisions.moment import Moment
from gateway.control.decisions.ordinary_ips import assign, release
from gateway.control.state import PASSING, State
from gateway.control.values import InstanceState

RUN_MAX: Final = 100  # by one call
TERMINABLE: Final = (InstanceState.RUNNING, InstanceState.STOPPED, InstanceState.LAUNCH_FAILED)


def run(state: State, command: cmd.RunInstance, at: Moment) -> list[ev.Event]:
    """Buy instances; with bandwidth each has an ordinary public IP from the start."""
    if tokens.answered(state, command):
        return []
    bandwidth_mbps = _bandwidth(command)
    requirements.count(command.count, RUN_MAX)
    purchases.check(state, command.purchase, command.count)
    tags.check(state, command.tags)
    newcomers = command.count if bandwidth_mbps else 0
    package = packages.joining(state, command.package_id, command.charge_type, newcomers)
    if package and not bandwidth_mbps:
        raise errors.CombinationError("without bandwidth there is no address to join a package")
    ordered = _ordered(state, command, bandwidth_mbps, at)
    instance_ids = [event.instance_id for event in ordered]
    addresses = _assigned(state, instance_ids, at) if bandwidth_mbps else []
    joined = [ev.PackageJoined(package.package_id, one.address_id) for one in addresses if package]
    each = zip_longest(ordered, addresses, joined)
    events = [event for group in each for event in group if event]
    events += [event for one in instance_ids for event in tags.tagged(one, command.tags)]
    return [*events, *tokens.remember(command, *instance_ids)]


def _bandwidth(command: cmd.RunInstance) -> int:
    """The bandwidth for a public IP: 0 if none is wanted."""
    requirements.instance_bandwidth(command.bandwidth_mbps, command.charge_type, least=0)
    if command.public_ip and not command.bandwidth_mbps:
        raise errors.InstanceCombinationError("there is no public IP without bandwidth")
    return 0 if command.public_ip is False else command.bandwidth_mbps


def _ordered(
    state: State, command: cmd.RunInstance, bandwidth_mbps: int, at: Moment
) -> list[ev.InstanceOrdered]:
    private_ips = purchases.private_ips(state, command, at)
    wanted = command.purchase.attributes
    ordered: dict[str, ev.InstanceOrdered] = {}
    macs: set[str] = set()
    disk_ids: set[str] = set()
    for position, private_ip in enumerate(private_ips):
        host_name = purchases.numbered(wanted.host_name, position, command.count)
        attributes = replace(wanted, host_name=purchases.host_name(host_name, private_ip))
        instance_id, mac = at.new_id("ins", state.instances, ordered), at.new_mac(state.macs, macs)
        macs.add(mac)
        purchase = disks.with_ids(command.purchase, state, at, disk_ids)
        disk_ids.update(disk.disk_id for disk in purchase.disks)
        ordered[instance_id] = ev.InstanceOrdered(
            instance_id=instance_id,
            name=requirements.instance_name(
                purchases.numbered(command.name, position, command.count)
            ),
            uuid=at.new_uuid(),
            private_ip=private_ip,
            mac=mac,
            bandwidth_mbps=bandwidth_mbps,
            charge_type=command.charge_type.value,
            purchase=replace(purchase, attributes=attributes),
            request_id=at.request_id,
        )
    return list(ordered.values())


def _assigned(state: State, instance_ids: Sequence[str], at: Moment) -> list[ev.OrdinaryIpAssigned]:
    taken: list[str] = []
    for _ in instance_ids:
        taken.append(new_address_id(state, at, taken))
    chosen = choose(state, at, len(instance_ids))
    return [
        ev.OrdinaryIpAssigned(instance_id, address_id, one.address, one.slot)
        for instance_id, address_id, one in zip(instance_ids, taken, chosen, strict=True)
    ]


def reboot(state: State, command: cmd.RebootInstance, at: Moment) -> list[ev.Event]:
    """Switch a running instance off and on. Raises `InstanceStateError` in any other state."""
    return _pass_on(state, command.instance_id, InstanceState.RUNNING, InstanceState.REBOOTING, at)


def _pass_on(
    state: State, instance_id: str, needed: InstanceState, passing: InstanceState, at: Moment
) -> list[ev.Event]:
    """Put an instance that is in the state `needed` into a passing one. Raises a `DomainError`."""
    instance = requirements.instance(state, instance_id)
    if instance.state is not needed:
        raise errors.InstanceStateError(instance_id, instance.state, needed.value)
    return [ev.state_changed(instance_id, passing, request_id=at.request_id)]


def start(state: State, command: cmd.StartInstance, at: Moment) -> list[ev.Event]:
    """Start an instance: charging goes on, and a released ordinary public IP is replaced."""
    instance_id = command.instance_id
    events = _pass_on(state, instance_id, InstanceState.STOPPED, InstanceState.STARTING, at)
    instance = state.instances[instance_id]
    if not instance.charging:
        events.append(ev.InstanceChargingChanged(instance_id, charging=True, address_due=False))
    if instance.address_due and not state.public_ip(instance):
        events.append(assign(state, instance_id, instance.former, at))
    return events


def stop(state: State, command: cmd.StopInstance, at: Moment) -> list[ev.Event]:
    """Stop an instance: it keeps its EIP, and while charged its ordinary public IP, too."""
    instance_id = command.instance_id
    events = _pass_on(state, instance_id, InstanceState.RUNNING, InstanceState.STOPPING, at)
    if command.charging:
        return events
    blocks.refuse_ordinary(state, state.instances[instance_id])
    released = release(state.instances[instance_id])
    changed = ev.InstanceChargingChanged(instance_id, charging=False, address_due=bool(released))
    return [*released, changed, *events]


def terminate(state: State, command: cmd.TerminateInstance, at: Moment) -> list[ev.Event]:
    """End an instance: its addresses leave at once, it goes when its machine is removed."""
    instance_id = command.instance_id
    instance = requirements.instance(state, instance_id)
    if instance.purchase.attributes.protected:
        raise errors.ProtectedError(
            f"{instance_id} is protected: set DisableApiTermination to false first"
        )
    requirements.in_state(instance, TERMINABLE)
    events = release(instance)
    if instance.eip_id:
        events.append(ev.EipUnbound(instance.eip_id, instance_id))
    ending = ev.state_changed(instance_id, InstanceState.TERMINATING, request_id=at.request_id)
    return [*events, ending]


def done(state: State, command: cmd.ReportDone, _at: Moment) -> list[ev.Event]:
    """End the instance's passing state; a report that comes late changes nothing."""
    instance = requirements.instance(state, command.instance_id)
    if instance.state not in PASSING:
        return []
    after = PASSING[instance.state]
    if after is None:
        return [ev.InstanceGone(instance.instance_id)]
    return [ev.state_changed(instance.instance_id, after)]


def launch_failed(state: State, command: cmd.ReportLaunchFailed, _at: Moment) -> list[ev.Event]:
    """Keep the instance for inspection, without a public address."""
    instance = requirements.instance(state, command.instance_id)
    requirements.in_state(instance, (InstanceState.PENDING,))
    failed = ev.state_changed(instance.instance_id, InstanceState.LAUNCH_FAILED, command.why)
    return [*release(instance), failed]
