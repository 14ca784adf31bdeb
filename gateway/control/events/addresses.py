"""What happened to public addresses: EIPs, and ordinary public IPs of instances.

The event that assigns an address has its slot. Earlier versions wrote none: then the slot is the
position of the address in the pool.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OrdinaryIpAssigned:
    """The system assigned an address of the pool to an instance."""

    instance_id: str
    address_id: str
    address: str
    slot: int | None = None


@dataclass(frozen=True, slots=True)
class OrdinaryIpReleased:
    """An instance's ordinary public IP went back to the pool."""

    instance_id: str
    address: str


@dataclass(frozen=True, slots=True)
class EipAllocated:
    """The account got an address of the pool as an EIP."""

    eip_id: str
    address: str
    name: str
    bandwidth_mbps: int
    charge_type: str
    slot: int | None = None
    paid_until: float | None = None  # Unix seconds, if it is paid for in advance
    renewal: str | None = None


@dataclass(frozen=True, slots=True)
class EipBound:
    eip_id: str
    instance_id: str


@dataclass(frozen=True, slots=True)
class EipUnbound:
    eip_id: str
    instance_id: str


@dataclass(frozen=True, slots=True)
class EipReleased:
    """An EIP's address went back to the pool."""

    eip_id: str
    address: str


@dataclass(frozen=True, slots=True)
class EipTransformed:
    """An instance's ordinary public IP became an EIP that is bound to it, with the same id."""

    eip_id: str
    instance_id: str
    address: str
    name: str
    bandwidth_mbps: int
    charge_type: str


@dataclass(frozen=True, slots=True)
class EipBandwidthChanged:
    eip_id: str
    bandwidth_mbps: int


@dataclass(frozen=True, slots=True)
class EipChargeTypeChanged:
    """The charge type of an EIP changed, and its bandwidth with it."""

    eip_id: str
    charge_type: str
    bandwidth_mbps: int
    paid_until: float | None = None
    renewal: str | None = None


@dataclass(frozen=True, slots=True)
class EipRenewed:
    """An EIP is paid for until a later time in Unix seconds, and passes packets again."""

    eip_id: str
    paid_until: float
    renewal: str


@dataclass(frozen=True, slots=True)
class EipExpired:
    """The time that an EIP was paid for is over: nothing passes until it is renewed."""

    eip_id: str


@dataclass(frozen=True, slots=True)
class EipRenamed:
    eip_id: str
    name: str


@dataclass(frozen=True, slots=True)
class AddressChanged:
    """The EIP or ordinary public IP with this id got another address; `before` is free."""

    address_id: str
    before: str
    address: str
    slot: int | None = None


@dataclass(frozen=True, slots=True)
class AddressBlocked:
    """A public address was blocked: nothing passes until a time in Unix seconds."""

    address: str
    until: float


@dataclass(frozen=True, slots=True)
class AddressOpened:
    """A blocked public address was opened: packets pass to and from it again."""

    address: str


AddressEvent = (
    OrdinaryIpAssigned
    | OrdinaryIpReleased
    | EipAllocated
    | EipBound
    | EipUnbound
    | EipReleased
    | EipTransformed
    | EipBandwidthChanged
    | EipChargeTypeChanged
    | EipRenewed
    | EipExpired
    | EipRenamed
    | AddressChanged
    | AddressBlocked
    | AddressOpened
)
