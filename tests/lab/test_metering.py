"""The bill of a real lab: what was sent is what is to be paid for, whatever is killed meanwhile."""

import os
import shlex
import signal
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.packet import Packet, Raw
from support.blows import kill
from support.labs import COMMAND, Instance, Lab, eventually
from support.stream import pouring
from support.wire import send
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.monitor.v20180724 import models
from tencentcloud.monitor.v20180724.monitor_client import MonitorClient

from gateway.dataplane.record import OFF
from gateway.exchange.worker_page import statuses
from gateway.lab import lifecycle
from gateway.lab.hosts import INTERNET
from gateway.site import roles

HEADERS = 28  # of IPv4 and ICMP


def echo(source: str, destination: str, length: int) -> Packet:
    """A packet of so many bytes that nobody answers."""
    return IP(src=source, dst=destination) / ICMP(type=0) / Raw(bytes(length - HEADERS))


@dataclass
class Traffic:
    """What was sent so far, by instance and address: bytes out and in."""

    lab: Lab
    out: Counter[tuple[str, str]]
    into: Counter[tuple[str, str]]
    private: dict[str, str]

    def send(self, instance: Instance, public: str, length: int) -> None:
        """A packet out and two in, and wait until they are counted."""
        client = self.lab.topology.clients[0]
        send(self.lab, instance.id, echo(self.private[instance.id], client, length))
        send(self.lab, INTERNET, *2 * [echo(client, public, length + 1)])
        self.out[instance.id, public] += length
        self.into[instance.id, public] += 2 * (length + 1)
        eventually(lambda: self.is_counted(public))

    def is_counted(self, public: str) -> bool:
        """Whether the data plane has counted all of it, of this address and all that have slots.

        An address that was released has none any more when another one has got its slot.
        """
        counted = self.lab.counters().addresses
        sent: Counter[str] = Counter()
        for (_, public), length in (*self.out.items(), *self.into.items()):
            sent[public] += length
        bytes_of = {one: seen.bytes_in + seen.bytes_out for one, seen in counted.items()}
        return public in bytes_of and all(sent[one] == bytes_of[one] for one in bytes_of)

    def assert_is_billed(self) -> None:
        """To the byte, to whom it is due."""
        usages = self.lab.ask("bill")["UsageSet"]
        out, into = Counter[Any](), Counter[Any]()
        for usage in usages:
            key = usage["InstanceId"], usage["AddressIp"]
            out[key] += usage["OutBytes"]
            into[key] += usage["InBytes"]
        assert (+out, +into) == (self.out, self.into)


def kill_workers(lab: Lab) -> None:
    before = {status.pid for status in statuses(lab.places.run) if status.alive}
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: _new_workers(lab, before), within_s=20)


def _new_workers(lab: Lab, before: set[int]) -> bool:
    live = {status.pid for status in statuses(lab.places.run) if status.alive}
    ready = {process.role for process in lifecycle.look(lab.name) if process.ready}
    return bool(live) and not live & before and roles.DATAPLANE in ready


def up(lab: Lab) -> None:
    done = lab.run("lab", "up")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("fastpath", [OFF])  # the next one is about both paths
def test_what_was_sent_is_billed_whatever_is_killed(own_lab: Lab) -> None:
    lab = own_lab
    web, db = lab.instance("web", bandwidth=100), lab.instance("db", bandwidth=100)
    first = web.public
    private = {one.id: one.private for one in (web, db)}  # without control nobody can be asked
    sent = Traffic(lab, Counter(), Counter(), private)
    sent.send(web, first, 100)
    sent.send(db, db.public, 1400)
    sent.assert_is_billed()
    kill_workers(lab)
    sent.send(web, first, 200)
    sent.assert_is_billed()

    eip = lab.ask("eip", "allocate", "--name", "shop", "--bandwidth", "100")["AddressIp"]
    lab.ask("eip", "bind", "shop", "web")
    sent.send(web, eip, 300)
    kill(lab, roles.CONTROL)
    sent.send(web, eip, 400)
    kill_workers(lab)
    sent.send(web, eip, 500)
    up(lab)
    sent.assert_is_billed()

    assert lab.run("dataplane", "restart", "--queues", "2").returncode == 0
    sent.send(web, eip, 600)
    lab.ask("eip", "bind", "shop", "db")
    sent.send(db, eip, 700)
    kill(lab, roles.CONTROL)
    sent.send(db, eip, 800)
    up(lab)
    lab.ask("eip", "bind", "shop", "web")
    sent.send(web, eip, 900)
    sent.assert_is_billed()
    (usage,) = [
        one for one in lab.ask("bill", "--instance", "db")["UsageSet"] if one["AddressIp"] == eip
    ]
    assert (usage["OutBytes"], usage["InBytes"]) == (1500, 3004)

    lifecycle.down(lab.name, keep_state=True)
    lifecycle.up(lab.topology, COMMAND, say=lambda _line: None)
    sent.assert_is_billed()
    billed = sent.out.copy(), sent.into.copy()
    now = Traffic(lab, Counter(), Counter(), private)
    now.send(web, eip, 1000)
    sent.out, sent.into = billed[0] + now.out, billed[1] + now.into
    sent.assert_is_billed()


