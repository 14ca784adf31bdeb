"""What can be asked of control: the user's requests, and the reports of what was done for them."""

from dataclasses import dataclass

from gateway.control.values import (
    DEFAULT_PURCHASE,
    Behaviour,
    ChargeType,
    NetworkType,
    PackageChargeType,
    Purchase,
    Tag,
)


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
    private_ips: tuple[str, ...] = ()  # one each, in this order; or whichever are free
    public_ip: bool | None = None  # whether it gets one: if not said, with bandwidth it does
    count_min: int | None = None  # so few will do if there isn't room for more
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True)
class StartInstance:
    """Switch a stopped instance on."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class StopInstance:
    """Switch a running instance off; it keeps its addresses.

    Unless it shall not be charged for: then its ordinary public IP is released, and starting it
    assigns another one.
    """

    instance_id: str
    charging: bool = True


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
    """Take addresses from the pool into the account; a client token is as with instances."""

    name: str
    bandwidth_mbps: int
    charge_type: ChargeType
    package_id: str | None = None  # the bandwidth package it joins
    count: int = 1
    client_token: str = ""
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True)
class BindEip:
    """Bind an EIP to an instance; if it is bound to another, move it, in one step.

    With the account's behaviour STANDARD it must be unbound, and the instance without an address.
    """

    eip_id: str
    instance_id: str


@dataclass(frozen=True, slots=True)
class UnbindEip:
    """Unbind an EIP; its instance gets a new ordinary public IP.

    With the account's behaviour STANDARD only if `reallocate` asks for it.
    """

    eip_id: str
    reallocate: bool = False


@dataclass(frozen=True, slots=True)
class TransformOrdinaryIp:
    """Make an EIP, bound as it is, of an instance's ordinary public IP."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class ReturnOrdinaryIps:
    """Give the ordinary public IPs of instances back; not with the behaviour LEGACY."""

    instance_ids: tuple[str, ...]


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
class ChangeInstancesAttributes:
    """Change what isn't None of what instances were bought with."""

    instance_ids: tuple[str, ...]
    host_name: str | None = None
    user_data: str | None = None
    role: str | None = None
    protected: bool | None = None


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


@dataclass(frozen=True, slots=True)
class CreatePackages:
    """Make bandwidth packages that differ in nothing but their id."""

    name: str
    bandwidth_mbps: int
    charge_type: PackageChargeType
    network_type: NetworkType
    count: int = 1
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangePackageBandwidth:
    """Limit the members of a bandwidth package to another sum, or not at all."""

    package_id: str
    bandwidth_mbps: int


@dataclass(frozen=True, slots=True)
class ChangePackageAttributes:
    """Call a bandwidth package so, pay for it in another way, or both."""

    package_id: str
    name: str | None
    charge_type: PackageChargeType | None


@dataclass(frozen=True, slots=True)
class DeletePackage:
    """Delete a bandwidth package that has no members."""

    package_id: str


@dataclass(frozen=True, slots=True)
class JoinPackage:
    """Add addresses to a bandwidth package: EIPs, or ordinary public IPs by their ids."""

    package_id: str
    address_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeavePackage:
    """Remove addresses from a bandwidth package; then each is paid for on its own."""

    package_id: str
    address_ids: tuple[str, ...]
    charge_type: ChargeType = ChargeType.TRAFFIC_POSTPAID_BY_HOUR
    bandwidth_mbps: int | None = None  # as much of its own as the charge type permits


@dataclass(frozen=True, slots=True)
class ConfigureAccount:
    """The operator's: change what isn't None of the account's settings."""

    behaviour: Behaviour | None = None
    eips_max: int | None = None
    applications_max: int | None = None


@dataclass(frozen=True, slots=True)
class BlockAddress:
    """The operator's: let nothing pass to or from a public address for so long."""

    address: str
    seconds: int


@dataclass(frozen=True, slots=True)
class OpenAddress:
    """The operator's: let traffic of a blocked address pass again, before its time."""

    address: str


@dataclass(frozen=True, slots=True)
class OpenDueAddresses:
    """Not a user's: the time has come for what was blocked until now."""


@dataclass(frozen=True, slots=True)
class ChangeOrdinaryIp:
    """Give an instance's ordinary public IP another address; not with the behaviour LEGACY."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class ChangeEipAddress:
    """Give an EIP that is in a bandwidth package another address."""

    eip_id: str


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
    | ChangeInstancesAttributes
)
OnAddresses = (
    AllocateEip
    | BindEip
    | UnbindEip
    | ReleaseEip
    | TransformOrdinaryIp
    | ReturnOrdinaryIps
    | ChangeEipsBandwidth
    | ChangeEipChargeType
    | RenameEip
    | BlockAddress
    | OpenAddress
    | OpenDueAddresses
    | ChangeOrdinaryIp
    | ChangeEipAddress
)
OnAccount = ConfigureAccount
OnPackages = (
    CreatePackages
    | ChangePackageBandwidth
    | ChangePackageAttributes
    | DeletePackage
    | JoinPackage
    | LeavePackage
)
Command = OnInstances | OnAddresses | OnPackages | OnAccount
