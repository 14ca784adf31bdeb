"""The public addresses: EIPs, ordinary public IPs of instances, and which are blocked."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gateway.control import events as ev
from gateway.control.events.kinds import Rules
from gateway.control.state.account import AccountPart
from gateway.control.state.instances import Instances
from gateway.control.state.networks import Networks
from gateway.control.state.touches import Touches
from gateway.control.values.addresses import Eip, OrdinaryIp, Prepaid, Renewal
from gateway.control.values.charging import ChargeType
from gateway.control.values.instances import InstanceState

# An ordinary public IP assigned in one of these states comes with a start of the instance; in any
# other state it replaces an EIP, and counts as a reassignment.
_AT_A_START: Final = (InstanceState.PENDING, InstanceState.STARTING)


class Addresses:
    """All EIPs by their ids, and the blocked addresses. Ordinary public IPs are in instances."""

    def __init__(
        self, networks: Networks, account: AccountPart, instances: Instances, touches: Touches
    ) -> None:
        self.eips: dict[str, Eip] = {}
        self.blocked: dict[str, float] = {}  # by address: until when, Unix seconds
        self.deadlines: dict[str, float] = {}  # by EIP: when its time is over, or it is released
        self._networks = networks
        self._account = account
        self._instances = instances
        self._touches = touches

    def rules(self) -> Rules:
        return {
            ev.OrdinaryIpAssigned: self._ordinary_assigned,
            ev.OrdinaryIpReleased: self._ordinary_released,
            ev.EipAllocated: self._allocated,
            ev.EipBound: self._bound,
            ev.EipUnbound: self._unbound,
            ev.EipReleased: self._released,
            ev.EipTransformed: self._transformed,
            ev.EipBandwidthChanged: self._bandwidth_changed,
            ev.EipChargeTypeChanged: self._charge_type_changed,
            ev.EipRenewed: self._renewed,
            ev.EipExpired: self._expired,
            ev.EipRenamed: self._renamed,
            ev.AddressChanged: self._address_changed,
            ev.AddressBlocked: self._blocked,
            ev.AddressOpened: self._opened,
        }

    def restore(self, eips: Mapping[str, Eip]) -> None:
        """Take over the EIPs of a snapshot, and make the index of their deadlines."""
        self.eips.update(eips)
        self.deadlines.update({key: eip.prepaid.due_at for key, eip in eips.items() if eip.prepaid})

    def pay_for(
        self, address_id: str, package_id: str | None, kind: ChargeType, **changes: object
    ) -> None:
        """Change how an address is paid for, whether it is an EIP or an ordinary public IP."""
        if address_id in self.eips:
            self._change(address_id, package_id=package_id, charge_type=kind, **changes)
        else:
            instance_id = self._instances.by_ordinary_ip[address_id]
            self._instances.change(instance_id, package_id=package_id, charge_type=kind, **changes)

    def touch(self, address_id: str) -> None:
        """Note that the instance that has this address is touched, if there is one."""
        eip = self.eips.get(address_id)
        instance_id = eip.instance_id if eip else self._instances.by_ordinary_ip.get(address_id)
        if instance_id:
            self._touches.note(instance_id)

    def _ordinary_assigned(self, event: ev.OrdinaryIpAssigned, at: float) -> None:
        self._networks.assign(event.address, event.address_id, event.slot, at)
        ordinary = OrdinaryIp(event.address_id, event.address)
        self._instances.change(event.instance_id, ordinary=ordinary)
        if self._instances.by_id[event.instance_id].state not in _AT_A_START:
            self._account.ledger.reassign(at)

    def _ordinary_released(self, event: ev.OrdinaryIpReleased, at: float) -> None:
        instance = self._instances.by_id[event.instance_id]
        assert instance.ordinary, event
        self._account.ledger.drop_changes_of(instance.ordinary.address_id)
        former = instance.former_with(event.address)
        self._instances.change(event.instance_id, ordinary=None, former=former)
        self._networks.release(event.address, at)

    def _allocated(self, event: ev.EipAllocated, at: float) -> None:
        self._networks.assign(event.address, event.eip_id, event.slot, at)
        self._set(event.eip_id, _new_eip(event, at))
        self._account.ledger.apply(at)

    def _bound(self, event: ev.EipBound, at: float) -> None:
        self._instances.change(event.instance_id, eip_id=event.eip_id)
        self._turn(event.eip_id, event.instance_id, at)

    def _unbound(self, event: ev.EipUnbound, at: float) -> None:
        self._instances.change(event.instance_id, eip_id=None)
        self._turn(event.eip_id, None, at)

    def _released(self, event: ev.EipReleased, at: float) -> None:
        eip = self.eips[event.eip_id]
        assert eip.instance_id is None, event
        self._account.ledger.release(eip, at)
        self._set(event.eip_id, None)
        self._networks.release(event.address, at)

    def _transformed(self, event: ev.EipTransformed, at: float) -> None:
        instance = self._instances.by_id[event.instance_id]
        assert instance.ordinary == OrdinaryIp(event.eip_id, event.address), event
        assert instance.package_id is None, event
        former = instance.former_with(event.address)
        self._instances.change(event.instance_id, ordinary=None, eip_id=event.eip_id, former=former)
        self._set(event.eip_id, replace(_new_eip(event, at), instance_id=event.instance_id))
        self._account.ledger.apply(at)

    def _bandwidth_changed(self, event: ev.EipBandwidthChanged, _at: float) -> None:
        self._change(event.eip_id, bandwidth_mbps=event.bandwidth_mbps)

    def _charge_type_changed(self, event: ev.EipChargeTypeChanged, _at: float) -> None:
        self._change(
            event.eip_id,
            charge_type=ChargeType(event.charge_type),
            bandwidth_mbps=event.bandwidth_mbps,
            switches=self.eips[event.eip_id].switches + 1,
            prepaid=_prepaid(event),
        )

    def _renewed(self, event: ev.EipRenewed, _at: float) -> None:
        self._change(event.eip_id, prepaid=_prepaid(event))

    def _expired(self, event: ev.EipExpired, _at: float) -> None:
        prepaid = self.eips[event.eip_id].prepaid
        assert prepaid, event
        self._change(event.eip_id, prepaid=replace(prepaid, expired=True))

    def _renamed(self, event: ev.EipRenamed, _at: float) -> None:
        self._change(event.eip_id, name=event.name)

    def _address_changed(self, event: ev.AddressChanged, at: float) -> None:
        assert self._networks.in_use.get(event.before) == event.address_id, event
        self._networks.assign(event.address, event.address_id, event.slot, at)
        if event.address_id in self.eips:
            self._change(event.address_id, address=event.address)
        else:
            instance_id = self._instances.by_ordinary_ip[event.address_id]
            former = self._instances.by_id[instance_id].former_with(event.before)
            ordinary = OrdinaryIp(event.address_id, event.address)
            self._instances.change(instance_id, ordinary=ordinary, former=former)
        self._networks.release(event.before, at)
        self._account.ledger.change(event.address_id, at)

    def _blocked(self, event: ev.AddressBlocked, _at: float) -> None:
        self.blocked[event.address] = event.until
        self.touch(self._networks.in_use.get(event.address, ""))

    def _opened(self, event: ev.AddressOpened, _at: float) -> None:
        del self.blocked[event.address]
        self.touch(self._networks.in_use.get(event.address, ""))

    def _turn(self, eip_id: str, instance_id: str | None, at: float) -> None:
        """Make the EIP bound to an instance from now on, or idle."""
        eip = self.eips[eip_id]
        self._change(
            eip_id,
            instance_id=instance_id,
            idle_s=eip.idle_for_s(at),
            bound_s=eip.bound_for_s(at),
            since=at,
        )

    def _change(self, eip_id: str, **changes: object) -> None:
        self._set(eip_id, replace(self.eips[eip_id], **changes))  # type: ignore[arg-type]

    def _set(self, eip_id: str, after: Eip | None) -> None:
        """Set or remove an EIP; nothing else does. The instances it is bound to are touched."""
        for eip in (self.eips.get(eip_id), after):
            if eip and eip.instance_id:
                self._touches.note(eip.instance_id)
        self.deadlines.pop(eip_id, None)
        if after:
            self.eips[eip_id] = after
            if after.prepaid:
                self.deadlines[eip_id] = after.prepaid.due_at
        else:
            del self.eips[eip_id]
            self._account.drop_tags(eip_id)


def _prepaid(event: ev.EipAllocated | ev.EipChargeTypeChanged | ev.EipRenewed) -> Prepaid | None:
    """Until when the EIP is paid for; versions before wrote no such time, and the EIP has none."""
    if event.paid_until is None or event.renewal is None:
        return None
    return Prepaid(event.paid_until, Renewal(event.renewal))


def _new_eip(event: ev.EipAllocated | ev.EipTransformed, at: float) -> Eip:
    """An EIP that no instance is bound to."""
    return Eip(
        eip_id=event.eip_id,
        address=event.address,
        name=event.name,
        bandwidth_mbps=event.bandwidth_mbps,
        charge_type=ChargeType(event.charge_type),
        created_at=at,
        since=at,
        prepaid=_prepaid(event) if isinstance(event, ev.EipAllocated) else None,
    )
