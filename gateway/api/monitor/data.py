"""The actions on what was measured."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field

from gateway.api.action import Action, Answer, Context, action
from gateway.api.errors import ApiError, BadValueError
from gateway.api.fields import Request, Whole
from gateway.api.monitor.metrics import (
    DIMENSIONS,
    EIPS,
    METRICS,
    NAMES,
    PERIODS,
    Metric,
    Point,
    points,
)
from gateway.api.services import MONITOR
from gateway.api.unused import complete
from gateway.metering.values import CELL_S, DAY_S, HOUR_S, floor

POINTS_MAX: Final = 1440
_LOCAL: Final = timezone(timedelta(hours=8))  # of the region: where no zone is given
# Times of all zones and all periods are in the calendar up to here: Unix seconds.
_CALENDAR_END: Final = datetime(9999, 12, 30, tzinfo=UTC).timestamp()
# The statistics that can be asked for, each with its bit.
_STATISTICS: Final = ((1, "AvgValues", "mean"), (2, "MaxValues", "most"), (4, "MinValues", "least"))


def _known_period(period: int) -> int:
    if period not in PERIODS:
        raise ValueError(f"there are the periods {', '.join(map(str, PERIODS))}")
    return period


def _zoned_time(value: object) -> datetime:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise ValueError("not a time with its zone, such as 2018-09-22T19:51:23+08:00")
    if not 0 <= time.timestamp() < _CALENDAR_END:
        raise BadValueError("InvalidParameter", "there are the times from 1970 to 9999")
    return time


Time = Annotated[datetime, BeforeValidator(_zoned_time)]


@complete(MONITOR, "Dimension")
class Dimension(Request):
    """A dimension selects one instance or EIP by a name and a value."""

    Name: str
    Value: str


@complete(MONITOR, "Instance")
class Target(Request):
    """What is asked about: an instance or an EIP."""

    Dimensions: tuple[Dimension, ...] = Field(min_length=1, max_length=10)


@action(MONITOR)
class GetMonitorData(Action):
    """Show what a metric was from time to time."""

    Namespace: str
    MetricName: str
    Instances: tuple[Target, ...] = Field(min_length=1, max_length=10)
    Period: Annotated[Whole, AfterValidator(_known_period)] = 300
    StartTime: Time | None = None
    EndTime: Time | None = None
    SpecifyStatistics: Whole = Field(default=0, ge=0, le=7)

    def run(self, context: Context) -> Answer:
        metric = _metrics(self.Namespace, self.MetricName)[0]
        keys = [_key(self.Namespace, target) for target in self.Instances]
        with context.metered() as meter:
            now = meter.now()
            begin, end = _span(self, now)
            # Cells are kept for a day; before that there are the hours, for long periods.
            old = self.Period >= HOUR_S and begin < floor(now, CELL_S) - DAY_S
            step = HOUR_S if old and not metric.is_of_load else CELL_S
            found = []
            for key in keys:
                cells: Iterable[tuple[int, object]]
                if metric.is_of_load:
                    cells = _loads(context, key[1], begin, end)
                else:
                    cells = ((c.at, c.traffic) for c in meter.cells(*key, step, begin, end))
                found.append(points(metric, cells, step, self.Period))
        return {
            "Period": self.Period,
            "MetricName": self.MetricName,
            "DataPoints": [
                _points_view(target, of, self.SpecifyStatistics)
                for target, of in zip(self.Instances, found, strict=True)
            ],
            "StartTime": _time(begin, self.StartTime),
            "EndTime": _time(end - self.Period, self.EndTime),
            "Msg": "",
        }


@action(MONITOR)
class DescribeBaseMetrics(Action):
    """List the metrics of a namespace, each with its unit and its periods."""

    Namespace: str
    MetricName: str | None = None
    Dimensions: tuple[str, ...] = ()

    def run(self, _: Context) -> Answer:
        """The metrics that can be told by the dimensions."""
        dimension = DIMENSIONS.get(self.Namespace)
        if self.Dimensions and dimension not in self.Dimensions:
            return {"MetricSet": []}
        found = _metrics(self.Namespace, self.MetricName)
        return {"MetricSet": [_metric_view(self.Namespace, metric) for metric in found]}


def _metrics(namespace: str, name: str | None) -> list[Metric]:
    metrics = METRICS.get(namespace)
    if metrics is None:
        raise ApiError(
            "InvalidParameterValue", f"there are the namespaces {', '.join(METRICS)} here"
        )
    if name is not None and name not in metrics:
        raise ApiError(
            "InvalidParameterValue", f"{namespace} has the metrics {', '.join(metrics)} here"
        )
    return [metric for metric in metrics.values() if name in (None, metric.name)]


def _loads(
    context: Context, instance_id: str, begin: int, end: int
) -> Iterator[tuple[int, object]]:
    if context.loads:
        yield from ((load.at, load) for load in context.loads.cells(instance_id, begin, end))


def _key(namespace: str, target: Target) -> tuple[str, str]:
    """The meter's column for the dimension, and the dimension's value."""
    wanted = DIMENSIONS[namespace]
    if [dimension.Name for dimension in target.Dimensions] != [wanted]:
        raise ApiError("InvalidParameterValue", f"{namespace} has the dimension {wanted} alone")
    value = target.Dimensions[0].Value
    if namespace != EIPS:
        return "instance_id", value
    return "address_id" if value.startswith("eip-") else "address", value


def _span(request: GetMonitorData, now: float) -> tuple[int, int]:
    """The first period's beginning and the last one's end."""
    until = request.EndTime.timestamp() if request.EndTime else now
    since = request.StartTime.timestamp() if request.StartTime else _midnight(now)
    begin, last = floor(since, request.Period), floor(until, request.Period)
    if until < since:
        raise ApiError("InvalidParameterValue", "EndTime is before StartTime")
    if (last - begin) // request.Period > POINTS_MAX:
        raise ApiError("InvalidParameterValue", f"more than {POINTS_MAX} points are asked for")
    return begin, last + request.Period


def _midnight(now: float) -> float:
    today = datetime.fromtimestamp(now, _LOCAL)
    return today.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def _time(at: int, like: datetime | None) -> str:
    return datetime.fromtimestamp(at, like.tzinfo if like else _LOCAL).isoformat()


def _points_view(target: Target, found: list[Point], wanted: int) -> dict[str, Any]:
    statistics = {
        name: [getattr(point, field) for point in found]
        for bit, name, field in _STATISTICS
        if wanted & bit
    }
    return statistics | {
        "Dimensions": [dimension.model_dump() for dimension in target.Dimensions],
        "Timestamps": [float(point.at) for point in found],
        "Values": [point.value for point in found],
    }


def _metric_view(namespace: str, metric: Metric) -> dict[str, Any]:
    return {
        "Namespace": namespace,
        "MetricName": metric.name,
        "MetricEName": metric.english,
        "MetricCName": metric.chinese,
        "Unit": metric.unit,
        "UnitCname": metric.unit,
        "Period": list(PERIODS),
        "Periods": [{"Period": str(one), "StatType": [NAMES[metric.over(one)]]} for one in PERIODS],
        "Dimensions": [{"Dimensions": [DIMENSIONS[namespace]]}],
        "Meaning": {"En": metric.english, "Zh": metric.chinese},
    }
