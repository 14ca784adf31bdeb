"""The metrics of public traffic and of instances' loads, as the cloud's service monitor has them.

They are made of cells: what an address, or all of an instance's, carried in one step of time, or
what an instance used in it. A bandwidth is the mean over a period's cells, a traffic their sum; a
load is their mean, and from five minutes on the greatest of them. A megabit is 10^6 bits, a
megabyte of traffic 10^6 bytes, those of the IP packets; one of memory is 2^20 bytes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean
from typing import Any, Final

from gateway.exchange.worker_page import Traffic
from gateway.metering.loads import Load
from gateway.metering.values import CELL_S, DAY_S, HOUR_S, floor

PERIODS: Final = (CELL_S, 60, 300, HOUR_S, DAY_S)
EIPS: Final = "QCE/LB"
INSTANCES: Final = "QCE/CVM"
DIMENSIONS: Final[Mapping[str, str]] = {EIPS: "eip", INSTANCES: "InstanceId"}
LONG_S: Final = 300
_MEGA: Final = 1_000_000
_MIB: Final = 1 << 20

Statistic = Callable[[Iterable[float]], float]


# What the cloud calls the statistics.
NAMES: Final[Mapping[Statistic, str]] = {fmean: "avg", sum: "sum", max: "max"}


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric. `statistic` makes the value of a period from the values of its cells."""

    name: str
    english: str
    chinese: str
    unit: str
    of: Callable[[Any, int], float]  # a cell's value, from what it holds and its length in seconds
    statistic: Statistic = fmean
    is_of_load: bool = False

    def over(self, period: int) -> Statistic:
        """What makes the value of a period of so many seconds."""
        return max if self.is_of_load and period >= LONG_S else self.statistic


@dataclass(frozen=True, slots=True)
class Point:
    """The values of a metric in one period of time."""

    at: int
    value: float
    most: float
    least: float
    mean: float


def points(
    metric: Metric, cells: Iterable[tuple[int, object]], step: int, period: int
) -> list[Point]:
    """The periods of which there are cells of `step` seconds: when one began, and what it holds."""
    found = []
    for at, together in groupby(cells, key=lambda cell: floor(cell[0], period)):
        values = [metric.of(held, step) for _, held in together]
        value = metric.over(period)(values)
        found.append(Point(at, value, max(values), min(values), fmean(values)))
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


def _of_load(
    name: str, english: str, chinese: str, unit: str, of: Callable[[Load], float]
) -> Metric:
    return Metric(name, english, chinese, unit, lambda load, _seconds: of(load), is_of_load=True)


_LOADS: Final = (
    _of_load("CpuUsage", "CPU utilization", "CPU 利用率", "%", lambda load: load.cpu_percent),
    _of_load(
        "BaseCpuUsage", "basic CPU utilization", "基础 CPU 使用率", "%",
        lambda load: load.cpu_percent,
    ),
    _of_load("MemUsage", "memory utilization", "内存利用率", "%", lambda load: load.memory_percent),
    _of_load("MemUsed", "memory usage", "内存使用量", "MB", lambda load: load.memory / _MIB),
)  # fmt: skip

METRICS: Final[Mapping[str, Mapping[str, Metric]]] = {
    EIPS: _of("Vip"),
    INSTANCES: _of("Wan") | {metric.name: metric for metric in _LOADS},
}
