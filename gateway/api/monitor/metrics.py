"""The metrics of public traffic, as the cloud's service monitor has them.

They are made of cells: what an address, or all of an instance's, carried in one step of time. A
bandwidth is the mean over a period's cells, a traffic their sum. A megabit is 10^6 bits, a megabyte
10^6 bytes; bytes are those of the IP packets.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean
from typing import Final

from gateway.exchange.worker_page import Traffic
from gateway.metering.values import CELL_S, DAY_S, HOUR_S, Cell, floor

PERIODS: Final = (CELL_S, 60, 300, HOUR_S, DAY_S)
EIPS: Final = "QCE/LB"
INSTANCES: Final = "QCE/CVM"
DIMENSIONS: Final[Mapping[str, str]] = {EIPS: "eip", INSTANCES: "InstanceId"}
_MEGA: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric. `statistic` makes the value of a period from the values of its cells."""

    name: str
    english: str
    chinese: str
    unit: str
    of: Callable[[Traffic, int], float]  # a cell's value, with its length in seconds
    statistic: Callable[[Iterable[float]], float] = fmean

    @property
    def kind(self) -> str:
        return "sum" if self.statistic is sum else "avg"


@dataclass(frozen=True, slots=True)
class Point:
    """The values of a metric in one period of time."""

    at: int
    value: float
    most: float
    least: float
    mean: float


def points(metric: Metric, cells: Iterable[Cell], step: int, period: int) -> list[Point]:
    """The periods of which there are cells of `step` seconds."""
    found = []
    for at, together in groupby(cells, key=lambda cell: floor(cell.at, period)):
        values = [metric.of(cell.traffic, step) for cell in together]
        found.append(Point(at, metric.statistic(values), max(values), min(values), fmean(values)))
    return found


def _mbps(count: Callable[[Traffic], int]) -> Callable[[Traffic, int], float]:
    return lambda traffic, seconds: count(traffic) * 8 / seconds / _MEGA


def _per_s(count: Callable[[Traffic], int]) -> Callable[[Traffic, int], float]:
    return lambda traffic, seconds: count(traffic) / seconds


def _of(prefix: str) -> dict[str, Metric]:
    found = (
        Metric(
            f"{prefix}Intraffic", "inbound bandwidth", "外网入带宽", "Mbps",
            _mbps(lambda traffic: traffic.bytes_in),
        ),
        Metric(
            f"{prefix}Outtraffic", "outbound bandwidth", "外网出带宽", "Mbps",
            _mbps(lambda traffic: traffic.bytes_out),
        ),
        Metric(
            f"{prefix}Inpkg", "inbound packets", "外网入包量", "个/秒",
            _per_s(lambda traffic: traffic.packets_in),
        ),
        Metric(
            f"{prefix}Outpkg", "outbound packets", "外网出包量", "个/秒",
            _per_s(lambda traffic: traffic.packets_out),
        ),
        Metric(
            "AccOuttraffic", "outbound traffic", "外网出流量", "MB",
            lambda traffic, _seconds: traffic.bytes_out / _MEGA, sum,
        ),
    )  # fmt: skip
    return {metric.name: metric for metric in found}


METRICS: Final[Mapping[str, Mapping[str, Metric]]] = {EIPS: _of("Vip"), INSTANCES: _of("Wan")}
