"""What logs of earlier versions say, brought into today's form: a function for each kind."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.control.values.purchases import DEFAULT_IMAGE, DEFAULT_TYPE, InstanceChargeType

Body = dict[str, Any]
_ATTRIBUTES: Final = {"host_name": "", "user_data": "", "role": "", "protected": False}


def _ordered(body: Body) -> Body:
    """Bring the terms of the purchase into one object, with a system disk."""
    purchase = body.pop("purchase", None) or _purchase(body)
    # Earlier versions knew of no disks: such an instance has one whose id is made of its own.
    disk_id = body["instance_id"].replace("ins", "disk", 1)
    return {**body, "purchase": {"system_disk": {"disk_id": disk_id}} | purchase}


def _purchase(body: Body) -> Body:
    """Gather the terms of the purchase, which were fields of the event."""
    return {
        "image_id": body.pop("image_id", DEFAULT_IMAGE),
        "instance_type": body.pop("instance_type", DEFAULT_TYPE),
        "charge_type": body.pop("instance_charge_type", InstanceChargeType.POSTPAID_BY_HOUR.value),
        "attributes": {name: body.pop(name, default) for name, default in _ATTRIBUTES.items()},
    }


def _attributes_changed(body: Body) -> Body:
    """Gather the attributes, which were fields of the event."""
    if "attributes" in body:
        return body
    attributes = {name: body.pop(name) for name in _ATTRIBUTES}
    return {**body, "attributes": attributes}


def _configured(body: Body) -> Body:
    """Make a list of the one pool that earlier versions had."""
    if "pools" in body:
        return body
    pool = body.pop("pool")
    return {**body, "pools": [pool]}


UPCASTS: Final[Mapping[str, Callable[[Body], Body]]] = {
    "LabConfigured": _configured,
    "InstanceOrdered": _ordered,
    "InstanceAttributesChanged": _attributes_changed,
}
