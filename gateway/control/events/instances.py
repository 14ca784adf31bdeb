"""What happened to instances."""

from dataclasses import dataclass

from gateway.control.values.instances import InstanceState
from gateway.control.values.purchases import DEFAULT_PURCHASE, Attributes, Purchase


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
    purchase: Purchase = DEFAULT_PURCHASE
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class InstanceStateChanged:
    """An instance went from one state to another, by itself or because a request asked for it."""

    instance_id: str
    state: str
    why: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class InstanceGone:
    """A terminating instance was removed; its private address is free."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class InstanceBandwidthChanged:
    """The bandwidth of an instance's ordinary public IP changed."""

    instance_id: str
    bandwidth_mbps: int
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class InstanceRenamed:
    instance_id: str
    name: str


@dataclass(frozen=True, slots=True)
class InstanceAttributesChanged:
    """The changeable terms of an instance changed to these."""

    instance_id: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class InstanceChargingChanged:
    """The charging of an instance stopped or started; a stopped one may cost nothing.

    `address_due` says that its ordinary public IP was released, and a start assigns another.
    """

    instance_id: str
    charging: bool
    address_due: bool


def state_changed(
    instance_id: str, state: InstanceState, why: str = "", request_id: str = ""
) -> InstanceStateChanged:
    """The event that an instance is in `state` now."""
    return InstanceStateChanged(instance_id, state.value, why, request_id)


InstanceEvent = (
    InstanceOrdered
    | InstanceStateChanged
    | InstanceGone
    | InstanceBandwidthChanged
    | InstanceRenamed
    | InstanceAttributesChanged
    | InstanceChargingChanged
)
