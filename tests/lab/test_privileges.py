"""What the data plane's workers may do, once they carry packets."""

import os
import pwd

import pytest
from support.blows import status_of
from support.labs import Instance, Lab

from gateway.dataplane.record import OFF
from gateway.dataplane.service import NICENESS
from gateway.exchange.worker_page import statuses
from gateway.net.privileges import USER

FASTPATH = OFF
CAP_NET_ADMIN = 1 << 12


@pytest.fixture
def workers(lab: Lab, web: Instance) -> list[dict[str, list[str]]]:
    cores = len(os.sched_getaffinity(0))
    assert lab.run("dataplane", "restart", "--queues", str(cores)).returncode == 0
    assert lab.pings("internet", web.public)
    found = [status_of(status.pid) for status in statuses(lab.places.run) if status.alive]
    assert len(found) == cores
    return found


def test_a_worker_keeps_one_capability(workers: list[dict[str, list[str]]]) -> None:
    for worker in workers:
        for kind in ("CapPrm", "CapEff", "CapBnd"):
            assert int(worker[kind][0], 16) == CAP_NET_ADMIN, kind
        for kind in ("CapInh", "CapAmb"):
            assert int(worker[kind][0], 16) == 0, kind
        assert worker["NoNewPrivs"] == ["1"]


def test_a_worker_is_a_user_of_its_own(workers: list[dict[str, list[str]]]) -> None:
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        pytest.skip(f"this machine has no user {USER}: scripts/setup makes it where it can")
    for worker in workers:
        assert worker["Uid"] == [str(user.pw_uid)] * 4
        assert worker["Gid"] == [str(user.pw_gid)] * 4
        assert worker["Groups"] == []


def test_the_scheduler_prefers_a_worker(workers: list[dict[str, list[str]]]) -> None:
    for worker in workers:
        assert os.getpriority(os.PRIO_PROCESS, int(worker["Pid"][0])) == NICENESS


def test_each_worker_has_a_core_of_its_own(workers: list[dict[str, list[str]]]) -> None:
    cores = [worker["Cpus_allowed_list"][0] for worker in workers]
    assert sorted(cores) == sorted(map(str, os.sched_getaffinity(0)))
