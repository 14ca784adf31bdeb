"""Up and down: whatever was interrupted, nothing is left, and nobody else's things are touched."""

import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from support import own_names
from support.labs import COMMAND, TGW, Lab, eventually, lab_of, leftovers, new_topology

from gateway.lab import lifecycle
from gateway.lab.hosts import GATEWAY, INTERNET, Hosts
from gateway.net import namespace
from gateway.net.links import Links
from gateway.site import roles


def quiet(_line: str) -> None:
    pass


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=True).stdout


def root_namespace() -> dict[str, str]:
    """What a lab must not change on the machine."""
    return {
        "links": ip("-o", "link"),
        "addresses": ip("-o", "-4", "addr"),
        "routes": ip("route", "show", "table", "all"),
        "rules": ip("rule"),
        "forwarding": Path("/proc/sys/net/ipv4/ip_forward").read_text(),
        "redirects": Path("/proc/sys/net/ipv4/conf/all/send_redirects").read_text(),
        "nft": subprocess.run(
            ["nft", "list", "ruleset"], capture_output=True, text=True, check=True
        ).stdout,
    }


def test_up_and_down_change_nothing_in_the_root_namespace() -> None:
    before = root_namespace()
    with lab_of(new_topology()) as lab:
        lab.instance("web")
        assert root_namespace() == before
    assert root_namespace() == before


def test_up_twice_is_up_once(own_lab: Lab) -> None:
    instance = own_lab.instance("web")
    before = lifecycle.status(own_lab.name)
    assert own_lab.run("lab", "up").returncode == 0
    assert lifecycle.status(own_lab.name) == before
    assert own_lab.pings(instance.id, own_lab.topology.clients[0])


def test_up_repairs_what_is_missing(own_lab: Lab) -> None:
    instance = own_lab.instance("web")
    namespace.remove(own_lab.uplink)
    roles.stop(own_lab.places.run, roles.WATCHDOG)  # it would start again what is killed here
    for process in lifecycle.look(own_lab.name):
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: not any(p.pid for p in lifecycle.look(own_lab.name)))
    assert own_lab.run("lab", "status").returncode == 1
    assert own_lab.run("lab", "up").returncode == 0
    assert own_lab.run("lab", "status").returncode == 0
    eventually(lambda: own_lab.pings("internet", instance.public))


