"""The actions on what was measured."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from gateway.api import answers
from gateway.api.action import MONITOR, Action, ActionOnMeter, AnyAction
from gateway.api.metrics import DIMENSIONS, EIPS, METRICS, PERIODS, Metric, Point, points
from gateway.api.requests import monitor as models
from gateway.api.wire import ApiError
from gateway.control.controller import Controller
from gateway.metering.meter import Meter
from gateway.metering.values import CELL_S, DAY_S, HOUR_S, floor

POINTS_MAX: Final = 1440
_LOCAL: Final = timezone(timedelta(hours=8))  # of the region: where no zone is given
# The statistics that can be asked for, each with its bit.
_STATISTICS: Final = ((1, "AvgValues", "mean"), (2, "MaxValues", "most"), (4, "MinValues", "least"))


def _get(_: Controller, meter: Meter, request: models.GetMonitorData) -> answers.MonitorData:
    metric = _metrics(request.Namespace, request.MetricName)[0]
    keys = [_key(request.Namespace, instance) for instance in request.Instances]
    now = meter.now()
    begin, end = _span(request, now)
    # Cells are kept for a day; before that there are the hours, which longer periods are of.
    old = request.Period >= HOUR_S and begin < floor(now, CELL_S) - DAY_S
    step = HOUR_S if old else CELL_S
    found = [
        points(metric, meter.cells(*key, step, begin, end), step, request.Period) for key in keys
    ]
    return {
        "Period": request.Period,
        "MetricName": request.MetricName,
        "DataPoints": [
            _points_view(instance, of, request.SpecifyStatistics)
            for instance, of in zip(request.Instances, found, strict=True)
        ],
        "StartTime": _time(begin, request.StartTime),
        "EndTime": _time(end - request.Period, request.EndTime),
        "Msg": "",
    }


def _describe(_: Controller, request: models.DescribeBaseMetrics) -> answers.Metrics:
    dimension = DIMENSIONS.get(request.Namespace)
    if request.Dimensions and dimension not in request.Dimensions:
        return {"MetricSet": []}
    found = _metrics(request.Namespace, request.MetricName)
    return {"MetricSet": [_metric_view(request.Namespace, metric) for metric in found]}


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


def _key(namespace: str, instance: models.Instance) -> tuple[str, str]:
    """What the book calls it that an instance is told by, and its value."""
    wanted = DIMENSIONS[namespace]
    if [dimension.Name for dimension in instance.Dimensions] != [wanted]:
        raise ApiError("InvalidParameterValue", f"{namespace} has the dimension {wanted} alone")
    value = instance.Dimensions[0].Value
    if namespace != EIPS:
        return "instance_id", value
    return "address_id" if value.startswith("eip-") else "address", value


def _span(request: models.GetMonitorData, now: float) -> tuple[int, int]:
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


def _points_view(instance: models.Instance, found: list[Point], wanted: int) -> dict[str, Any]:
    statistics = {
        name: [getattr(point, field) for point in found]
        for bit, name, field in _STATISTICS
        if wanted & bit
    }
    return statistics | {
        "Dimensions": [dimension.model_dump() for dimension in instance.Dimensions],
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
        "Periods": [{"Period": str(one), "StatType": [metric.kind]} for one in PERIODS],
        "Dimensions": [{"Dimensions": [DIMENSIONS[namespace]]}],
        "Meaning": {"En": metric.english, "Zh": metric.chinese},
    }


MONITOR_ACTIONS: Final[Mapping[str, AnyAction]] = {
    "GetMonitorData": ActionOnMeter(MONITOR, models.GetMonitorData, _get),
    "DescribeBaseMetrics": Action(MONITOR, models.DescribeBaseMetrics, _describe),
}
