"""What a large lab costs control: for `scripts/bench --functions`.

1,000 instances and 10,000 EIPs, an account with raised quotas. The machines are none, as a thousand
namespaces would be the kernel's time; the log, the published table and the API's socket are real.
What is wanted: a start within 5 s, a page of addresses within 50 ms.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.api import serving
from support.faults import FakeHosts, Faults
from support.memory_store import MemorySnapshots
from support.story import Story
from support.world import catch_up

from gateway.api.action import Context
from gateway.api.client import Client
from gateway.api.server import application
from gateway.control import background
from gateway.control import events as ev
from gateway.control.controller import Controller
from gateway.control.workers_table import WorkersTable
from gateway.store.sqlite import SqliteStore

INSTANCES, EIPS = 1_000, 10_000
PAGE = 100
ROUNDS = 3


@dataclass
class Lab:
    """A log, and a place to publish in."""

    directory: Path
    config: ev.LabConfigured
    open: list[SqliteStore] = field(default_factory=list)

    def started(self) -> Controller:
        """Control, as a new process has it when it begins to answer."""
        store = SqliteStore(self.directory / "log")
        self.open.append(store)
        control = Controller(
            store,
            FakeHosts(Faults(one_by_one=True)),
            [WorkersTable(self.directory)],
            snapshots=MemorySnapshots(),
            clock=time.time,
            rng=Random(1),  # noqa: S311
        )
        control.restore(self.config)
        catch_up(control)
        return control


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Every instance has an EIP; the other EIPs are idle."""
    directory = tmp_path_factory.mktemp("large")
    story = Story(pool="100.64.0.0/18", vpc="10.0.0.0/16")
    story.without_quotas()
    for _ in range(INSTANCES):
        story.bound(story.run())
    for _ in range(EIPS - INSTANCES):
        story.allocate()
    records = [ev.to_record(event, n, at) for n, (event, at) in enumerate(story.history, 1)]
    with closing(SqliteStore(directory / "log")) as store:
        store.append(records)
    config = story.state.config
    assert config is not None
    lab = Lab(directory, config)
    yield lab
    for store in lab.open:
        store.close()


@pytest.fixture(scope="module")
def client(large: Lab) -> Iterator[Client]:
    """Of a control that serves that lab."""
    path = large.directory / "socket"
    control = large.started()
    broken = threading.Event()
    with background.running(control, broken.set), serving(application(Context(control)), path):
        yield Client(path)
    assert not broken.is_set()


def test_starting(benchmark: Any, large: Lab) -> None:
    """The log replayed, the table compiled and published: all that comes before the first call."""
    control = benchmark.pedantic(large.started, rounds=ROUNDS)
    with control.state() as state:
        assert (len(state.instances), len(state.eips)) == (INSTANCES, EIPS)


@pytest.mark.parametrize("offset", [0, EIPS - PAGE], ids=["the first", "the last"])
def test_a_page_of_addresses(benchmark: Any, client: Client, offset: int) -> None:
    """100 of 10,000 EIPs by DescribeAddresses, from the request to the parsed answer."""
    answer = benchmark.pedantic(
        client.call,
        args=("DescribeAddresses",),
        kwargs={"Offset": offset, "Limit": PAGE},
        rounds=ROUNDS * 5,
        warmup_rounds=1,
    )
    assert answer["TotalCount"] == EIPS
    assert len(answer["AddressSet"]) == PAGE


def test_addresses_by_their_ids(benchmark: Any, client: Client) -> None:
    """100 of 10,000 EIPs, asked for one by one."""
    ids = [
        one["AddressId"]
        for one in client.call("DescribeAddresses", Offset=EIPS // 2, Limit=PAGE)["AddressSet"]
    ]
    answer = benchmark.pedantic(
        client.call,
        args=("DescribeAddresses",),
        kwargs={"AddressIds": ids, "Limit": PAGE},
        rounds=ROUNDS * 5,
        warmup_rounds=1,
    )
    assert [one["AddressId"] for one in answer["AddressSet"]] == ids


def test_a_change(benchmark: Any, client: Client) -> None:
    """An EIP gets another bandwidth: decided, appended, published."""
    (one,) = client.call("DescribeAddresses", Limit=1)["AddressSet"]
    rates = iter(range(2, 100))

    def change() -> None:
        client.call(
            "ModifyAddressesBandwidth",
            AddressIds=[one["AddressId"]],
            InternetMaxBandwidthOut=next(rates),
        )

    benchmark.pedantic(change, rounds=ROUNDS * 5, warmup_rounds=1)
