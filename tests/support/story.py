"""The rules alone: commands decided and taken in, one after the other, with no world outside."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from support.snapshot import snapshot

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.decide import decide
from gateway.control.decisions.moment import Moment
from gateway.control.errors import DomainError
from gateway.control.state import State
from gateway.control.values import (
    ChargeType,
    Eip,
    Instance,
    InstanceState,
    NetworkType,
    PackageChargeType,
)

BEGIN = 1_000_000.0
HOURLY = ChargeType.TRAFFIC_POSTPAID_BY_HOUR


class Story:
    """A state, its clock, and what has been asked so far."""

    def __init__(
        self,
        *,
        pool: str | tuple[str, ...] = "203.0.113.0/28",
        vpc: str = "10.0.0.0/24",
        reserved: tuple[str, ...] = ("10.0.0.1",),
        quarantine_s: float = 60.0,
    ) -> None:
        """A lab that was just configured."""
        self.now = BEGIN
        self.state = State()
        self.given_back: set[str] = set()  # addresses that a worker's table may still have
        self.history: list[tuple[ev.Event, float]] = []
        self._rng = Random(1)  # noqa: S311  the same ids in each run
        pools = (pool,) if isinstance(pool, str) else pool
        self._take([ev.LabConfigured(pools, quarantine_s, vpc, reserved)])

    def do(self, command: cmd.Command) -> list[ev.Event]:
        """Decide and take in; returns the events."""
        moment = Moment(self.now, self._rng, given=set(self.given_back))
        events = decide(self.state, command, moment)
        self._take(events)
        return events

    def refusal(self, command: cmd.Command) -> DomainError:
        """Why `command` is refused; that nothing changes is asserted."""
        before = snapshot(self.state)
        with pytest.raises(DomainError) as refused:
            self.do(command)
        assert snapshot(self.state) == before
        return refused.value

    def order(self, bandwidth_mbps: int = 10, name: str = "web") -> str:
        """An instance that is bought and not yet built; its id."""
        ordered = self.do(cmd.RunInstance(name, bandwidth_mbps, HOURLY))[0]
        assert isinstance(ordered, ev.InstanceOrdered)
        return ordered.instance_id

    def run(self, bandwidth_mbps: int = 10, name: str = "web") -> str:
        """A running instance; its id."""
        instance_id = self.order(bandwidth_mbps, name)
        self.do(cmd.ReportDone(instance_id))
        return instance_id

    def instance_in(self, state: InstanceState, bandwidth_mbps: int = 10) -> str:
        """An instance in `state`; its id."""
        if state in (InstanceState.PENDING, InstanceState.LAUNCH_FAILED):
            instance_id = self.order(bandwidth_mbps)
            if state is InstanceState.LAUNCH_FAILED:
                self.do(cmd.ReportLaunchFailed(instance_id, "no memory"))
            return instance_id
        instance_id = self.run(bandwidth_mbps)
        match state:
            case InstanceState.STOPPING:
                self.do(cmd.StopInstance(instance_id))
            case InstanceState.STOPPED | InstanceState.STARTING:
                self.stop(instance_id)
            case InstanceState.REBOOTING:
                self.do(cmd.RebootInstance(instance_id))
            case InstanceState.TERMINATING:
                self.do(cmd.TerminateInstance(instance_id))
        if state is InstanceState.STARTING:
            self.do(cmd.StartInstance(instance_id))
        assert self.instance(instance_id).state is state
        return instance_id

    def stop(self, instance_id: str, *, charging: bool = True) -> None:
        """Stop it, to the end."""
        self.do(cmd.StopInstance(instance_id, charging))
        self.do(cmd.ReportDone(instance_id))

    def start(self, instance_id: str) -> None:
        """Start it, to the end."""
        self.do(cmd.StartInstance(instance_id))
        self.do(cmd.ReportDone(instance_id))

    def terminate(self, instance_id: str) -> None:
        """Terminate it, to the end."""
        self.do(cmd.TerminateInstance(instance_id))
        self.do(cmd.ReportDone(instance_id))

    def allocate(self, name: str = "front") -> str:
        """An EIP; its id."""
        (allocated,) = self.do(cmd.AllocateEip(name, 5, HOURLY))
        assert isinstance(allocated, ev.EipAllocated)
        return allocated.eip_id

    def paying(self, charge_type: ChargeType) -> dict[str, Any]:
        """What a purchase must say with this charge type: a package that is made for it."""
        if charge_type is not ChargeType.BANDWIDTH_PACKAGE:
            return {}
        kind = PackageChargeType.TOP5_POSTPAID_BY_MONTH
        (created,) = self.do(cmd.CreatePackages("shared", 100, kind, NetworkType.BGP))
        assert isinstance(created, ev.PackageCreated)
        return {"package_id": created.package_id}

    def bound(self, instance_id: str) -> str:
        """An EIP bound to the instance; its id."""
        eip_id = self.allocate()
        self.do(cmd.BindEip(eip_id, instance_id))
        return eip_id

    def instance(self, instance_id: str) -> Instance:
        """The instance as it is now."""
        return self.state.instances[instance_id]

    def eip(self, eip_id: str) -> Eip:
        """The EIP as it is now."""
        return self.state.eips[eip_id]

    def ordinary(self, instance_id: str) -> str | None:
        """The instance's ordinary public IP."""
        ordinary = self.instance(instance_id).ordinary
        return ordinary.address if ordinary else None

    def public(self, instance_id: str) -> str | None:
        """The public address that stands for the instance."""
        return self.state.public_ip(self.instance(instance_id))

    def free(self) -> list[str]:
        """The public addresses that are free, those in quarantine included, longest free first."""
        return list(self.state.pool.free(float("inf")))

    def without_quotas(self) -> None:
        """As many EIPs as there are addresses, at any rate."""
        self.do(cmd.ConfigureAccount(eips_max=1 << 20, applications_max=1 << 20))

    def exhaust(self, leaving: int = 0) -> list[str]:
        """Allocate EIPs until `leaving` addresses can be given out; their ids."""
        ready = len(list(self.state.pool.free(self.now)))
        return [self.allocate() for _ in range(ready - leaving)]

    def _take(self, events: Sequence[ev.Event]) -> None:
        for event in events:
            self.state.evolve(event, self.now)
            self.history.append((event, self.now))
