"""What can be asked of control: the user's requests, and the reports of what was done for them."""

from dataclasses import dataclass

from gateway.control.values import ChargeType


@dataclass(frozen=True, slots=True)
class RunInstance:
    """Buy an instance; with bandwidth above 0 the system assigns it an ordinary public IP."""

    name: str
    bandwidth_mbps: int
    charge_type: ChargeType


@dataclass(frozen=True, slots=True)
class StartInstance:
    """Switch a stopped instance on."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class StopInstance:
    """Switch a running instance off; it keeps its addresses."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class RebootInstance:
    """Switch a running instance off and on."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class TerminateInstance:
    """End an instance: its ordinary public IP goes back to the pool, an EIP to the account."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class ReportDone:
    """Not a user's: what the instance's passing state asked for has been done."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class ReportLaunchFailed:
    """Not a user's: the instance could not be built."""

    instance_id: str
    why: str


@dataclass(frozen=True, slots=True)
class AllocateEip:
    """Take an address from the pool into the account."""

    name: str
    bandwidth_mbps: int
    charge_type: ChargeType


@dataclass(frozen=True, slots=True)
class BindEip:
    """Bind an EIP to an instance; if it is bound to another, move it, in one step."""

    eip_id: str
    instance_id: str


@dataclass(frozen=True, slots=True)
class UnbindEip:
    """Unbind an EIP; its instance gets a new ordinary public IP."""

    eip_id: str


@dataclass(frozen=True, slots=True)
class ReleaseEip:
    """Give an unbound EIP's address back to the pool."""

    eip_id: str


@dataclass(frozen=True, slots=True)
class ChangeInstancesBandwidth:
    """Give the ordinary public IPs of instances another bandwidth, all or none."""

    instance_ids: tuple[str, ...]
    bandwidth_mbps: int


@dataclass(frozen=True, slots=True)
class RenameInstances:
    """Call instances so."""

    instance_ids: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class ChangeEipsBandwidth:
    """Give EIPs another bandwidth, all or none."""

    eip_ids: tuple[str, ...]
    bandwidth_mbps: int


@dataclass(frozen=True, slots=True)
class ChangeEipChargeType:
    """Pay for an EIP in another way, and for this bandwidth."""

    eip_id: str
    charge_type: ChargeType
    bandwidth_mbps: int


@dataclass(frozen=True, slots=True)
class RenameEip:
    """Call an EIP so."""

    eip_id: str
    name: str


OnInstances = (
    RunInstance
    | StartInstance
    | StopInstance
    | RebootInstance
    | TerminateInstance
    | ReportDone
    | ReportLaunchFailed
    | ChangeInstancesBandwidth
    | RenameInstances
)
OnAddresses = (
    AllocateEip
    | BindEip
    | UnbindEip
    | ReleaseEip
    | ChangeEipsBandwidth
    | ChangeEipChargeType
    | RenameEip
)
Command = OnInstances | OnAddresses
