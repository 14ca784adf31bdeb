"""The state that events add up to, with a part for each resource."""

from gateway.control.state.state import State
from gateway.control.values import PASSING

__all__ = ["PASSING", "State"]
