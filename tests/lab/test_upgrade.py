"""Numbered datagrams and a transfer, while everything that carries them is replaced or killed."""

import os
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from netfilterqueue import NetfilterQueue
from scapy.layers.inet import IP, UDP
from support.blows import kill, kill_dataplane, pid_of, remove_queue_rules, workers
from support.labs import TGW, Instance, Lab, eventually, lab_of, new_topology
from support.stream import Stream, pouring, streaming
from support.wire import send

import gateway
from gateway.dataplane import record
from gateway.dataplane.queues import queues
from gateway.dataplane.record import AUTO, OFF
from gateway.exchange.worker_page import counts, page_path
from gateway.lab import lifecycle
from gateway.nat.reasons import Reason
from gateway.net import namespace
from gateway.site import roles

FASTPATH = OFF  # what the workers carry between them
RATE = 20_000  # datagrams a second, inbound
FINE = 5_000
BANDWIDTH = 100  # Mbps: nothing is policed
BLACKOUT_S_MAX = 2.0  # generous: the machine may be busy; what is seen is printed


@pytest.fixture
def web(own_lab: Lab) -> Instance:
    return own_lab.instance("web", bandwidth=BANDWIDTH)


@contextmanager
def stream(lab: Lab, web: Instance, rate: int = RATE) -> Iterator[Stream]:
    public = web.public
    assert lab.pings("internet", public)  # who has which address is known from here on
    with streaming(lab.uplink, web.namespace, public, rate=rate) as found:
        yield found


@contextmanager
def lossless(lab: Lab, web: Instance, rate: int = RATE) -> Iterator[None]:
    """Whatever the block does, each datagram arrives, and once."""
    with stream(lab, web, rate) as found:
        yield
    print(f"{found.sent} sent, longest gap {found.gap_s * 1000:.1f} ms")
    assert (found.lost, found.again) == (0, 0)


def restart(lab: Lab, *options: str) -> None:
    done = lab.run("dataplane", "restart", *options)
    assert (done.returncode, done.stderr) == (0, "")


def bound(lab: Lab) -> list[int]:
    with namespace.inside(lab.gateway):
        return sorted({queue.worker for queue in queues()})


def are_gone(lab: Lab, before: dict[int, int]) -> bool:
    """Whether none of these workers is alive, and there are as many others as there should be."""
    now = workers(lab)
    there = set(record.load(lab.places.run).queues) <= set(now)
    return there and not set(before.values()) & set(now.values())


@pytest.mark.parametrize("fastpath", [OFF, AUTO])
def test_restarts_lose_nothing(own_lab: Lab, web: Instance) -> None:
    supervisor, seen = pid_of(own_lab, "dataplane"), [workers(own_lab)]
    with lossless(own_lab, web):
        for _ in range(5):
            restart(own_lab)
            seen.append(workers(own_lab))
    assert pid_of(own_lab, "dataplane") == supervisor
    pids = [pid for found in seen for pid in found.values()]
    assert len(set(pids)) == len(pids), "each restart brings new workers"
    assert bound(own_lab) == list(workers(own_lab)) == list(record.load(own_lab.places.run).queues)


def test_restarts_with_more_and_fewer_queues_lose_nothing(own_lab: Lab, web: Instance) -> None:
    with lossless(own_lab, web):
        for count in (3, 1, 4, 2):
            restart(own_lab, "--queues", str(count))
            assert len(workers(own_lab)) == count
    restart(own_lab)
    assert len(workers(own_lab)) == 2, "what was not said stays as it was"


def test_two_restarts_at_once_are_two_restarts(own_lab: Lab, web: Instance) -> None:
    command = [*TGW, "dataplane", "restart", "--lab", own_lab.name]
    with lossless(own_lab, web):
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        said = [process.communicate(timeout=30)[0] for process in both]
    count = len(workers(own_lab))
    all_of_them = f"{count} workers" if count > 1 else "1 worker"
    line = f"lab {own_lab.name}: dataplane restarted, {all_of_them}, process "
    assert [text.startswith(line) for text in said] == [True, True]
    assert [process.returncode for process in both] == [0, 0]
    assert lifecycle.status(own_lab.name).up


def test_a_restart_that_fails_leaves_the_old_workers_in_service(
    own_lab: Lab, web: Instance
) -> None:
    before = workers(own_lab)
    with lossless(own_lab, web):
        with namespace.inside(own_lab.gateway):
            stranger = NetfilterQueue()
            stranger.bind(len(before), lambda packet: packet.drop())
        done = own_lab.run("dataplane", "restart")
        assert done.returncode == 1
        assert done.stderr == (
            f"tgw: the data plane goes on as it was: queue {len(before)} is another program's\n"
        )
        assert workers(own_lab) == before
        assert lifecycle.status(own_lab.name).up
        stranger.unbind()
        restart(own_lab)
    assert not set(workers(own_lab).values()) & set(before.values())


def test_a_killed_supervisor_is_not_missed_and_the_next_takes_over(
    own_lab: Lab, web: Instance
) -> None:
    with lossless(own_lab, web):
        for _ in range(2):
            before = workers(own_lab)
            kill(own_lab, "dataplane")
            assert workers(own_lab) == before
            assert not lifecycle.status(own_lab.name).up
            assert own_lab.run("lab", "up").returncode == 0
            eventually(partial(are_gone, own_lab, before))
            assert lifecycle.status(own_lab.name).up


