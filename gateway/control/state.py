"""The state: what all events so far add up to.

`evolve` is the only way it changes, and it decides nothing: the same events give the same state,
whenever they are replayed. Its asserts hold for every log that `decide` wrote.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from gateway.control import events as ev
from gateway.control.pool import Pool
from gateway.control.values import ChargeType, Eip, Instance, InstanceState, OrdinaryIp


class State:
    """Instances, EIPs and free addresses at one sequence of the log."""

    def __init__(self) -> None:
        """The state before the first event."""
        self.sequence = 0
        self.config: ev.LabConfigured | None = None
        self.instances: dict[str, Instance] = {}
        self.eips: dict[str, Eip] = {}
        self._by_private_ip: dict[str, str] = {}
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

    def ordinary_ips(self) -> Iterator[tuple[Instance, OrdinaryIp]]:
        """Every ordinary public IP, with the instance that has it."""
        for instance in self.instances.values():
            if instance.ordinary:
                yield instance, instance.ordinary

    def evolve(self, event: ev.Event, at: float) -> None:
        """Take in one event that happened at `at`, Unix seconds."""
        match event:
            case ev.LabConfigured():
                self._configured(event)
            case ev.InstanceOrdered():
                self._ordered(event, at)
            case ev.InstanceStateChanged():
                self._change(event.instance_id, state=InstanceState(event.state))
            case ev.InstanceGone():
                self._gone(event, at)
            case ev.OrdinaryIpAssigned():
                self.pool.take(event.address)
                ordinary = OrdinaryIp(event.address_id, event.address)
                self._change(event.instance_id, ordinary=ordinary)
            case ev.OrdinaryIpReleased():
                self._ordinary_released(event, at)
            case ev.EipAllocated():
                self._eip_allocated(event, at)
            case ev.EipBound():
                self._change(event.instance_id, eip_id=event.eip_id)
                self._change_eip(event.eip_id, instance_id=event.instance_id)
            case ev.EipUnbound():
                self._change(event.instance_id, eip_id=None)
                self._change_eip(event.eip_id, instance_id=None)
            case ev.EipReleased():
                assert self.eips[event.eip_id].instance_id is None, event
                del self.eips[event.eip_id]
                self.pool.give_back(event.address, at)
            case _:
                assert_never(event)
        self.sequence += 1

    def _configured(self, event: ev.LabConfigured) -> None:
        assert self.sequence == 0, event
        self.config = event
        self._pool = Pool(event.pool, quarantine_s=event.quarantine_s)
        self._subnet = Pool(event.vpc, quarantine_s=0, reserved=event.reserved)

    def _ordered(self, event: ev.InstanceOrdered, at: float) -> None:
        self.subnet.take(event.private_ip)
        self._by_private_ip[event.private_ip] = event.instance_id
        self.instances[event.instance_id] = Instance(
            instance_id=event.instance_id,
            name=event.name,
            uuid=event.uuid,
            private_ip=event.private_ip,
            mac=event.mac,
            bandwidth_mbps=event.bandwidth_mbps,
            charge_type=ChargeType(event.charge_type),
            created_at=at,
        )

    def _gone(self, event: ev.InstanceGone, at: float) -> None:
        instance = self.instances.pop(event.instance_id)
        assert instance.ordinary is None, event
        assert instance.eip_id is None, event
        del self._by_private_ip[instance.private_ip]
        self.subnet.give_back(instance.private_ip, at)

    def _ordinary_released(self, event: ev.OrdinaryIpReleased, at: float) -> None:
        former = self.instances[event.instance_id].former | {event.address}
        self._change(event.instance_id, ordinary=None, former=former)
        self.pool.give_back(event.address, at)

    def _eip_allocated(self, event: ev.EipAllocated, at: float) -> None:
        self.pool.take(event.address)
        self.eips[event.eip_id] = Eip(
            eip_id=event.eip_id,
            address=event.address,
            name=event.name,
            bandwidth_mbps=event.bandwidth_mbps,
            charge_type=ChargeType(event.charge_type),
            created_at=at,
        )

    def _change(self, instance_id: str, **changes: object) -> None:
        self.instances[instance_id] = replace(self.instances[instance_id], **changes)  # type: ignore[arg-type]

    def _change_eip(self, eip_id: str, *, instance_id: str | None) -> None:
        self.eips[eip_id] = replace(self.eips[eip_id], instance_id=instance_id)
