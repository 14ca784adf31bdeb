"""What an action is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.api.requests.fields import Request
from gateway.control.controller import Controller

Answer = dict[str, Any]

CVM: Final = "cvm"
VPC: Final = "vpc"
MONITOR: Final = "monitor"
VERSIONS: Final[Mapping[str, str]] = {
    CVM: "2017-03-12",
    VPC: "2017-03-12",
    MONITOR: "2018-07-24",
}


@dataclass(frozen=True, slots=True)
class Action:
    """The service it is of, a request's model, and what carries it out."""

    service: str
    request: type[Request]
    run: Callable[[Controller, Any], Answer]
