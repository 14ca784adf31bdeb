"""Instances as events make and change them."""

from dataclasses import replace

from gateway.control import events as ev
from gateway.control.values import ChargeType, Instance, InstanceChargeType, Purchase


def ordered(event: ev.InstanceOrdered, at: float) -> Instance:
    """An instance that was just bought."""
    return Instance(
        instance_id=event.instance_id,
        name=event.name,
        uuid=event.uuid,
        private_ip=event.private_ip,
        mac=event.mac,
        bandwidth_mbps=event.bandwidth_mbps,
        charge_type=ChargeType(event.charge_type),
        created_at=at,
        purchase=Purchase(
            image_id=event.image_id,
            instance_type=event.instance_type,
            charge_type=InstanceChargeType(event.instance_charge_type),
            host_name=event.host_name,
            user_data=event.user_data,
            role=event.role,
            protected=event.protected,
        ),
        role_since=at,
    )


def changed(before: Instance, event: ev.InstanceAttributesChanged, at: float) -> Instance:
    """The instance after some of what it was bought with became another."""
    purchase = replace(
        before.purchase,
        host_name=event.host_name,
        user_data=event.user_data,
        role=event.role,
        protected=event.protected,
    )
    role_since = before.role_since if event.role == before.purchase.role else at
    return replace(before, purchase=purchase, role_since=role_since)
