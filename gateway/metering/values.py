"""The words of the meter: who holds a public address, and what it carried meanwhile."""

from dataclasses import dataclass
from typing import Final

from gateway.exchange.worker_page import Traffic

HOUR_S: Final = 3600
CELL_S: Final = 10
DAY_S: Final = 86_400
NOTHING: Final = Traffic(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who pays for what an address carries, and how. Without an instance it is unassigned."""

    slot: int
    address: str
    address_id: str | None = None
    instance_id: str | None = None
    charge_type: str | None = None


@dataclass(frozen=True, slots=True)
class Tenure:
    """The time for which a holder has an address: from a generation of the table on."""

    number: int
    holder: Holder
    generation: int
    began: float
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What an address carried for a holder, in all or in one hour, and how long it was held."""

    holder: Holder
    traffic: Traffic
    held_s: float
    hour: int | None = None  # when it began, Unix seconds


@dataclass(frozen=True, slots=True)
class Cell:
    """What a holder's addresses carried in one step of time."""

    at: int
    traffic: Traffic


@dataclass(frozen=True, slots=True)
class Use:
    """What a machine has used: seconds of processor time since its start, and bytes of memory.

    What the kernel keeps of files in memory isn't counted.
    """

    cpu_s: float
    memory: int


def plus(one: Traffic, other: Traffic) -> Traffic:
    return Traffic(*map(sum, zip(one, other, strict=True)))


def minus(one: Traffic, other: Traffic) -> Traffic:
    return Traffic(*(now - then for now, then in zip(one, other, strict=True)))


def floor(at: float, step: int) -> int:
    """The latest multiple of `step` seconds that isn't after `at`."""
    return int(at // step) * step
