"""Processes that live and don't go on, stopped while packets pass: who replaces them, and when."""

import os
import signal
from collections.abc import Iterator

import pytest
from support.blows import pid_of, workers
from support.labs import Instance, Lab, eventually
from support.stream import streaming

from gateway.lab import lifecycle
from gateway.site import roles

WITHIN_S = 30.0


def stop(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)


@pytest.fixture
def slow(lab: Lab) -> Iterator[None]:
    """While the test runs every packet needs a worker."""
    assert lab.run("fastpath", "off").returncode == 0
    yield
    assert lab.run("fastpath", "auto").returncode == 0


def test_stopped_workers_are_replaced_while_packets_pass(
    lab: Lab, web: Instance, slow: None
) -> None:
    before = workers(lab)
    with streaming(lab.uplink, web.namespace, web.public, rate=200) as stream:
        stop(list(before.values()))
        eventually(lambda: not set(before.values()) & set(workers(lab).values()), WITHIN_S)
        eventually(lambda: lab.pings("internet", web.public), WITHIN_S)
    assert set(workers(lab)) == set(before)
    print(f"{stream.lost} of {stream.sent} datagrams lost, {stream.gap_s:.2f} s without one")
    assert stream.received > 0


def test_a_change_is_in_force_though_a_worker_is_stopped(lab: Lab, web: Instance) -> None:
    eip = lab.ask("eip", "allocate")["AddressId"]
    assert lab.run("dataplane", "restart", "--queues", "2").returncode == 0
    stop([workers(lab)[min(workers(lab))]])
    lab.run("eip", "bind", eip, web.id)

    def status() -> str:
        (found,) = lab.control.call("DescribeAddresses", AddressIds=[eip])["AddressSet"]
        return str(found["AddressStatus"])

    eventually(lambda: status() == "BIND", WITHIN_S)
    eventually(lambda: lab.pings("internet", web.public))


def test_stopped_processes_are_replaced_while_packets_pass(lab: Lab, web: Instance) -> None:
    others = [role for role in lifecycle.READY if role != roles.WATCHDOG]
    before = {role: pid_of(lab, role) for role in others}
    with streaming(lab.uplink, web.namespace, web.public, rate=200) as stream:
        stop(list(before.values()))
        eventually(lambda: are_others(lab, before), 2 * WITHIN_S)
    print(f"{stream.lost} of {stream.sent} datagrams lost")
    assert stream.received > 0
    eventually(lambda: lifecycle.status(lab.name).up, WITHIN_S)
    assert web.show()["InstanceState"] == "RUNNING"


def test_the_watchdog_is_watched_by_control(lab: Lab) -> None:
    before = {roles.WATCHDOG: pid_of(lab, roles.WATCHDOG)}
    stop(list(before.values()))
    eventually(lambda: are_others(lab, before), WITHIN_S)
    killed = pid_of(lab, roles.WATCHDOG)
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: are_others(lab, {roles.WATCHDOG: killed}), WITHIN_S)


def are_others(lab: Lab, before: dict[str, int]) -> bool:
    """Whether the roles have other processes than these, and those are at work."""
    now = {process.role: process for process in lifecycle.look(lab.name)}
    return all(now[role].ready and now[role].pid not in (None, pid) for role, pid in before.items())


def test_what_is_stuck_is_named_and_up_replaces_it(lab: Lab) -> None:
    roles.stop(lab.places.run, roles.WATCHDOG)
    os.kill(pid_of(lab, "web"), signal.SIGSTOP)
    eventually(lambda: not lifecycle.status(lab.name).up, WITHIN_S)
    done = lab.run("lab", "status")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("web")]
    assert line.split()[2] == "no"
    assert lab.run("lab", "up").returncode == 0
    done = lab.run("lab", "status")
    assert (done.returncode, done.stdout.count("s ago")) == (
        0,
        len(lifecycle.READY) + len(workers(lab)),
    )


def test_up_sees_what_was_stopped_a_moment_before(lab: Lab) -> None:
    """Those who watch each other, too: neither is there to replace the other."""
    before = {role: pid_of(lab, role) for role in (roles.CONTROL, roles.WATCHDOG)}
    stop(list(before.values()))
    assert lab.run("lab", "up").returncode == 0
    assert are_others(lab, before)


def test_a_damaged_table_is_published_again_when_its_workers_are_gone(
    lab: Lab, web: Instance
) -> None:
    eventually(lambda: lab.pings("internet", web.public), WITHIN_S)
    for file in lab.places.run.glob("table.*"):
        raw = bytearray(file.read_bytes())
        raw[-50] ^= 0xFF
        with file.open("r+b") as opened:
            opened.write(raw)
    for pid in workers(lab).values():
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: "refused" in (lab.places.run / "dataplane.log").read_text(), WITHIN_S)
    eventually(lambda: lab.pings("internet", web.public), WITHIN_S)
    eventually(lambda: lifecycle.status(lab.name).up, WITHIN_S)
