"""Every kind of event there is, and the form of its rules. A new resource adds its kinds here."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.control.events.account import AccountEvent
from gateway.control.events.addresses import AddressEvent
from gateway.control.events.groups import GroupEvent
from gateway.control.events.instances import InstanceEvent
from gateway.control.events.networks import NetworkEvent
from gateway.control.events.packages import PackageEvent

Event = NetworkEvent | InstanceEvent | AddressEvent | PackageEvent | AccountEvent | GroupEvent

# What a part of the state does with the events that it takes in. A rule takes an event of its kind,
# and the time at which it happened in Unix seconds.
Rules = Mapping[type[Event], Callable[[Any, float], None]]
