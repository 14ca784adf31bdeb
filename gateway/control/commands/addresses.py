"""What can be asked for public addresses: EIPs, and ordinary public IPs of instances."""

from dataclasses import dataclass

from gateway.control.values.addresses import Renewal
from gateway.control.values.charging import ChargeType
from gateway.control.values.tags import Tag


@dataclass(frozen=True, slots=True)
class AllocateEip:
    """Take addresses of the pool into the account, once for each client token."""

    name: str
    bandwidth_mbps: int
    charge_type: ChargeType
    package_id: str | None = None  # the bandwidth package it joins
    count: int = 1
    client_token: str = ""
    tags: tuple[Tag, ...] = ()
    months: int | None = None  # that are paid in advance, where the charge type is such
    renewal: Renewal = Renewal.AUTO


@dataclass(frozen=True, slots=True)
class BindEip:
    """Bind an EIP to an instance; if it is bound to another, move it, in one step.

    With the account's behaviour STANDARD it must be unbound, and the instance without an address.
    """

    eip_id: str
    instance_id: str


@dataclass(frozen=True, slots=True)
class UnbindEip:
    """Unbind an EIP; its instance gets a new ordinary public IP, or gets none.

    If `reallocate` doesn't say which, the account's behaviour does: with LEGACY there is a new one.
    """

    eip_id: str
    reallocate: bool | None = None


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
class ChangeEipsBandwidth:
    """Change the bandwidth of these EIPs, all or none."""

    eip_ids: tuple[str, ...]
    bandwidth_mbps: int


@dataclass(frozen=True, slots=True)
class ChangeEipChargeType:
    """Change the charge type of an EIP, and its bandwidth with it."""

    eip_id: str
    charge_type: ChargeType
    bandwidth_mbps: int
    months: int | None = None
    renewal: Renewal = Renewal.AUTO


@dataclass(frozen=True, slots=True)
class RenewEips:
    """Pay for these EIPs for more months, all or none; None keeps what happens at the end."""

    eip_ids: tuple[str, ...]
    months: int
    renewal: Renewal | None = None


@dataclass(frozen=True, slots=True)
class ChangeEipsRenewal:
    """Change what happens when the time that these EIPs are paid for is over, all or none."""

    eip_ids: tuple[str, ...]
    renewal: Renewal


@dataclass(frozen=True, slots=True)
class KeepDeadlines:
    """Renew, stop or release, from inside, the EIPs whose time is over."""


@dataclass(frozen=True, slots=True)
class RenameEip:
    """Give the EIP with this id another name."""

    eip_id: str
    name: str


@dataclass(frozen=True, slots=True)
class ChangeOrdinaryIp:
    """Give an instance's ordinary public IP another address; not with the behaviour LEGACY."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class ChangeEipAddress:
    """Give an EIP that is in a bandwidth package another address."""

    eip_id: str


@dataclass(frozen=True, slots=True)
class BlockAddress:
    """Let nothing pass to or from a public address for a time; for the operator."""

    address: str
    seconds: int


@dataclass(frozen=True, slots=True)
class OpenAddress:
    """Let a blocked address pass again before its time; for the operator."""

    address: str


@dataclass(frozen=True, slots=True)
class OpenDueAddresses:
    """Open, from inside, the blocked addresses that are due."""


AddressCommand = (
    AllocateEip
    | BindEip
    | UnbindEip
    | TransformOrdinaryIp
    | ReturnOrdinaryIps
    | ReleaseEip
    | ChangeEipsBandwidth
    | ChangeEipChargeType
    | RenewEips
    | ChangeEipsRenewal
    | KeepDeadlines
    | RenameEip
    | ChangeOrdinaryIp
    | ChangeEipAddress
    | BlockAddress
    | OpenAddress
    | OpenDueAddresses
)
