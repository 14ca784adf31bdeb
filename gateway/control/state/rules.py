"""What a part of the state does with events: one rule for each kind that the part takes in."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.control.events.kinds import Event

# A rule takes an event of its kind, and the time at which it happened in Unix seconds.
Rules = Mapping[type[Event], Callable[[Any, float], None]]
