"""What is to be paid for: quantities, not prices."""

from typing import Any

from gateway.api.action import Answer
from gateway.api.requests import operator as models
from gateway.api.times import iso_time
from gateway.control.controller import Controller
from gateway.control.errors import UnknownInstanceError
from gateway.control.state.ledger import Released
from gateway.control.values import Eip
from gateway.metering.meter import Meter
from gateway.metering.values import Usage


def describe_usage(control: Controller, meter: Meter, request: models.DescribeUsage) -> Answer:
    """What each address carried for each holder, and how long each EIP was bound and idle."""
    wanted = request.InstanceId
    usages = meter.usages(wanted, hourly=request.Hourly)
    now = control.now()
    with control.state() as state:
        if wanted and not usages and wanted not in state.instances:
            raise UnknownInstanceError(wanted)
        eips = [
            _eip_view(eip, eip.instance_id, eip.bound_for_s(now), eip.idle_for_s(now))
            for eip in state.eips.values()
            if wanted in (None, eip.instance_id)
        ]
        released = [] if wanted else state.ledger.released
        eips += [_eip_view(one, None, one.bound_s, one.idle_s) for one in released]
    return {"UsageSet": [_usage_view(usage) for usage in usages], "EipSet": eips}


def _usage_view(usage: Usage) -> dict[str, Any]:
    holder, traffic = usage.holder, usage.traffic
    hour = {} if usage.hour is None else {"Hour": iso_time(usage.hour)}
    return hour | {
        "AddressIp": holder.address,
        "AddressId": holder.address_id,
        "InstanceId": holder.instance_id,
        "InternetChargeType": holder.charge_type,
        "HeldSeconds": round(usage.held_s, 3),
        "OutBytes": traffic.bytes_out,
        "InBytes": traffic.bytes_in,
        "OutPackets": traffic.packets_out,
        "InPackets": traffic.packets_in,
    }


def _eip_view(
    eip: Eip | Released, instance_id: str | None, bound_s: float, idle_s: float
) -> dict[str, Any]:
    return {
        "AddressId": eip.eip_id,
        "AddressIp": eip.address,
        "InstanceId": instance_id,
        "InternetChargeType": eip.charge_type.value,
        "BoundSeconds": round(bound_s, 3),
        "IdleSeconds": round(idle_s, 3),
    }
