"""The state that events add up to, with a part for each resource."""

from gateway.control.state.instances import PASSING
from gateway.control.state.state import State

__all__ = ["PASSING", "State"]
