"""The operator's action on what is to be paid for: quantities, not prices."""

from typing import Any

from gateway.api.action import Action, Answer, Context, action
from gateway.api.fields import Flag
from gateway.api.services import OPERATOR
from gateway.api.times import iso_time
from gateway.control.errors import UnknownInstanceError
from gateway.control.state.ledger import Released
from gateway.control.values import Eip
from gateway.metering.values import Usage


@action(OPERATOR)
class DescribeUsage(Action):
    """Show what is to be paid for, of one instance or of all."""

    InstanceId: str | None = None
    Hourly: Flag = False

    def run(self, context: Context) -> Answer:
        """What each address carried for each holder, and how long each EIP was bound and idle."""
        wanted = self.InstanceId
        with context.metered() as meter:
            usages = meter.usages(wanted, hourly=self.Hourly)
        now = context.control.now()
        with context.control.state() as state:
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
