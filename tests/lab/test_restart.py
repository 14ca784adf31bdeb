"""Control and data plane die and come back: what is known then, and who is there."""

import re
import signal
import subprocess
from dataclasses import replace

import pytest
from support.blows import kill, kill_dataplane, pid_of, running
from support.labs import Instance, Lab

from gateway.dataplane import record
from gateway.dataplane.record import OFF
from gateway.site import roles

# What the workers alone do. With a fast path the kernel goes on without any process: that is in
# test_fast_path.
FASTPATH = OFF


def test_control_knows_after_kill_9_what_it_acknowledged(own_lab: Lab) -> None:
    web = own_lab.instance("web")
    eip = own_lab.ask("eip", "allocate")
    own_lab.ask("eip", "bind", eip["AddressId"], "web")
    before = own_lab.ask("instance", "list"), own_lab.ask("eip", "list"), own_lab.ask("table")
    kill(own_lab, "control")
    own_lab.run("lab", "up")
    after = own_lab.ask("instance", "list"), own_lab.ask("eip", "list"), own_lab.ask("table")
    assert after == before
    assert own_lab.pings("internet", web.public)


def test_the_data_plane_loads_the_last_table_by_itself(own_lab: Lab) -> None:
    web = own_lab.instance("web")
    public = web.public
    before = own_lab.ask("counters")["addresses"]
    assert own_lab.pings("internet", public)
    kill(own_lab, "control")
    kill_dataplane(own_lab)
    assert not own_lab.pings("internet", public)
    own_lab.restart("dataplane")
    assert own_lab.pings("internet", public)
    assert "control" not in running(own_lab)
    after = own_lab.ask("counters")["addresses"]
    assert after[public]["packets_in"] == 2
    assert before == {}


def test_a_change_made_without_a_data_plane_is_in_force_when_it_comes(own_lab: Lab) -> None:
    kill_dataplane(own_lab)
    web = own_lab.instance("web")
    assert not own_lab.pings("internet", web.public)
    own_lab.restart("dataplane")
    assert own_lab.pings("internet", web.public)


def test_control_ends_machines_that_nobody_knows(own_lab: Lab) -> None:
    """As a control killed between the log and the kernel leaves them."""
    known = own_lab.instance("known")
    stray = Instance(own_lab, "ins-stray000")
    subprocess.run(["ip", "netns", "add", stray.namespace], check=True)
    own_lab.restart("control")
    assert stray.id not in own_lab.hosts.names()
    assert known.id in own_lab.hosts.names()


def test_a_supervisor_that_takes_over_slowly_is_replaced_and_its_workers_go_on(
    own_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watchdog starts it on a busy machine, and `tgw lab up` finds it before it is ready."""
    public, run = own_lab.instance("web").public, own_lab.places.run
    first = pid_of(own_lab, roles.DATAPLANE)
    record.save(run, replace(record.load(run), supervisor=1))  # the one before
    monkeypatch.setattr(roles, "STARTING_MAX_S", 0.0)
    enter = ("ip", "netns", "exec", own_lab.uplink)
    with subprocess.Popen(
        [*enter, "ping", "-n", "-i", "0.01", public], stdout=subprocess.PIPE, text=True
    ) as ping:
        assert ping.stdout is not None
        ping.stdout.readline()
        assert "time=" in ping.stdout.readline()
        done = own_lab.run("lab", "up")
        ping.send_signal(signal.SIGINT)
        said, _ = ping.communicate(timeout=10)
    assert f"dataplane isn't at work, process {first}: replaced" in done.stderr
    assert done.returncode == 0, done.stderr
    sent, received = map(int, re.findall(r"(\d+) packets transmitted, (\d+) received", said)[0])
    assert sent - received <= 1, "the last one may be under way"
    assert pid_of(own_lab, roles.DATAPLANE) != first
