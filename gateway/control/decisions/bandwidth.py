"""The bandwidth, the charge type and the name of what is in use."""

from collections.abc import Collection
from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions import deadlines, requirements
from gateway.control.decisions.moment import Moment
from gateway.control.state import State
from gateway.control.values import ChargeType, Instance, InstanceState

ONE_AT_A_TIME: Final = (ChargeType.BANDWIDTH_PREPAID, ChargeType.BANDWIDTH_POSTPAID_BY_HOUR)
SWITCHABLE: Final = (
    ChargeType.TRAFFIC_POSTPAID_BY_HOUR,
    ChargeType.BANDWIDTH_POSTPAID_BY_HOUR,
    ChargeType.BANDWIDTH_PREPAID_BY_MONTH,
)
SWITCHES_MAX: Final = 2  # in an EIP's life


def change_instances(
    state: State, command: cmd.ChangeInstancesBandwidth, at: Moment
) -> list[ev.Event]:
    """Change the bandwidth of ordinary public IPs, all or none."""
    instances = [requirements.instance(state, key) for key in dict.fromkeys(command.instance_ids)]
    _check_together(instances)
    events: list[ev.Event] = []
    for instance in instances:
        requirements.in_state(instance, (InstanceState.RUNNING, InstanceState.STOPPED))
        if not instance.ordinary:
            raise errors.NoOrdinaryAddressError(
                f"{instance.instance_id} has no ordinary public IP whose bandwidth could change"
            )
        requirements.instance_bandwidth(command.bandwidth_mbps, instance.charge_type, least=1)
        if instance.bandwidth_mbps != command.bandwidth_mbps:
            events.append(
                ev.InstanceBandwidthChanged(
                    instance.instance_id, command.bandwidth_mbps, at.request_id
                )
            )
    return events


def _check_together(instances: Collection[Instance]) -> None:
    """Check that one call may change instances of these charge types. Raises a `DomainError`."""
    kinds = {instance.charge_type for instance in instances}
    if len(kinds) > 1:
        raise errors.MixedChargeTypesError("instances of several charge types: change each kind")
    if len(instances) > 1 and not kinds.isdisjoint(ONE_AT_A_TIME):
        raise errors.MixedChargeTypesError("with this charge type only one instance at a time")


def change_eips(state: State, command: cmd.ChangeEipsBandwidth, _at: Moment) -> list[ev.Event]:
    """Change the bandwidth of these EIPs, all or none."""
    events: list[ev.Event] = []
    for eip_id in dict.fromkeys(command.eip_ids):
        eip = requirements.eip(state, eip_id)
        deadlines.refuse_expired(eip)
        requirements.eip_bandwidth(command.bandwidth_mbps, eip.charge_type)
        if eip.bandwidth_mbps != command.bandwidth_mbps:
            events.append(ev.EipBandwidthChanged(eip_id, command.bandwidth_mbps))
    return events


def change_charge_type(
    state: State, command: cmd.ChangeEipChargeType, at: Moment
) -> list[ev.Event]:
    """Change the charge type of an EIP; a bandwidth package is joined and left instead."""
    eip = requirements.eip(state, command.eip_id)
    for kind in (eip.charge_type, command.charge_type):
        if kind not in SWITCHABLE:
            raise errors.ChargeTypeError(f"to or from {kind.value} an EIP can't be switched")
    if eip.charge_type is command.charge_type:
        raise errors.ChargeTypeUnchangedError(f"{eip.eip_id} is {eip.charge_type.value} already")
    if eip.switches >= SWITCHES_MAX:
        raise errors.ChargeTypeQuotaError(f"an EIP's charge type can change {SWITCHES_MAX} times")
    deadlines.refuse_expired(eip)
    requirements.switched_bandwidth(command.bandwidth_mbps, command.charge_type)
    terms = deadlines.terms(command.charge_type, command.months, command.renewal, at)
    charge_type, mbps = command.charge_type.value, command.bandwidth_mbps
    return [ev.EipChargeTypeChanged(eip.eip_id, charge_type, mbps, *terms)]


def rename_instances(state: State, command: cmd.RenameInstances, _at: Moment) -> list[ev.Event]:
    """Give all of these instances the same name."""
    name = requirements.instance_name(command.name)
    instances = [requirements.instance(state, key) for key in dict.fromkeys(command.instance_ids)]
    return [ev.InstanceRenamed(one.instance_id, name) for one in instances if one.name != name]


def rename_eip(state: State, command: cmd.RenameEip, _at: Moment) -> list[ev.Event]:
    """Give the EIP with this id another name."""
    eip = requirements.eip(state, command.eip_id)
    name = requirements.other_name(command.name)
    return [ev.EipRenamed(eip.eip_id, name)] if eip.name != name else []
