"""What happened: the facts that the state is made of, by resource.

An event holds what was decided, random ids and chosen addresses included, so that a replay decides
nothing again. Events are never changed: a new meaning is a new kind.
"""

from gateway.control.events.account import (
    AccountConfigured,
    AccountEvent,
    TagCreated,
    TagDeleted,
    Tagged,
    TokenAnswered,
    Untagged,
)
from gateway.control.events.addresses import (
    AddressBlocked,
    AddressChanged,
    AddressEvent,
    AddressOpened,
    EipAllocated,
    EipBandwidthChanged,
    EipBound,
    EipChargeTypeChanged,
    EipExpired,
    EipReleased,
    EipRenamed,
    EipRenewed,
    EipTransformed,
    EipUnbound,
    OrdinaryIpAssigned,
    OrdinaryIpReleased,
)
from gateway.control.events.codec import from_record, to_record
from gateway.control.events.instances import (
    InstanceAttributesChanged,
    InstanceBandwidthChanged,
    InstanceChargingChanged,
    InstanceEvent,
    InstanceGone,
    InstanceOrdered,
    InstanceRenamed,
    InstanceStateChanged,
    state_changed,
)
from gateway.control.events.kinds import Event
from gateway.control.events.networks import LabConfigured, NetworkEvent
from gateway.control.events.packages import (
    PackageChanged,
    PackageCreated,
    PackageDeleted,
    PackageEvent,
    PackageJoined,
    PackageLeft,
)

__all__ = [
    "AccountConfigured",
    "AccountEvent",
    "AddressBlocked",
    "AddressChanged",
    "AddressEvent",
    "AddressOpened",
    "EipAllocated",
    "EipBandwidthChanged",
    "EipBound",
    "EipChargeTypeChanged",
    "EipExpired",
    "EipReleased",
    "EipRenamed",
    "EipRenewed",
    "EipTransformed",
    "EipUnbound",
    "Event",
    "InstanceAttributesChanged",
    "InstanceBandwidthChanged",
    "InstanceChargingChanged",
    "InstanceEvent",
    "InstanceGone",
    "InstanceOrdered",
    "InstanceRenamed",
    "InstanceStateChanged",
    "LabConfigured",
    "NetworkEvent",
    "OrdinaryIpAssigned",
    "OrdinaryIpReleased",
    "PackageChanged",
    "PackageCreated",
    "PackageDeleted",
    "PackageEvent",
    "PackageJoined",
    "PackageLeft",
    "TagCreated",
    "TagDeleted",
    "Tagged",
    "TokenAnswered",
    "Untagged",
    "from_record",
    "state_changed",
    "to_record",
]
