"""Processes that live and don't go on, stopped while packets pass: who replaces them, and when."""

import os
import signal

from support.blows import workers
from support.labs import Instance, Lab, eventually
from support.stream import streaming

WITHIN_S = 30.0


def stop(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)


def test_stopped_workers_are_replaced_while_packets_pass(lab: Lab, web: Instance) -> None:
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
    stop([workers(lab)[min(workers(lab))]])
    lab.run("eip", "bind", eip, web.id)

    def status() -> str:
        (found,) = lab.control.call("DescribeAddresses", AddressIds=[eip])["AddressSet"]
        return str(found["AddressStatus"])

    eventually(lambda: status() == "BIND", WITHIN_S)
    assert lab.pings("internet", web.public)
