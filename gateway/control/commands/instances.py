"""What can be asked for instances."""

from dataclasses import dataclass

from gateway.control.values.charging import ChargeType
from gateway.control.values.purchases import DEFAULT_PURCHASE, Purchase
from gateway.control.values.tags import Tag


@dataclass(frozen=True, slots=True)
class RunInstance:
    """Buy instances; with bandwidth above 0 the system assigns each an ordinary public IP.

    The same client token again is the same request again: nothing more is bought.
    """

    name: str
    bandwidth_mbps: int
    charge_type: ChargeType
    package_id: str | None = None  # the bandwidth package it joins
    count: int = 1
    client_token: str = ""
    purchase: Purchase = DEFAULT_PURCHASE
    private_ips: tuple[str, ...] = ()  # one for each, in this order; if empty, free ones are chosen
    public_ip: bool | None = None  # whether it gets one; None means: if it has bandwidth
    count_min: int | None = None  # the least number that will do, if there is no room for all
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True)
class StartInstance:
    """Switch a stopped instance on; an ordinary public IP that was released is replaced."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class StopInstance:
    """Switch a running instance off; the instance keeps its addresses.

    Without `charging` its ordinary public IP is released, and a start assigns another one.
    """

    instance_id: str
    charging: bool = True


@dataclass(frozen=True, slots=True)
class RebootInstance:
    """Switch a running instance off and on; it keeps its addresses."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class TerminateInstance:
    """End an instance: its ordinary public IP goes to the pool, its EIP to the account."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class ReportDone:
    """Report, from inside, that the work of the instance's passing state is done."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class ReportLaunchFailed:
    """Report, from inside, that the instance could not be built."""

    instance_id: str
    why: str


@dataclass(frozen=True, slots=True)
class ChangeInstancesBandwidth:
    """Change the bandwidth of the ordinary public IPs of instances, all or none."""

    instance_ids: tuple[str, ...]
    bandwidth_mbps: int


@dataclass(frozen=True, slots=True)
class RenameInstances:
    """Give all of these instances the same name."""

    instance_ids: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class ChangeInstancesAttributes:
    """Change the terms that instances were bought with, where a field isn't None."""

    instance_ids: tuple[str, ...]
    host_name: str | None = None
    user_data: str | None = None
    role: str | None = None
    protected: bool | None = None
    security_groups: tuple[str, ...] | None = None


InstanceCommand = (
    RunInstance
    | StartInstance
    | StopInstance
    | RebootInstance
    | TerminateInstance
    | ReportDone
    | ReportLaunchFailed
    | ChangeInstancesBandwidth
    | RenameInstances
    | ChangeInstancesAttributes
)