def test_under_load_the_bill_is_what_the_counters_show(own_lab: Lab) -> None:
    lab = own_lab
    web, db = lab.instance("web", bandwidth=100), lab.instance("db", bandwidth=100)
    public = web.public
    lab.ask("eip", "allocate", "--name", "shop", "--bandwidth", "100")
    with pouring(lab.hosts.namespace(INTERNET), web.namespace, public):
        for _ in range(2):
            lab.ask("eip", "bind", "shop", "db")
            kill_workers(lab)
            kill(lab, roles.CONTROL)
            up(lab)
            lab.ask("eip", "unbind", "shop")
            assert lab.run("dataplane", "restart").returncode == 0

    def settled() -> bool:
        before = lab.counters().addresses
        billed: Counter[str] = Counter()
        for usage in lab.ask("bill")["UsageSet"]:
            billed[usage["AddressIp"]] += usage["OutBytes"] + usage["InBytes"]
        counted = {address: seen.bytes_in + seen.bytes_out for address, seen in before.items()}
        assert counted[public] > 1_000_000
        return before == lab.counters().addresses and +billed == counted

    eventually(settled, within_s=20)
    assert {usage["InstanceId"] for usage in lab.ask("bill")["UsageSet"]} <= {web.id, db.id}


@pytest.fixture
def monitor(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> MonitorClient:
    """The cloud's own client."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    words = shlex.split(lab.run("credentials").stdout)
    found = dict(word.split("=", 1) for word in words if "=" in word)
    profile = ClientProfile(httpProfile=HttpProfile(endpoint=found["TGW_API"]))
    keys = found["TENCENTCLOUD_SECRET_ID"], found["TENCENTCLOUD_SECRET_KEY"]
    return MonitorClient(Credential(*keys), found["TENCENTCLOUD_REGION"], profile)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's
def test_the_sdk_sees_what_was_sent_in_the_time_series(
    lab: Lab, web: Instance, monitor: MonitorClient
) -> None:
    def points(metric: str, namespace: str, name: str, value: str) -> list[float]:
        request = models.GetMonitorDataRequest()
        request._deserialize(
            {
                "Namespace": namespace,
                "MetricName": metric,
                "Instances": [{"Dimensions": [{"Name": name, "Value": value}]}],
                "Period": 10,
                "StartTime": start,
            }
        )
        (found,) = monitor.GetMonitorData(request).DataPoints
        assert len(found.Timestamps) == len(found.Values)
        return list(found.Values)

    public, start = web.public, datetime.now(UTC).isoformat()
    address = ("QCE/LB", "eip", public)
    eventually(lambda: points("VipOutpkg", *address), within_s=40)
    traffic = Traffic(lab, Counter(), Counter(), {web.id: web.private})
    before = lab.counters().addresses.get(public)
    assert before is None
    for _ in range(5):
        traffic.send(web, public, 1000)
    eventually(lambda: sum(points("AccOuttraffic", *address)) > 0, within_s=40)
    assert sum(points("AccOuttraffic", *address)) == pytest.approx(0.005)
    assert sum(points("VipInpkg", *address)) == pytest.approx(1)
    assert sum(points("VipIntraffic", *address)) == pytest.approx(10 * 1001 * 8 / 10 / 1e6)
    instance = ("QCE/CVM", "InstanceId", web.id)
    assert points("WanOutpkg", *instance) == points("VipOutpkg", *address)
    listed = models.DescribeBaseMetricsRequest()
    listed.Namespace = "QCE/LB"
    assert len(monitor.DescribeBaseMetrics(listed).MetricSet) == 5