def test_up_with_another_topology_is_refused(own_lab: Lab, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('pool = "192.0.2.0/24"\n')
    done = own_lab.run("lab", "up", "--topology", str(other))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("'tgw lab down' ends it first")
    assert lifecycle.status(own_lab.name).up


def test_down_twice_and_down_of_no_lab_do_nothing() -> None:
    for _ in range(2):
        lifecycle.down("there-is-none")
    assert leftovers("there-is-none") == []


@pytest.mark.parametrize("after_s", [0.15, 0.22, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0])
def test_down_removes_everything_after_up_was_killed(after_s: float) -> None:
    lab = new_topology().name
    up = subprocess.Popen([*TGW, "lab", "up", "--lab", lab], stderr=subprocess.DEVNULL)
    try:
        time.sleep(after_s)  # not a wait for something: the moment of the blow is the test's input
        up.kill()
    finally:
        up.wait()
        lifecycle.down(lab)
    # A process that up had only just started finds no lab, and ends by itself.
    eventually(lambda: leftovers(lab) == [])


@pytest.mark.parametrize("after_s", [0.2, 0.25, 0.3, 0.4])
def test_down_removes_everything_after_down_was_killed(after_s: float) -> None:
    topology = new_topology()
    with lab_of(topology) as lab:
        lab.instance("web")
        down = subprocess.Popen([*TGW, "lab", "down", "--lab", topology.name])
        time.sleep(after_s)  # as above
        down.kill()
        down.wait()


def test_down_removes_a_half_made_namespace() -> None:
    """A `kill -9` between making the mount point and mounting leaves a plain file."""
    lab = new_topology().name
    half = namespace.path(Hosts(lab).namespace(INTERNET))
    half.parent.mkdir(exist_ok=True)
    half.touch()
    try:
        lifecycle.down(lab)
        assert leftovers(lab) == []
    finally:
        half.unlink(missing_ok=True)


def test_up_goes_on_from_a_half_made_lab() -> None:
    topology = new_topology()
    hosts = Hosts(topology.name)
    namespace.create(hosts.namespace(GATEWAY))
    namespace.path(hosts.namespace(INTERNET)).touch()
    with lab_of(topology):
        assert lifecycle.status(topology.name).up


def test_down_ends_the_processes_in_instances() -> None:
    with lab_of(new_topology()) as lab:
        instance = lab.instance("web")
        with lab.start(instance.id, "sleep", "600") as sleeper:
            eventually(lambda: "sleep 600" in lab.exec(instance.id, "ps", "-eo", "args").stdout)
            lifecycle.down(lab.name)
            assert sleeper.wait(30) == -signal.SIGKILL


def test_labs_live_side_by_side(own_lab: Lab) -> None:
    """Even if the name of one begins with the other's."""
    mine = own_lab.instance("web")
    with lab_of(replace(own_lab.topology, name=f"{own_lab.name}-b")) as other:
        theirs = other.instance("web")
        assert theirs.public == mine.public
        assert other.pings("internet", theirs.public)
    assert own_lab.pings("internet", mine.public)
    assert mine.show()["InstanceState"] == "RUNNING"


def test_other_namespaces_are_left_alone() -> None:
    stranger = own_names.fresh()
    namespace.create(stranger)
    try:
        with lab_of(new_topology()):
            pass
        assert namespace.exists(stranger)
    finally:
        namespace.remove(stranger)


def test_state_that_is_kept_comes_back() -> None:
    topology = new_topology()
    with lab_of(topology) as lab:
        before = lab.instance("web").show()
        lifecycle.down(topology.name, keep_state=True)
        assert namespace.names(lab.hosts.prefix) == []
        lifecycle.up(topology, COMMAND, say=quiet)
        assert lab.ask("instance", "show", "web") == before
        assert lab.pings("internet", before["PublicIpAddresses"][0])


def test_network_only_leaves_the_processes_to_others() -> None:
    topology = new_topology()
    try:
        lifecycle.up(topology, COMMAND, network_only=True, say=quiet)
        roles = {p.role: p.pid is not None for p in lifecycle.look(topology.name)}
        assert roles == {
            role: role == "web" for role in ("dataplane", "control", "metadata", "api", "web")
        }
    finally:
        lifecycle.down(topology.name)
    assert leftovers(topology.name) == []


def test_a_role_is_taken_once(own_lab: Lab) -> None:
    for role in ("control", "dataplane", "metadata", "api", "web"):
        done = own_lab.run(role)
        assert done.returncode == 1
        assert done.stderr == f"tgw: {role} of lab {own_lab.name} is running already\n"


def test_processes_need_a_lab() -> None:
    lab = Lab(new_topology())
    for role in ("control", "dataplane", "metadata", "api", "web"):
        done = lab.run(role)
        assert done.returncode == 1
        assert done.stderr == f"tgw: lab {lab.name} is not up: 'tgw lab up' builds it\n"
    assert leftovers(lab.name) == []


def test_status_and_graph_tell_what_there_is(own_lab: Lab) -> None:
    instance = own_lab.instance("web")
    status = own_lab.ask("lab", "status")
    assert status["up"] is True
    assert sorted(status["hosts"]) == sorted(["internet", "gateway", instance.id])
    assert instance.id in own_lab.run("lab", "graph").stdout
    assert own_lab.run("lab", "graph", "--format", "svg").stdout.startswith("<svg ")
    assert own_lab.run("lab", "graph", "--format", "mermaid").stdout.startswith("graph LR")
    assert json.loads((own_lab.places.run / "topology.json").read_text())["name"] == own_lab.name


def test_an_instance_sees_one_interface_with_its_private_address_only(own_lab: Lab) -> None:
    instance = own_lab.instance("web")
    with Links(instance.namespace) as links:
        assert links.is_up("eth0")
    shown = json.loads(own_lab.exec("web", "ip", "-j", "addr").stdout)
    assert [link["ifname"] for link in shown] == ["lo", "eth0"]
    assert [a["local"] for a in shown[1]["addr_info"]] == [instance.private]
    assert shown[1]["address"].startswith("52:54:00:")
