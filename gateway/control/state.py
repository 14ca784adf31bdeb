"""The state: what all events so far add up to.

`evolve` is the only way it changes, and it decides nothing: the same events give the same state,
whenever they are replayed. Its asserts hold for every log that `decide` wrote.

Nothing that a command needs is searched for: what is looked up is indexed, and what was touched
last is noted, so that nothing else need be compiled again.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Final, assert_never

from gateway.control import events as ev
from gateway.control import instance_events
from gateway.control.ledger import Answer, Ledger
from gateway.control.made import new_eip, new_package
from gateway.control.pool import Pool
from gateway.control.values import (
    Account,
    BandwidthPackage,
    Behaviour,
    ChargeType,
    Eip,
    Instance,
    InstanceState,
    OrdinaryIp,
    PackageChargeType,
)

# A passing state, and the state it ends in when its work is done; TERMINATING ends in none.
PASSING: Final[Mapping[InstanceState, InstanceState | None]] = {
    InstanceState.PENDING: InstanceState.RUNNING,
    InstanceState.STARTING: InstanceState.RUNNING,
    InstanceState.REBOOTING: InstanceState.RUNNING,
    InstanceState.STOPPING: InstanceState.STOPPED,
    InstanceState.TERMINATING: None,
}
# Who gets an ordinary public IP in these states gets it by beginning, not because an EIP left.
BEGINNING: Final = (InstanceState.PENDING, InstanceState.STARTING)
TOUCHED_MAX: Final = 4096  # instances; whoever is further behind must look at all of them


class State:
    """Instances, EIPs and free addresses at one sequence of the log."""

    def __init__(self) -> None:
        """The state before the first event."""
        self.sequence = 0
        self.config: ev.LabConfigured | None = None
        self.instances: dict[str, Instance] = {}
        self.eips: dict[str, Eip] = {}
        self.packages: dict[str, BandwidthPackage] = {}
        self.tags: dict[str, dict[str, str]] = {}  # by the id of what has them
        self.configured_at = 0.0
        self.account = Account()
        self.ledger = Ledger()
        # The ids of instances, by what they have; whose state is a passing one.
        self.macs: dict[str, str] = {}
        self.ordinary: dict[str, str] = {}  # by the id of the ordinary public IP
        self.passing: dict[str, InstanceState] = {}
        self.in_use: dict[str, str] = {}  # public addresses, and their ids
        self.blocked: dict[str, float] = {}  # public addresses, and until when
        self._by_private_ip: dict[str, str] = {}
        self._touched: OrderedDict[str, int] = OrderedDict()  # when last, the latest at the end
        self._forgotten = 0  # touches up to this sequence may not be there
        self._pool: Pool | None = None
        self._subnet: Pool | None = None

    @property
    def pool(self) -> Pool:
        """The public addresses."""
        assert self._pool is not None, "LabConfigured is always the first event"
        return self._pool

    @property
    def subnet(self) -> Pool:
        """The private addresses."""
        assert self._subnet is not None, "LabConfigured is always the first event"
        return self._subnet

    def instance_at(self, private_ip: str) -> Instance | None:
        """The instance with this private address."""
        instance_id = self._by_private_ip.get(private_ip)
        return self.instances[instance_id] if instance_id else None

    def public_ip(self, instance: Instance) -> str | None:
        """The public address that stands for the instance now: its EIP's, else its ordinary one."""
        if instance.eip_id:
            return self.eips[instance.eip_id].address
        return instance.ordinary.address if instance.ordinary else None

    def bandwidth_mbps(self, instance: Instance) -> int:
        """The outbound bandwidth of that address: the EIP's own, else the instance's."""
        return (
            self.eips[instance.eip_id].bandwidth_mbps
            if instance.eip_id
            else instance.bandwidth_mbps
        )

    def package(self, instance: Instance) -> BandwidthPackage | None:
        """The bandwidth package that address is in."""
        holder = self.eips[instance.eip_id] if instance.eip_id else instance
        return self.packages[holder.package_id] if holder.package_id else None

    def ordinary_ip(self, address_id: str) -> OrdinaryIp | None:
        """The ordinary public IP with this id."""
        instance_id = self.ordinary.get(address_id)
        return self.instances[instance_id].ordinary if instance_id else None

    def address(self, address_id: str) -> str:
        """The address with this id, an EIP's or an ordinary one. Raises `KeyError`."""
        if address_id in self.eips:
            return self.eips[address_id].address
        ordinary = self.ordinary_ip(address_id)
        if ordinary is None:
            raise KeyError(address_id)
        return ordinary.address

    def touched_since(self, sequence: int) -> list[str] | None:
        """The instances whose mapping may be another than at `sequence`, those gone included.

        None if that is too long ago to tell.
        """
        if sequence < self._forgotten:
            return None
        latest = reversed(self._touched.items())
        return [key for key, when in takewhile(lambda touch: touch[1] > sequence, latest)]

    def evolve(self, event: ev.Event, at: float) -> None:
        """Take in one event that happened at `at`, Unix seconds."""
        match event:
            case ev.LabConfigured():
                self._configured(event, at)
            case ev.InstanceOrdered():
                self._ordered(event, at)
            case ev.InstanceStateChanged():
                after = InstanceState(event.state)
                self._change(event.instance_id, state=after, why=event.why)
            case ev.InstanceGone():
                self._gone(event, at)
            case ev.OrdinaryIpAssigned():
                self._ordinary_assigned(event, at)
            case ev.OrdinaryIpReleased():
                self._ordinary_released(event, at)
            case ev.EipAllocated():
                self._eip_allocated(event, at)
            case ev.EipBound():
                self._bind(event.eip_id, event.instance_id, at)
            case ev.EipUnbound():
                self._change(event.instance_id, eip_id=None)
                self._turn_eip(event.eip_id, None, at)
            case ev.InstanceBandwidthChanged():
                self._change(event.instance_id, bandwidth_mbps=event.bandwidth_mbps)
            case ev.InstanceRenamed():
                self._change(event.instance_id, name=event.name)
            case ev.InstanceAttributesChanged():
                before = self.instances[event.instance_id]
                self._set_instance(event.instance_id, instance_events.changed(before, event, at))
            case ev.InstanceChargingChanged():
                self._change(
                    event.instance_id, charging=event.charging, address_due=event.address_due
                )
            case ev.EipBandwidthChanged():
                self._change_eip(event.eip_id, bandwidth_mbps=event.bandwidth_mbps)
            case ev.EipChargeTypeChanged():
                self._eip_charge_type_changed(event)
            case ev.EipRenamed():
                self._change_eip(event.eip_id, name=event.name)
            case ev.EipReleased():
                assert self.eips[event.eip_id].instance_id is None, event
                self.ledger.release(self.eips[event.eip_id], at)
                self._set_eip(event.eip_id, None)
                self.pool.give_back(event.address, at)
            case ev.EipTransformed():
                self._eip_transformed(event, at)
            case ev.AccountConfigured():
                behaviour = Behaviour(event.behaviour)
                self.account = Account(behaviour, event.eips_max, event.applications_max)
            case ev.TokenAnswered():
                self.ledger.remember(event.kind, event.token, Answer(event.digest, event.ids))
            case ev.AddressBlocked():
                self.blocked[event.address] = event.until
                self._touch_bearer(self.in_use.get(event.address, ""))
            case ev.AddressOpened():
                del self.blocked[event.address]
                self._touch_bearer(self.in_use.get(event.address, ""))
            case ev.AddressChanged():
                self._address_changed(event, at)
            case ev.Tagged():
                self.tags.setdefault(event.resource_id, {})[event.key] = event.value
            case _:
                self._evolve_packages(event, at)
        self.sequence += 1

    def _evolve_packages(self, event: ev.PackageEvent, at: float) -> None:
        match event:
            case ev.PackageCreated():
                self._package_created(event, at)
            case ev.PackageChanged():
                self._change_package(
                    event.package_id,
                    name=event.name,
                    bandwidth_mbps=event.bandwidth_mbps,
                    charge_type=PackageChargeType(event.charge_type),
                )
            case ev.PackageDeleted():
                assert not self.packages[event.package_id].members, event
                self._set_package(event.package_id, None)
            case ev.PackageJoined():
                members = (*self.packages[event.package_id].members, event.address_id)
                self._change_package(event.package_id, members=members)
                self._pay_for(event.address_id, event.package_id, ChargeType.BANDWIDTH_PACKAGE)
            case ev.PackageLeft():
                self._package_left(event)
            case _:
                assert_never(event)

    def _configured(self, event: ev.LabConfigured, at: float) -> None:
        assert self.sequence == 0, event
        self.configured_at = at
        self.config = event
        self._pool = Pool(event.pool, quarantine_s=event.quarantine_s)
        self._subnet = Pool(event.vpc, quarantine_s=0, reserved=event.reserved)

    def _ordered(self, event: ev.InstanceOrdered, at: float) -> None:
        self.subnet.take(event.private_ip)
        self._set_instance(event.instance_id, instance_events.ordered(event, at))

    def _gone(self, event: ev.InstanceGone, at: float) -> None:
        instance = self.instances[event.instance_id]
        assert instance.ordinary is None, event
        assert instance.eip_id is None, event
        self._set_instance(event.instance_id, None)
        self.subnet.give_back(instance.private_ip, at)

    def _ordinary_assigned(self, event: ev.OrdinaryIpAssigned, at: float) -> None:
        self.pool.take(event.address)
        ordinary = OrdinaryIp(event.address_id, event.address)
        self._change(event.instance_id, ordinary=ordinary)
        if self.instances[event.instance_id].state not in BEGINNING:
            self.ledger.reassign(at)

    def _ordinary_released(self, event: ev.OrdinaryIpReleased, at: float) -> None:
        former = self.instances[event.instance_id].former | {event.address}
        self._change(event.instance_id, ordinary=None, former=former)
        self.pool.give_back(event.address, at)

    def _eip_allocated(self, event: ev.EipAllocated, at: float) -> None:
        self.pool.take(event.address)
        self._set_eip(event.eip_id, new_eip(event, at))
        self.ledger.apply(at)

    def _eip_transformed(self, event: ev.EipTransformed, at: float) -> None:
        instance = self.instances[event.instance_id]
        assert instance.ordinary == OrdinaryIp(event.eip_id, event.address), event
        assert instance.package_id is None, event
        former = instance.former | {event.address}
        self._change(event.instance_id, ordinary=None, eip_id=event.eip_id, former=former)
        eip = replace(new_eip(event, at), instance_id=event.instance_id)
        self._set_eip(event.eip_id, eip)
        self.ledger.apply(at)

    def _bind(self, eip_id: str, instance_id: str, at: float) -> None:
        self._change(instance_id, eip_id=eip_id)
        self._turn_eip(eip_id, instance_id, at)

    def _turn_eip(self, eip_id: str, instance_id: str | None, at: float) -> None:
        """Bound from now on, or idle."""
        eip = self.eips[eip_id]
        self._change_eip(
            eip_id,
            instance_id=instance_id,
            idle_s=eip.idle_for_s(at),
            bound_s=eip.bound_for_s(at),
            since=at,
        )

    def _eip_charge_type_changed(self, event: ev.EipChargeTypeChanged) -> None:
        self._change_eip(
            event.eip_id,
            charge_type=ChargeType(event.charge_type),
            bandwidth_mbps=event.bandwidth_mbps,
            switches=self.eips[event.eip_id].switches + 1,
        )

    def _address_changed(self, event: ev.AddressChanged, at: float) -> None:
        assert self.address(event.address_id) == event.before, event
        self.pool.take(event.address)
        if event.address_id in self.eips:
            self._change_eip(event.address_id, address=event.address)
        else:
            instance_id = self.ordinary[event.address_id]
            former = self.instances[instance_id].former | {event.before}
            ordinary = OrdinaryIp(event.address_id, event.address)
            self._change(instance_id, ordinary=ordinary, former=former)
        self.pool.give_back(event.before, at)
        self.ledger.change(event.address_id, at)

    def _package_created(self, event: ev.PackageCreated, at: float) -> None:
        assert event.package_id not in self.packages, event
        assert all(one.number != event.number for one in self.packages.values()), event
        self._set_package(event.package_id, new_package(event, at))

    def _package_left(self, event: ev.PackageLeft) -> None:
        members = self.packages[event.package_id].members
        assert event.address_id in members, event
        left = tuple(member for member in members if member != event.address_id)
        self._change_package(event.package_id, members=left)
        kind = ChargeType(event.charge_type)
        self._pay_for(event.address_id, None, kind, bandwidth_mbps=event.bandwidth_mbps)

    def _pay_for(
        self, address_id: str, package_id: str | None, kind: ChargeType, **changes: object
    ) -> None:
        """An address is paid for like this from now on, whatever kind of address it is."""
        if address_id in self.eips:
            self._change_eip(address_id, package_id=package_id, charge_type=kind, **changes)
        else:
            instance_id = self.ordinary[address_id]
            self._change(instance_id, package_id=package_id, charge_type=kind, **changes)

    def _change_package(self, package_id: str, **changes: object) -> None:
        self._set_package(package_id, replace(self.packages[package_id], **changes))  # type: ignore[arg-type]

    def _change(self, instance_id: str, **changes: object) -> None:
        self._set_instance(instance_id, replace(self.instances[instance_id], **changes))  # type: ignore[arg-type]

    def _change_eip(self, eip_id: str, **changes: object) -> None:
        self._set_eip(eip_id, replace(self.eips[eip_id], **changes))  # type: ignore[arg-type]

    def _set_instance(self, instance_id: str, after: Instance | None) -> None:
        """The instance comes, changes or goes: nowhere else. What follows from it goes with it."""
        before = self.instances.get(instance_id)
        if before:
            self.macs.pop(before.mac)
            self._by_private_ip.pop(before.private_ip)
            self.passing.pop(instance_id, None)
            if before.ordinary:
                self.ordinary.pop(before.ordinary.address_id)
                self.in_use.pop(before.ordinary.address)
        if after:
            self.instances[instance_id] = after
            self.macs[after.mac] = instance_id
            self._by_private_ip[after.private_ip] = instance_id
            if after.state in PASSING:
                self.passing[instance_id] = after.state
            if after.ordinary:
                self.ordinary[after.ordinary.address_id] = instance_id
                self.in_use[after.ordinary.address] = after.ordinary.address_id
        else:
            del self.instances[instance_id]
            self.tags.pop(instance_id, None)
        self._touch(instance_id)

    def _set_eip(self, eip_id: str, after: Eip | None) -> None:
        """The EIP comes, changes or goes: nowhere else. Its instances' mappings go with it."""
        before = self.eips.get(eip_id)
        for eip in (before, after):
            if eip and eip.instance_id:
                self._touch(eip.instance_id)
        if before:
            self.in_use.pop(before.address)
        if after:
            self.eips[eip_id] = after
            self.in_use[after.address] = eip_id
        else:
            del self.eips[eip_id]
            self.tags.pop(eip_id, None)

    def _set_package(self, package_id: str, after: BandwidthPackage | None) -> None:
        """The bandwidth package comes, changes or goes: nowhere else.

        Its members' mappings go with it when its limit comes or goes; joining and leaving change
        the member itself.
        """
        before = self.packages.get(package_id)
        if before and after and before.limited != after.limited:
            for member in before.members:
                self._touch_bearer(member)
        if after:
            self.packages[package_id] = after
        else:
            del self.packages[package_id]
            self.tags.pop(package_id, None)

    def _touch_bearer(self, address_id: str) -> None:
        """The instance that has the address, if one has it."""
        eip = self.eips.get(address_id)
        instance_id = eip.instance_id if eip else self.ordinary.get(address_id)
        if instance_id:
            self._touch(instance_id)

    def _touch(self, instance_id: str) -> None:
        self._touched[instance_id] = self.sequence + 1
        self._touched.move_to_end(instance_id)
        if len(self._touched) > TOUCHED_MAX:
            _, self._forgotten = self._touched.popitem(last=False)
