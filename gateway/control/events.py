"""What happened: the facts that the state is made of, and their form in the log.

An event holds what was decided, random ids and chosen addresses included, so that a replay decides
nothing again. Events are never changed: a new meaning is a new kind.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from gateway.control.values import DEFAULT_IMAGE, DEFAULT_TYPE, InstanceState
from gateway.store.records import Record, StoreError


@dataclass(frozen=True, slots=True)
class LabConfigured:
    """Always the first: the networks that everything after it is taken from."""

    pool: str
    quarantine_s: float
    vpc: str
    reserved: tuple[str, ...]  # private addresses that aren't instances': the VPC's gateway


@dataclass(frozen=True, slots=True)
class InstanceOrdered:
    """An instance was bought; it is PENDING until it is built."""

    instance_id: str
    name: str
    uuid: str
    private_ip: str
    mac: str
    bandwidth_mbps: int
    charge_type: str
    image_id: str = DEFAULT_IMAGE
    instance_type: str = DEFAULT_TYPE
    instance_charge_type: str = "POSTPAID_BY_HOUR"
    host_name: str = ""
    user_data: str = ""
    role: str = ""
    protected: bool = False


@dataclass(frozen=True, slots=True)
class InstanceStateChanged:
    """An instance went from one state to another."""

    instance_id: str
    state: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class InstanceGone:
    """A terminating instance is no more; its private address is free."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class OrdinaryIpAssigned:
    """The system gave an instance an address of the pool."""

    instance_id: str
    address_id: str
    address: str


@dataclass(frozen=True, slots=True)
class OrdinaryIpReleased:
    """An instance's ordinary public IP went back to the pool."""

    instance_id: str
    address: str


@dataclass(frozen=True, slots=True)
class EipAllocated:
    """An address of the pool became the account's."""

    eip_id: str
    address: str
    name: str
    bandwidth_mbps: int
    charge_type: str


@dataclass(frozen=True, slots=True)
class EipBound:
    """An EIP was bound to an instance."""

    eip_id: str
    instance_id: str


@dataclass(frozen=True, slots=True)
class EipUnbound:
    """An EIP was unbound from its instance."""

    eip_id: str
    instance_id: str


@dataclass(frozen=True, slots=True)
class EipReleased:
    """An EIP's address went back to the pool."""

    eip_id: str
    address: str


@dataclass(frozen=True, slots=True)
class InstanceBandwidthChanged:
    """An instance's ordinary public IP has another bandwidth."""

    instance_id: str
    bandwidth_mbps: int


@dataclass(frozen=True, slots=True)
class InstanceRenamed:
    """An instance has another name."""

    instance_id: str
    name: str


@dataclass(frozen=True, slots=True)
class InstanceAttributesChanged:
    """What an instance was bought with is this now; some of it is new."""

    instance_id: str
    host_name: str
    user_data: str
    role: str
    protected: bool


@dataclass(frozen=True, slots=True)
class InstanceChargingChanged:
    """An instance is charged for, or isn't while it is stopped.

    `address_due` if an ordinary public IP went with that, so that starting it assigns another.
    """

    instance_id: str
    charging: bool
    address_due: bool


@dataclass(frozen=True, slots=True)
class EipBandwidthChanged:
    """An EIP has another bandwidth."""

    eip_id: str
    bandwidth_mbps: int


@dataclass(frozen=True, slots=True)
class EipChargeTypeChanged:
    """An EIP is paid for in another way, and has this bandwidth."""

    eip_id: str
    charge_type: str
    bandwidth_mbps: int


@dataclass(frozen=True, slots=True)
class EipRenamed:
    """An EIP has another name."""

    eip_id: str
    name: str


@dataclass(frozen=True, slots=True)
class PackageCreated:
    """There is a bandwidth package, with this number in the table."""

    package_id: str
    number: int
    name: str
    bandwidth_mbps: int
    charge_type: str
    network_type: str


@dataclass(frozen=True, slots=True)
class PackageChanged:
    """A bandwidth package is as this says; some of it is new."""

    package_id: str
    name: str
    bandwidth_mbps: int
    charge_type: str


@dataclass(frozen=True, slots=True)
class PackageDeleted:
    """A bandwidth package is no more; its number is free."""

    package_id: str


@dataclass(frozen=True, slots=True)
class PackageJoined:
    """An address, an EIP or an ordinary one, became a member: the package pays for it."""

    package_id: str
    address_id: str


@dataclass(frozen=True, slots=True)
class PackageLeft:
    """An address is no member any more: it is paid for like this."""

    package_id: str
    address_id: str
    charge_type: str
    bandwidth_mbps: int


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
class AccountConfigured:
    """The account's settings are these."""

    behaviour: str
    eips_max: int
    applications_max: int


@dataclass(frozen=True, slots=True)
class TokenAnswered:
    """A request with a client token was answered with these ids; `digest` says which request."""

    kind: str
    token: str
    digest: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddressBlocked:
    """Nothing passes to or from a public address, until a time in Unix seconds."""

    address: str
    until: float


@dataclass(frozen=True, slots=True)
class AddressOpened:
    """A public address is blocked no more."""

    address: str


@dataclass(frozen=True, slots=True)
class AddressChanged:
    """The address with this id, an EIP's or an ordinary one, is another; `before` is free."""

    address_id: str
    before: str
    address: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """An instance, an EIP or a bandwidth package has this tag."""

    resource_id: str
    key: str
    value: str


OnPackages = PackageCreated | PackageChanged | PackageDeleted | PackageJoined | PackageLeft
Event = (
    LabConfigured
    | InstanceOrdered
    | InstanceStateChanged
    | InstanceGone
    | OrdinaryIpAssigned
    | OrdinaryIpReleased
    | EipAllocated
    | EipBound
    | EipUnbound
    | EipReleased
    | InstanceBandwidthChanged
    | InstanceRenamed
    | InstanceAttributesChanged
    | InstanceChargingChanged
    | EipBandwidthChanged
    | EipChargeTypeChanged
    | EipRenamed
    | EipTransformed
    | AccountConfigured
    | TokenAnswered
    | AddressBlocked
    | AddressOpened
    | AddressChanged
    | Tagged
    | OnPackages
)

_KINDS: Final[dict[str, type[Event]]] = {kind.__name__: kind for kind in Event.__args__}


def state_changed(instance_id: str, state: InstanceState, why: str = "") -> InstanceStateChanged:
    """The event that an instance is in `state` now."""
    return InstanceStateChanged(instance_id, state.value, why)


def to_record(event: Event, sequence: int, at: float) -> Record:
    """The event in the log's form."""
    body = json.dumps(asdict(event), ensure_ascii=False, separators=(",", ":"))
    return Record(sequence, at, type(event).__name__, body)


def from_record(record: Record) -> Event:
    """The event in `record`. Raises `StoreError` if it is of no kind we know."""
    try:
        fields = json.loads(record.body)
        plain = {name: _immutable(value) for name, value in fields.items()}
        return _KINDS[record.kind](**plain)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"event {record.sequence} ({record.kind}) can't be read: was it written by a newer tgw?"
        ) from error


def _immutable(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value
