"""GetMonitorData and DescribeBaseMetrics, as the cloud has them."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.api import call, context, refusal
from support.metering import BEGIN
from support.world import World

from gateway.api import registry
from gateway.api.errors import ApiError
from gateway.api.monitor.metrics import METRICS
from gateway.api.registry import ACTIONS, check_action
from gateway.exchange.worker_page import WorkerPage
from gateway.metering.loads import Loads, Seen
from gateway.metering.values import Use
from gateway.nat.tally import Tally

ADDRESS = "203.0.113.1"
AT = int(BEGIN)
LENGTH = 1250  # bytes a packet: 10 kbit


class Busy:
    """A lab with one instance: packets each second, twice as many in as out."""

    def __init__(self, world: World, page: WorkerPage) -> None:
        """It is the beginning of an hour."""
        self.world = world
        world.now = BEGIN
        self.instance_id = world.run()
        self._page = page

    def clock(self) -> float:
        return self.world.now

    def go_on(self, seconds: int, packets: int) -> None:
        """Time passes, second by second."""
        self.world.meter.sample()
        for _ in range(seconds):
            for _ in range(packets):
                Tally(self._page.memory).count(0, 0, -1, LENGTH)
                Tally(self._page.memory).count(0, -1, 0, LENGTH)
                Tally(self._page.memory).count(0, -1, 0, LENGTH)
            self.world.now += 1
            self.world.meter.sample()

    def ask(self, metric: str, value: str = ADDRESS, **parameters: object) -> Mapping[str, Any]:
        """The data of an address, or of an instance; from the beginning on."""
        namespace, name = ("QCE/LB", "eip")
        if value.startswith("ins-"):
            namespace, name = ("QCE/CVM", "InstanceId")
        asked: dict[str, object] = {
            "Namespace": namespace,
            "MetricName": metric,
            "Instances": [{"Dimensions": [{"Name": name, "Value": value}]}],
            "Period": 10,
            "StartTime": time(0),
        }
        return call(self.world, "GetMonitorData", asked | parameters)

    def values(self, metric: str, value: str = ADDRESS, **parameters: object) -> dict[int, float]:
        """The points: their values by the seconds since the beginning."""
        (found,) = self.ask(metric, value, **parameters)["DataPoints"]
        at = [int(timestamp) - AT for timestamp in found["Timestamps"]]
        return dict(zip(at, found["Values"], strict=True))


def time(seconds: int) -> str:
    """A time, as it is given."""
    return datetime.fromtimestamp(AT + seconds, UTC).isoformat()


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Busy]:
    """Twenty seconds with 4 and 2 packets a second out, and 10 without any."""
    with closing(World(tmp_path)) as world:
        world.pages.mkdir()
        with WorkerPage(world.pages, 0) as page:
            page.hold(16)
            made = Busy(world, page)
            made.go_on(10, 4)
            made.go_on(10, 2)
            made.go_on(15, 0)
            yield made


@pytest.mark.parametrize(
    ("metric", "values"),
    [
        ("VipOuttraffic", [0.04, 0.02, 0]),
        ("VipIntraffic", [0.08, 0.04, 0]),
        ("VipOutpkg", [4, 2, 0]),
        ("VipInpkg", [8, 4, 0]),
        ("AccOuttraffic", [0.05, 0.025, 0]),
    ],
)
def test_an_addresss_metrics(busy: Busy, metric: str, values: list[float]) -> None:
    assert busy.values(metric) == pytest.approx(dict(zip((0, 10, 20), values, strict=True)))


@pytest.mark.parametrize(
    ("metric", "values"),
    [
        ("WanOuttraffic", [0.04, 0.02, 0]),
        ("WanIntraffic", [0.08, 0.04, 0]),
        ("WanOutpkg", [4, 2, 0]),
        ("WanInpkg", [8, 4, 0]),
        ("AccOuttraffic", [0.05, 0.025, 0]),
    ],
)
def test_an_instances_metrics(busy: Busy, metric: str, values: list[float]) -> None:
    found = busy.values(metric, busy.instance_id)
    assert found == pytest.approx(dict(zip((0, 10, 20), values, strict=True)))


def test_a_period_has_the_mean_of_its_cells_and_of_traffic_the_sum(busy: Busy) -> None:
    busy.go_on(30, 0)
    assert busy.values("VipOutpkg", Period=60) == {0: 1}
    assert busy.values("AccOuttraffic", Period=60) == {0: pytest.approx(0.075)}
    (found,) = busy.ask("VipOutpkg", Period=60, SpecifyStatistics=7)["DataPoints"]
    assert (found["AvgValues"], found["MaxValues"], found["MinValues"]) == ([1], [4], [0])
    (found,) = busy.ask("VipOutpkg", Period=60, SpecifyStatistics=2)["DataPoints"]
    assert found["MaxValues"] == [4]
    assert (found["AvgValues"], found["MinValues"]) == (None, None)


def test_an_eip_is_known_by_its_id_too(busy: Busy) -> None:
    with busy.world.control.state() as state:
        (address_id,) = state.ordinary
    assert busy.values("VipOutpkg", address_id) == busy.values("VipOutpkg")


def test_what_isnt_known_is_left_out(busy: Busy) -> None:
    assert busy.values("VipOutpkg", "203.0.113.9") == {}
    assert busy.values("VipOutpkg", StartTime=time(-600), EndTime=time(-300)) == {}
    busy.world.now += 100
    busy.go_on(20, 1)
    assert list(busy.values("VipOutpkg")) == [0, 10, 20, 140]


def test_times_are_rounded_down_and_keep_their_zone(busy: Busy) -> None:
    answer = busy.ask(
        "VipOutpkg", StartTime="2001-09-09T10:00:09+08:00", EndTime="2001-09-09T02:00:25Z"
    )
    assert answer["StartTime"] == "2001-09-09T10:00:00+08:00"
    assert answer["EndTime"] == "2001-09-09T02:00:20+00:00"
    assert answer["DataPoints"][0]["Timestamps"] == [AT, AT + 10, AT + 20]
    assert (answer["Period"], answer["MetricName"], answer["Msg"]) == (10, "VipOutpkg", "")
    assert answer["DataPoints"][0]["Dimensions"] == [{"Name": "eip", "Value": ADDRESS}]


def test_without_times_it_is_today(busy: Busy) -> None:
    answer = busy.ask("VipOutpkg", StartTime=None, Period=300)
    assert answer["StartTime"] == "2001-09-09T00:00:00+08:00"
    assert answer["EndTime"] == "2001-09-09T10:00:00+08:00"


@pytest.mark.parametrize(
    ("metric", "values", "long"),
    [
        ("CpuUsage", [10, 50], 50),
        ("BaseCpuUsage", [10, 50], 50),
        ("MemUsage", [25, 25], 25),
        ("MemUsed", [256, 256], 256),
    ],
)
def test_an_instances_load(busy: Busy, metric: str, values: list[float], long: float) -> None:
    cpu_s = 0.0
    one = Loads(lambda: {busy.instance_id: Seen(Use(cpu_s, 1 << 28), 1, 1 << 30)}, busy.clock)
    busy.world.now = BEGIN
    one.sample()
    for more in (1.0, 5.0):
        busy.world.now += 10
        cpu_s += more
        one.sample()

    def asked(period: int) -> list[float]:
        parameters = {
            "Namespace": "QCE/CVM",
            "MetricName": metric,
            "Instances": [{"Dimensions": [{"Name": "InstanceId", "Value": busy.instance_id}]}],
            "Period": period,
            "StartTime": time(0),
        }
        answer = registry.call(
            replace(context(busy.world), loads=one), "GetMonitorData", parameters
        )
        return list(answer["DataPoints"][0]["Values"])

    assert asked(10) == pytest.approx(values)
    assert asked(60) == pytest.approx([sum(values) / 2])
    assert asked(300) == pytest.approx([long])


def test_without_anything_that_counts_there_are_no_loads(busy: Busy) -> None:
    assert busy.values("CpuUsage", busy.instance_id) == {}


def test_a_metric_of_load_says_how_each_period_is_made(busy: Busy) -> None:
    asked = {"Namespace": "QCE/CVM", "MetricName": "CpuUsage"}
    (found,) = call(busy.world, "DescribeBaseMetrics", asked)["MetricSet"]
    kinds = {one["Period"]: one["StatType"] for one in found["Periods"]}
    assert kinds == {
        "10": ["avg"],
        "60": ["avg"],
        "300": ["max"],
        "3600": ["max"],
        "86400": ["max"],
    }
    assert found["Unit"] == "%"


def test_hours_are_known_when_their_cells_are_forgotten(busy: Busy) -> None:
    busy.go_on(3600, 0)
    busy.world.now += 2 * 86_400
    busy.go_on(20, 0)
    assert busy.values("AccOuttraffic", Period=3600) == {0: 0.075, 3600: 0}
    assert busy.values("VipOutpkg", Period=86_400)[-7200] == pytest.approx(60 / 3600 / 2)
    assert busy.values("VipOutpkg", Period=60, EndTime=time(600)) == {}


def test_parameters_may_arrive_as_text(busy: Busy) -> None:
    asked = {
        "Namespace": "QCE/LB",
        "MetricName": "VipOutpkg",
        "Instances": [{"Dimensions": [{"Name": "eip", "Value": ADDRESS}]}],
        "Period": "10",
        "StartTime": time(0),
    }
    answer = call(busy.world, "GetMonitorData", asked, as_text=True)
    assert answer["DataPoints"][0]["Values"] == [4, 2, 0]


GOOD: dict[str, Any] = {
    "Namespace": "QCE/LB",
    "MetricName": "VipOutpkg",
    "Instances": [{"Dimensions": [{"Name": "eip", "Value": ADDRESS}]}],
}
WRONG = [
    pytest.param({"Namespace": "QCE/CDB"}, "InvalidParameterValue", id="namespace"),
    pytest.param({"MetricName": "WanOutpkg"}, "InvalidParameterValue", id="metric"),
    pytest.param({"Period": 30}, "InvalidParameterValue", id="period"),
    pytest.param({"Period": "a minute"}, "InvalidParameter", id="period-as-text"),
    pytest.param({"StartTime": "yesterday"}, "InvalidParameterValue", id="no-time"),
    pytest.param({"StartTime": "2001-09-09T10:00:09"}, "InvalidParameterValue", id="no-zone"),
    pytest.param({"StartTime": 7}, "InvalidParameterValue", id="number"),
    pytest.param({"StartTime": "2099-01-01T00:00:00Z"}, "InvalidParameterValue", id="backwards"),
    pytest.param(
        {"StartTime": "1970-01-01T00:00:00Z", "Period": 10}, "InvalidParameterValue", id="too-many"
    ),
    pytest.param({"Instances": []}, "InvalidParameterValue", id="no-instance"),
    pytest.param({"Instances": GOOD["Instances"] * 11}, "InvalidParameterValue", id="11-instances"),
    pytest.param(
        {"Instances": [{"Dimensions": [{"Name": "vip", "Value": "x"}]}]},
        "InvalidParameterValue",
        id="dimension",
    ),
    pytest.param({"Instances": [{"Dimensions": "x"}]}, "InvalidParameter", id="structure"),
    pytest.param({"SpecifyStatistics": 8}, "InvalidParameterValue", id="statistics"),
    pytest.param({"Namespace": None}, "InvalidParameter", id="null"),
    pytest.param({"Zone": "x"}, "UnknownParameter", id="unknown"),
]


@pytest.mark.parametrize(("changed", "code"), WRONG)
def test_a_wrong_request_is_refused(world: World, changed: dict[str, Any], code: str) -> None:
    assert refusal(world, "GetMonitorData", GOOD | changed).code == code


def test_a_parameter_that_is_missing_is_named(world: World) -> None:
    assert refusal(world, "GetMonitorData", {}).code == "MissingParameter"


def test_the_metrics_are_described(world: World) -> None:
    for namespace, metrics in METRICS.items():
        found = call(world, "DescribeBaseMetrics", {"Namespace": namespace})["MetricSet"]
        assert [one["MetricName"] for one in found] == list(metrics)
        assert {tuple(one["Period"]) for one in found} == {(10, 60, 300, 3600, 86_400)}
    (one,) = call(
        world,
        "DescribeBaseMetrics",
        {"Namespace": "QCE/CVM", "MetricName": "AccOuttraffic", "Dimensions": ["InstanceId"]},
    )["MetricSet"]
    assert one["Unit"] == "MB"
    assert one["Periods"][0] == {"Period": "10", "StatType": ["sum"]}
    assert one["Dimensions"] == [{"Dimensions": ["InstanceId"]}]
    none = {"Namespace": "QCE/CVM", "Dimensions": ["eip"]}
    assert call(world, "DescribeBaseMetrics", none) == {"MetricSet": []}
    assert refusal(world, "DescribeBaseMetrics", {"Namespace": "x"}).code == "InvalidParameterValue"


def test_they_are_of_the_service_monitor() -> None:
    for name in ("GetMonitorData", "DescribeBaseMetrics"):
        assert ACTIONS[name].declared.service.name == "monitor"
        check_action(name, "2018-07-24", "monitor")
        check_action(name, "2018-07-24")
        with pytest.raises(ApiError, match="not found"):
            check_action(name, "2017-03-12", "cvm")
