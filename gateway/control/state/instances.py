"""The instances: what events make of them, and the indexes by which they are found."""

from collections.abc import Mapping
from dataclasses import replace

from gateway.control import events as ev
from gateway.control.events.kinds import Rules
from gateway.control.state.account import AccountPart
from gateway.control.state.groups import Groups
from gateway.control.state.networks import Networks
from gateway.control.state.touches import Touches
from gateway.control.values.charging import ChargeType
from gateway.control.values.instances import (
    BANDWIDTH_OPERATION,
    OPERATIONS,
    PASSING,
    Instance,
    InstanceState,
    Operation,
)


class Instances:
    """This part of the state keeps all instances by their ids, with indexes."""

    def __init__(
        self, networks: Networks, account: AccountPart, groups: Groups, touches: Touches
    ) -> None:
        self.by_id: dict[str, Instance] = {}
        # Ids of instances, by what they have.
        self.by_mac: dict[str, str] = {}
        self.by_disk: dict[str, str] = {}
        self.by_ordinary_ip: dict[str, str] = {}  # by the id of the ordinary public IP
        self.passing: dict[str, InstanceState] = {}  # those in a passing state
        self._networks = networks
        self._account = account
        self._groups = groups
        self._touches = touches

    def rules(self) -> Rules:
        return {
            ev.InstanceOrdered: self._ordered,
            ev.InstanceStateChanged: self._state_changed,
            ev.InstanceGone: self._gone,
            ev.InstanceBandwidthChanged: self._bandwidth_changed,
            ev.InstanceRenamed: self._renamed,
            ev.InstanceAttributesChanged: self._attributes_changed,
            ev.InstanceChargingChanged: self._charging_changed,
        }

    def change(self, instance_id: str, **changes: object) -> None:
        """Replace these fields of an instance, and bring the indexes up to date."""
        self._set(instance_id, replace(self.by_id[instance_id], **changes))  # type: ignore[arg-type]

    def restore(
        self,
        by_id: Mapping[str, Instance],
        passing: Mapping[str, InstanceState],
        by_ordinary_ip: Mapping[str, str],
    ) -> None:
        """Take over the instances of a snapshot, and make the other indexes of them."""
        self.by_id.update(by_id)
        self.passing.update(passing)
        self.by_ordinary_ip.update(by_ordinary_ip)
        for instance_id, instance in by_id.items():
            self.by_mac[instance.mac] = instance_id
            self._groups.members_restored(instance)
            self._note_disks(instance)

    def _ordered(self, event: ev.InstanceOrdered, at: float) -> None:
        self._networks.subnet.take(event.private_ip)
        instance = Instance(
            instance_id=event.instance_id,
            name=event.name,
            uuid=event.uuid,
            private_ip=event.private_ip,
            mac=event.mac,
            bandwidth_mbps=event.bandwidth_mbps,
            charge_type=ChargeType(event.charge_type),
            created_at=at,
            purchase=event.purchase,
            role_since=at,
            latest=Operation(request_id=event.request_id),
        )
        self._set(event.instance_id, instance)
        self._note_disks(instance)

    def _state_changed(self, event: ev.InstanceStateChanged, _at: float) -> None:
        state = InstanceState(event.state)
        latest = self.by_id[event.instance_id].latest
        if state in OPERATIONS:
            latest = Operation(OPERATIONS[state], event.request_id)
        self.change(event.instance_id, state=state, why=event.why, latest=latest)

    def _gone(self, event: ev.InstanceGone, at: float) -> None:
        instance = self.by_id[event.instance_id]
        assert instance.ordinary is None, event
        assert instance.eip_id is None, event
        self._set(event.instance_id, None)
        self._networks.subnet.give_back(instance.private_ip, at)

    def _bandwidth_changed(self, event: ev.InstanceBandwidthChanged, _at: float) -> None:
        latest = Operation(BANDWIDTH_OPERATION, event.request_id)
        self.change(event.instance_id, bandwidth_mbps=event.bandwidth_mbps, latest=latest)

    def _renamed(self, event: ev.InstanceRenamed, _at: float) -> None:
        self.change(event.instance_id, name=event.name)

    def _attributes_changed(self, event: ev.InstanceAttributesChanged, at: float) -> None:
        before = self.by_id[event.instance_id]
        purchase = replace(before.purchase, attributes=event.attributes)
        same_role = event.attributes.role == before.purchase.attributes.role
        role_since = before.role_since if same_role else at
        self.change(event.instance_id, purchase=purchase, role_since=role_since)

    def _charging_changed(self, event: ev.InstanceChargingChanged, _at: float) -> None:
        self.change(event.instance_id, charging=event.charging, address_due=event.address_due)

    def _set(self, instance_id: str, after: Instance | None) -> None:
        """Set or remove an instance, and its entries in the indexes; nothing else does."""
        before = self.by_id.get(instance_id)
        if before:
            self.by_mac.pop(before.mac)
            self.passing.pop(instance_id, None)
            if before.ordinary:
                self.by_ordinary_ip.pop(before.ordinary.address_id)
        if after:
            self.by_id[instance_id] = after
            self.by_mac[after.mac] = instance_id
            if after.state in PASSING:
                self.passing[instance_id] = after.state
            if after.ordinary:
                self.by_ordinary_ip[after.ordinary.address_id] = instance_id
        else:
            for disk in self.by_id.pop(instance_id).purchase.disks:
                del self.by_disk[disk.disk_id]
            self._account.drop_tags(instance_id)
        self._groups.take_in(instance_id, before, after)
        self._touches.note(instance_id)

    def _note_disks(self, instance: Instance) -> None:
        for disk in instance.purchase.disks:
            self.by_disk[disk.disk_id] = instance.instance_id
