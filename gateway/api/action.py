"""What an action is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.api.models import Request
from gateway.control.controller import Controller

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """A request's model, and what carries it out."""

    request: type[Request]
    run: Callable[[Controller, Any], Answer]
