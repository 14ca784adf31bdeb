"""What an action is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.api.requests.fields import Request
from gateway.control.controller import Controller
from gateway.metering.meter import Meter

Answer = Mapping[str, Any]

CVM: Final = "cvm"
VPC: Final = "vpc"
STS: Final = "sts"
TAG: Final = "tag"
MONITOR: Final = "monitor"
VERSIONS: Final[Mapping[str, str]] = {
    CVM: "2017-03-12",
    VPC: "2017-03-12",
    STS: "2018-08-13",
    TAG: "2018-08-13",
    MONITOR: "2018-07-24",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a SecretId, or an instance with a role."""

    name: str
    role: str | None = None


OPERATOR: Final = Caller("")  # on the Unix socket that only root can open


@dataclass(frozen=True, slots=True)
class Action:
    """The service it is of, a request's model, and what carries it out."""

    service: str
    request: type[Request]
    run: Callable[[Controller, Any], Answer]
    regional: bool = True  # whether a request must name the region


@dataclass(frozen=True, slots=True)
class ActionOnCaller:
    """One whose answer is about who asks, and nothing else."""

    service: str
    request: type[Request]
    run: Callable[[Caller, Any], Answer]
    regional: bool = False


@dataclass(frozen=True, slots=True)
class ActionOnMeter:
    """One that asks the meter, too."""

    service: str
    request: type[Request]
    run: Callable[[Controller, Meter, Any], Answer]
    regional: bool = True


AnyAction = Action | ActionOnCaller | ActionOnMeter
