"""Instances, and the states that they are in. The words are the cloud's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gateway.control.values.addresses import OrdinaryIp
from gateway.control.values.charging import ChargeType
from gateway.control.values.purchases import DEFAULT_PURCHASE, Purchase

FORMER_MAX: Final = 100  # ten days of reassignments, if this instance has all of the account's


class InstanceState(StrEnum):
    """`InstanceState` of the cvm API; an instance that was terminated has none."""

    PENDING = "PENDING"
    LAUNCH_FAILED = "LAUNCH_FAILED"
    RUNNING = "RUNNING"
    STARTING = "STARTING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    REBOOTING = "REBOOTING"
    TERMINATING = "TERMINATING"


# A passing state, and the state that follows when its work is done; none follows TERMINATING.
PASSING: Final[Mapping[InstanceState, InstanceState | None]] = {
    InstanceState.PENDING: InstanceState.RUNNING,
    InstanceState.STARTING: InstanceState.RUNNING,
    InstanceState.REBOOTING: InstanceState.RUNNING,
    InstanceState.STOPPING: InstanceState.STOPPED,
    InstanceState.TERMINATING: None,
}
# What has begun when an instance is in a passing state, as the cloud calls it.
OPERATIONS: Final[Mapping[InstanceState, str]] = {
    InstanceState.PENDING: "RunInstances",
    InstanceState.STARTING: "StartInstances",
    InstanceState.STOPPING: "StopInstances",
    InstanceState.REBOOTING: "RebootInstances",
    InstanceState.TERMINATING: "TerminateInstances",
}
BANDWIDTH_OPERATION: Final = "ResetInstancesInternetMaxBandwidth"


@dataclass(frozen=True, slots=True)
class Operation:
    """What was asked for an instance, and the id of the request, if it is known."""

    name: str = OPERATIONS[InstanceState.PENDING]
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance: what was bought, what was assigned, and the state that it is in."""

    instance_id: str
    name: str
    uuid: str
    private_ip: str
    mac: str
    bandwidth_mbps: int
    charge_type: ChargeType
    created_at: float
    state: InstanceState = InstanceState.PENDING
    why: str = ""  # the fault that led to this state, if one did
    ordinary: OrdinaryIp | None = None
    eip_id: str | None = None
    former: tuple[str, ...] = ()  # the latest ordinary addresses it had: it doesn't get them again
    package_id: str | None = None  # the bandwidth package of its ordinary public IP
    purchase: Purchase = DEFAULT_PURCHASE
    role_since: float = 0  # credentials from before are for another role, and no longer valid
    charging: bool = True
    address_due: bool = False  # whether a start assigns an ordinary public IP
    latest: Operation = Operation()

    def former_with(self, address: str) -> tuple[str, ...]:
        """The latest ordinary addresses that it had, when it has lost this one."""
        return (*self.former, address)[-FORMER_MAX:]


@dataclass(frozen=True, slots=True)
class RoleCredentials:
    """What an instance with a role signs requests with until `expires_at`, Unix seconds."""

    secret_id: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    expires_at: int
