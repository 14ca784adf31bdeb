"""Every kind of event there is. A new resource adds its own kinds here."""

from gateway.control.events.account import AccountEvent
from gateway.control.events.addresses import AddressEvent
from gateway.control.events.instances import InstanceEvent
from gateway.control.events.networks import NetworkEvent
from gateway.control.events.packages import PackageEvent

Event = NetworkEvent | InstanceEvent | AddressEvent | PackageEvent | AccountEvent
