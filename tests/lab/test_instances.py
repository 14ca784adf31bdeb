"""Instances and EIPs on real machines: what the command says is what packets do."""

from collections.abc import Iterator
from typing import Any

import pytest
from support.labs import Instance, Lab, eventually

from gateway.net import namespace
from gateway.net.links import Links


@pytest.fixture
def client(lab: Lab) -> str:
    return lab.topology.clients[0]


@pytest.fixture
def second(lab: Lab) -> Iterator[Instance]:
    instance = lab.instance("second")
    yield instance
    instance.terminate()


def test_run_returns_when_the_instance_is_reachable(lab: Lab) -> None:
    for name in ("first", "next", "last"):
        shown = lab.ask("instance", "run", "--name", name, "--bandwidth", "10")
        assert lab.pings("internet", shown["PublicIpAddresses"][0])
        Instance(lab, shown["InstanceId"]).terminate()


def test_both_sides_see_the_public_address_only(lab: Lab, web: Instance, client: str) -> None:
    assert lab.curl(web.id, "http://internet/") == f"{web.public}\n"
    assert lab.pings("internet", web.public)
    assert not lab.pings("internet", web.private)
    assert lab.pings(web.id, client)


def test_without_bandwidth_there_is_no_public_address_and_no_way_out(lab: Lab, client: str) -> None:
    quiet = lab.instance("quiet", bandwidth=0)
    assert quiet.show()["PublicIpAddresses"] is None
    assert not lab.pings(quiet.id, client)
    assert lab.reasons()["unknown-private"] > 0
    quiet.terminate()


def lasting(instance: Instance) -> dict[str, Any]:
    """What is shown of an instance, without its latest operation."""
    shown = instance.show()
    return {name: value for name, value in shown.items() if not name.startswith("LatestOperation")}


def test_a_stopped_instance_passes_no_packet_and_keeps_its_addresses(
    lab: Lab, web: Instance, second: Instance
) -> None:
    before = lasting(web)
    assert lab.run("instance", "stop", "web").returncode == 0
    with Links(web.namespace) as links:
        assert not links.is_up("eth0")
    assert not lab.pings("internet", web.public)
    assert not lab.pings(second.id, web.private)
    assert not lab.pings(web.id, second.private)
    assert lab.run("instance", "start", "web").returncode == 0
    assert lasting(web) == before
    assert lab.pings("internet", web.public)


def test_reboot_leaves_the_instance_reachable(lab: Lab, web: Instance) -> None:
    before = lasting(web)
    assert lab.run("instance", "reboot", web.id).returncode == 0
    assert lasting(web) == before
    assert lab.pings("internet", web.public)


def test_terminate_ends_namespace_processes_and_link(lab: Lab) -> None:
    gone = lab.instance("gone")
    public = gone.public
    with lab.start(gone.id, "sleep", "600") as sleeper:
        eventually(lambda: len(namespace.processes(gone.namespace)) == 2)  # and the first one
        assert lab.run("instance", "terminate", "gone").stdout == f"{gone.id} is gone\n"
        assert sleeper.wait(5) != 0
    assert not namespace.exists(gone.namespace)
    with Links(lab.gateway) as links:
        assert links.index(gone.id) is None
    assert not lab.pings("internet", public)
    assert gone.id not in lab.run("instance", "list").stdout


def test_an_eip_comes_and_goes_with_the_packets(lab: Lab, web: Instance) -> None:
    ordinary = web.public
    eip = lab.ask("eip", "allocate", "--name", "shop")
    assert eip["AddressStatus"] == "UNBIND"
    assert not lab.pings("internet", eip["AddressIp"])

    bound = lab.ask("eip", "bind", "shop", "web")
    assert (bound["AddressStatus"], bound["InstanceId"]) == ("BIND", web.id)
    assert web.public == eip["AddressIp"]
    assert lab.pings("internet", eip["AddressIp"])
    assert not lab.pings("internet", ordinary)
    assert lab.curl(web.id, "http://internet/") == f"{eip['AddressIp']}\n"

    assert lab.ask("eip", "unbind", eip["AddressIp"])["AddressStatus"] == "UNBIND"
    assert web.public not in (ordinary, eip["AddressIp"])
    assert lab.pings("internet", web.public)
    assert not lab.pings("internet", eip["AddressIp"])

    assert lab.run("eip", "release", eip["AddressId"]).returncode == 0
    assert lab.ask("eip", "list")["AddressSet"] == []


def test_rebind_moves_an_eip_in_one_step(lab: Lab, web: Instance, second: Instance) -> None:
    eip = lab.ask("eip", "allocate")
    lab.ask("eip", "bind", eip["AddressId"], "web")
    moved = lab.ask("eip", "bind", eip["AddressId"], "second")
    assert moved["InstanceId"] == second.id
    assert second.public == eip["AddressIp"]
    assert web.public != eip["AddressIp"]
    assert lab.pings("internet", web.public)
    assert lab.curl(second.id, "http://internet/") == f"{eip['AddressIp']}\n"
    lab.run("eip", "unbind", eip["AddressId"])
    assert lab.run("eip", "release", eip["AddressId"]).returncode == 0


def test_the_user_cannot_move_an_ordinary_public_ip(lab: Lab, web: Instance) -> None:
    for words in (("unbind", web.public), ("release", web.public), ("bind", web.public, "web")):
        done = lab.run("eip", *words)
        assert done.returncode != 0
        assert f"{web.public} is the ordinary public IP of {web.id}" in done.stderr
    assert lab.pings("internet", web.public)


def test_an_instance_that_claims_another_address_is_not_heard(
    lab: Lab, web: Instance, second: Instance
) -> None:
    """Neither by the internet nor by its neighbours, nor does it get their metadata."""
    lab.exec(web.id, "ip", "addr", "add", f"{second.private}/32", "dev", "eth0")
    stolen = ("-I", second.private, "-n", "-c", "1", "-W", "1")
    for target in (lab.topology.clients[0], lab.topology.vpc_gateway):
        assert lab.exec(web.id, "ping", *stolen, target).returncode != 0
    url = "http://169.254.0.23/meta-data/instance-id"
    assert lab.curl(web.id, url, "--interface", second.private) is None
    assert lab.curl(second.id, url) == second.id