def test_a_killed_worker_is_replaced(own_lab: Lab, web: Instance) -> None:
    with stream(own_lab, web, FINE) as found:
        for number in 2 * list(workers(own_lab)):
            pid = workers(own_lab)[number]
            os.kill(pid, signal.SIGKILL)
            eventually(partial(are_gone, own_lab, {number: pid}))
            eventually(lambda: lifecycle.status(own_lab.name).up)
            assert own_lab.pings("internet", web.public)
    print(f"{found.lost} of {found.sent} lost, longest gap {found.gap_s * 1000:.1f} ms")
    assert found.gap_s < BLACKOUT_S_MAX
    assert found.lost < FINE * BLACKOUT_S_MAX
    assert found.again == 0


@pytest.mark.parametrize("fastpath", [AUTO])  # of control, not of how much a worker carries
def test_control_killed_and_restarted_ten_times_loses_nothing(own_lab: Lab, web: Instance) -> None:
    public = web.public
    with lossless(own_lab, web, FINE), pouring(own_lab.uplink, web.namespace, public):
        for _ in range(10):
            kill(own_lab, "control")
            assert own_lab.run("lab", "up").returncode == 0


def test_a_restart_loads_the_program_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade: to a program that can't be loaded, and then to one that can."""
    shutil.copytree(Path(gateway.__file__).parent, tmp_path / "gateway")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    program = tmp_path / "gateway" / "app" / "dataplane.py"
    good = program.read_text()
    with lab_of(new_topology()) as lab:
        web = lab.instance("web", bandwidth=BANDWIDTH)
        roles.stop(lab.places.run, roles.WATCHDOG)  # it would start the supervisor meanwhile
        with lossless(lab, web):
            program.write_text("no program\n")
            done = lab.run("dataplane", "restart")
            assert done.returncode == 1
            assert done.stderr == (
                "tgw: the data plane's supervisor ended, its workers go on: "
                "'tgw lab up' starts it\n"
            )
            program.write_text(f"open({str(tmp_path / 'loaded')!r}, 'w').close()\n{good}")
            assert lab.run("lab", "up").returncode == 0
            (tmp_path / "loaded").unlink()
            restart(lab)
            assert (tmp_path / "loaded").exists()


def test_without_a_data_plane_there_is_nothing_to_restart(own_lab: Lab) -> None:
    kill_dataplane(own_lab)
    done = own_lab.run("dataplane", "restart")
    assert done.returncode == 1
    assert done.stderr == (
        f"tgw: no data plane of lab {own_lab.name} is running: 'tgw lab up' starts it\n"
    )


def test_without_a_lab_there_is_nothing_to_restart() -> None:
    lab = Lab(new_topology())
    done = lab.run("dataplane", "restart")
    assert done.returncode == 1
    assert done.stderr == f"tgw: lab {lab.name} is not up: 'tgw lab up' builds it\n"


@pytest.mark.parametrize("count", ["0", "65", "-1", "1.5", "all", "²"])
def test_a_number_of_queues_that_cannot_be_is_a_mistake(count: str) -> None:
    done = Lab(new_topology()).run("dataplane", "restart", f"--queues={count}")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert f"{count!r} is no number from 1 to 64" in done.stderr


def test_down_ends_workers_whose_supervisor_was_killed(own_lab: Lab) -> None:
    """Even in a namespace that has lost its name."""
    handles = [os.pidfd_open(pid) for pid in workers(own_lab).values()]
    kill(own_lab, "dataplane")
    namespace.remove(own_lab.gateway)
    lifecycle.down(own_lab.name)
    ended, _, _ = select.select(handles, [], [], 0)
    assert ended == handles
    for handle in handles:
        os.close(handle)


def test_a_repair_leaves_steering_and_workers_as_they_are(own_lab: Lab, web: Instance) -> None:
    restart(own_lab)
    before = workers(own_lab)
    with lossless(own_lab, web):
        for _ in range(3):
            assert own_lab.run("lab", "up").returncode == 0
    assert workers(own_lab) == before


def test_a_repair_steers_to_the_queues_in_use(own_lab: Lab) -> None:
    web = own_lab.instance("web")
    restart(own_lab, "--queues", "3")
    with namespace.inside(own_lab.gateway):
        remove_queue_rules()
    assert not own_lab.pings("internet", web.public)
    assert own_lab.run("lab", "up").returncode == 0
    assert own_lab.pings("internet", web.public)


def test_flows_are_spread_over_the_queues(own_lab: Lab, web: Instance, tmp_path: Path) -> None:
    """By their addresses; each worker counts what it carries."""
    restart(own_lab, "--queues", "2")
    clients = [f"198.51.100.{host}" for host in range(100, 164)]
    send(own_lab, "internet", *(IP(src=client, dst=web.public) / UDP() for client in clients))
    eventually(lambda: own_lab.reasons()["translated"] >= len(clients))
    for number in workers(own_lab):
        alone = tmp_path / str(number)
        alone.mkdir()
        shutil.copy(page_path(own_lab.places.run, number), alone)
        assert counts(alone).reasons[Reason.TRANSLATED] > len(clients) // 8
