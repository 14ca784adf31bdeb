"""Requests about what was measured (service monitor)."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from gateway.api.metrics import PERIODS
from gateway.api.requests.fields import Request, Whole


def _one_of_the_periods(period: int) -> int:
    if period not in PERIODS:
        raise ValueError(f"there are the periods {', '.join(map(str, PERIODS))}")
    return period


def _a_time(value: object) -> datetime:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise ValueError("not a time with its zone, such as 2018-09-22T19:51:23+08:00")
    return time


Time = Annotated[datetime, BeforeValidator(_a_time)]


class Dimension(Request):
    """What tells one instance from others."""

    Name: str
    Value: str


class Instance(Request):
    """What is asked about."""

    Dimensions: tuple[Dimension, ...] = Field(min_length=1, max_length=10)


class GetMonitorData(Request):
    """What a metric was from time to time."""

    Namespace: str
    MetricName: str
    Instances: tuple[Instance, ...] = Field(min_length=1, max_length=10)
    Period: Annotated[Whole, AfterValidator(_one_of_the_periods)] = 300
    StartTime: Time | None = None
    EndTime: Time | None = None
    SpecifyStatistics: Whole = Field(default=0, ge=0, le=7)


class DescribeBaseMetrics(Request):
    """Which metrics there are."""

    Namespace: str
    MetricName: str | None = None
    Dimensions: tuple[str, ...] = ()
