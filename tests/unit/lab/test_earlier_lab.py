"""The files of a lab that an earlier version made, read by this one."""

import time
from contextlib import closing
from pathlib import Path

import pytest
from support.earlier import DB, POOL, SPARE, VPC, WEB, Files, unpacked

from gateway.api.credentials import Credentials
from gateway.control import events as ev
from gateway.control.compile import compile_table
from gateway.control.state import State
from gateway.control.values import InstanceState
from gateway.dataplane import record
from gateway.exchange import generations
from gateway.exchange.worker_page import Traffic, counts
from gateway.lab.topology import Topology, saved
from gateway.metering.book import Book
from gateway.nat.reasons import Reason
from gateway.nat.table import BadTableError
from gateway.store.sqlite import SqliteStore


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return unpacked(tmp_path)


def state_of(files: Files) -> State:
    state = State()
    with closing(SqliteStore(files.state / "events.db")) as store:
        for one in store.read():
            state.evolve(ev.from_record(one), one.at)
    return state


def test_its_topology_is_a_topology_of_today(files: Files) -> None:
    assert saved(files.run) == Topology(name="before", vpc=VPC, pool=POOL)


def test_its_log_gives_the_instances_and_addresses_that_there_were(files: Files) -> None:
    state = state_of(files)
    found = {one.name: one for one in state.instances.values()}
    assert {name: one.state for name, one in found.items()} == {
        "web": InstanceState.RUNNING,
        "db": InstanceState.RUNNING,
        "idle": InstanceState.STOPPED,
    }
    assert {name: state.public_ip(one) for name, one in found.items()} == {
        "web": WEB,
        "db": DB,
        "idle": None,
    }
    assert list(state.blocked) == [SPARE]
    assert state.account.eips_max == 30
    assert len(compile_table(state).mappings) == 2


def test_its_counters_go_on(files: Files) -> None:
    found = counts(files.run)
    assert +found.reasons == {Reason.TRANSLATED: 18}
    assert found.slots == {1: Traffic(6, 504, 6, 504), 4: Traffic(3, 252, 3, 252)}


def test_its_bill_goes_on(files: Files) -> None:
    with closing(Book(files.state / "meter.db")) as book:
        carried = {
            one.holder.address: one.traffic.bytes_out for one in book.usages(time.time(), None)
        }
    assert carried[WEB] == 504
    assert carried[DB] == 252


def test_its_queues_are_known_and_its_table_is_not(files: Files) -> None:
    """So new workers go to other queues, and control publishes before they start."""
    assert len(record.load(files.run).queues) == 2
    with pytest.raises(BadTableError):
        generations.load(files.run)


def test_its_credentials_are_good(files: Files) -> None:
    (pair,) = Credentials(files.state / "credentials.json").pairs()
    assert pair.enabled
