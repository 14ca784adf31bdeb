"""Each object of a lab, removed, changed or added to: seen, named, and mended by `tgw lab up`."""

import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support.damage import Damage, damages, mac_of, run
from support.labs import COMMAND, Instance, Lab, eventually, lab_of, leftovers, new_topology

from gateway.lab import builder, inside, lifecycle
from gateway.lab.inspection import Inspection
from gateway.lab.lifecycle import LabError
from gateway.lab.resources import named
from gateway.net import namespace
from gateway.net.differences import mend
from gateway.net.sight import FREE_MAX, see

SINGLES = 6
SEED = 20
BUSY_S = 60.0  # a busy machine takes that long at the very most


@pytest.fixture(scope="module")
def broken() -> Iterator[tuple[Lab, Instance]]:
    """A lab to break, with an instance; what a test broke, it has mended."""
    with lab_of(new_topology()) as lab:
        instance = lab.instance("web")
        eventually(lambda: instance.show()["InstanceState"] == "RUNNING")
        yield lab, instance


def up(lab: Lab) -> None:
    lifecycle.up(lab.topology, COMMAND, say=lambda _: None)


def packets_pass(lab: Lab, instance: Instance) -> None:
    public = instance.public
    eventually(lambda: lab.pings("internet", public), within_s=BUSY_S)
    eventually(lambda: lab.pings(instance.id, lab.topology.clients[0]), within_s=BUSY_S)
    url = "http://metadata.tencentyun.com/latest/meta-data/instance-id"
    eventually(lambda: lab.curl(instance.id, url) == instance.id, within_s=BUSY_S)


def first(lab: Lab, instance: Instance) -> int:
    found = inside.machine_of(lab.name, instance.id).first()
    assert found is not None
    return found


def is_alive(process: int) -> bool:
    """Whether it is there, and more than an end that its parent hasn't seen yet."""
    with suppress(FileNotFoundError):
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    return False


def is_of_the_network(damage: Damage) -> bool:
    """Whether no process has to be started again for it, so that it costs little to try."""
    return not any(word in damage.name for word in ("killed", "/", "json", "netns", "replaced"))


def test_what_an_operator_can_do_to_the_network_is_seen_and_mended(
    broken: tuple[Lab, Instance],
) -> None:
    lab, instance = broken
    all_of_it = [one for one in damages(lab, instance) if is_of_the_network(one)]
    assert len(all_of_it) > 100
    for damage in random.Random(SEED).sample(all_of_it, SINGLES):  # noqa: S311
        damage.do()
        look = Inspection(lab.topology).differences
        assert look(), damage.name
        assert mend(look) == ([], []), damage.name
    packets_pass(lab, instance)


def local_routes(name: str) -> list[str]:
    shown = ("ip", "-n", name, "route", "show", "table", "local", "type", "local")
    done = subprocess.run(shown, capture_output=True, text=True, check=True)
    return sorted(line.split()[1] for line in done.stdout.splitlines())


def test_no_second_route_to_an_address_stays_when_it_is_mended(
    broken: tuple[Lab, Instance],
) -> None:
    """With two of them the loss of one would not be seen."""
    lab, _instance = broken
    look = Inspection(lab.topology).differences
    before = local_routes(lab.gateway)
    assert len(before) == len(set(before))
    for words in ("route del local 127.0.0.1 table local", "addr del 127.0.0.1/8 dev lo"):
        run("ip", "-n", lab.gateway, *words.split())
        assert mend(look) == ([], [])
    run("ip", "-n", lab.gateway, "link", "set", "lo", "down")
    assert mend(look) == ([], [])
    assert local_routes(lab.gateway) == before
    run("ip", "-n", lab.gateway, "route", "del", "local", "127.0.0.1", "table", "local")
    (seen,) = look()
    assert seen.what == "local route to 127.0.0.1/32 on lo in table 255 is missing"
    assert mend(look) == ([], [])


def test_two_things_at_once_are_seen_and_mended(broken: tuple[Lab, Instance]) -> None:
    lab, instance = broken
    for damage in random.Random(SEED).sample(damages(lab, instance), 2):  # noqa: S311
        damage.do()
    assert not lifecycle.status(lab.name).up
    up(lab)
    packets_pass(lab, instance)
    assert lifecycle.status(lab.name).up


def test_an_instance_whose_namespace_lost_its_name_can_be_rebooted(
    broken: tuple[Lab, Instance],
) -> None:
    lab, instance = broken
    inside.machine_of(lab.name, instance.id).noted.unlink(missing_ok=True)
    before = first(lab, instance)
    run("ip", "netns", "del", instance.namespace)
    assert lab.run("instance", "reboot", "web").returncode == 0
    packets_pass(lab, instance)
    assert first(lab, instance) != before
    eventually(lambda: not is_alive(before))


def test_a_log_that_is_removed_while_control_has_it_is_put_back(
    broken: tuple[Lab, Instance],
) -> None:
    lab, instance = broken
    shutil.rmtree(lab.places.state)
    assert f"holds {lab.places.log}, which is gone\n" in lab.run("lab", "status").stdout
    done = lab.run("lab", "up")
    assert done.returncode == 0, done.stderr
    assert f"{lab.places.log} was removed while it was in use: put back\n" in done.stderr
    assert instance.show()["InstanceState"] == "RUNNING"


def test_a_lab_that_lost_its_topology_is_told_of_and_has_it_again(
    broken: tuple[Lab, Instance],
) -> None:
    lab, _instance = broken
    for folder in (lab.places.run, lab.places.state):
        file = folder / "topology.json"
        before = file.read_text()
        file.unlink()
        assert f"not as it should be: {file} isn't as written\n" in lab.run("lab", "status").stdout
        up(lab)
        assert file.read_text() == before


def test_a_lab_whose_directory_is_removed_comes_back(broken: tuple[Lab, Instance]) -> None:
    lab, instance = broken
    shutil.rmtree(lab.places.run)
    done = lab.run("lab", "status")
    assert done.returncode == 1
    assert f"holds {lab.places.run / 'control.lock'}, which is gone\n" in done.stdout
    done = lab.run("lab", "up")
    assert done.returncode == 0, done.stderr
    assert lab.run("lab", "status").returncode == 0
    packets_pass(lab, instance)


def test_an_owners_rules_are_named_and_stay(broken: tuple[Lab, Instance]) -> None:
    lab, _instance = broken
    for name in (lab.gateway, lab.uplink):
        run("ip", "netns", "exec", name, "nft", "add", "table", "ip", "owners")
    try:
        shown = lab.run("lab", "status")
        assert shown.returncode == 1
        for name in (lab.gateway, lab.uplink):
            assert f"{name}: table ip owners isn't the lab's\n" in shown.stdout
        done = lab.run("lab", "up")
        assert done.returncode == 0
        assert f"{lab.gateway}: table ip owners isn't the lab's, and stays\n" in done.stderr
        assert f"{lab.uplink}: table ip owners isn't the lab's\n" in lab.run("lab", "status").stdout
    finally:
        for name in (lab.gateway, lab.uplink):
            run("ip", "netns", "exec", name, "nft", "delete", "table", "ip", "owners")


def test_sysctls_that_are_told_along_with_links_are_those_of_the_files(
    broken: tuple[Lab, Instance],
) -> None:
    lab, instance = broken
    end = builder.gateway_end(
        lab.topology, instance.id, instance.private, mac_of(instance), up=True
    )
    gateway = builder.gateway(lab.topology, [end])
    machine = builder.machine(lab.topology, instance.id, instance.private, up=True)
    for plan, least in ((gateway, 18), (machine, 10), (end, 5)):
        seen = see(plan)
        assert seen is not None
        with namespace.inside(plan.namespace):
            assert seen.sysctls == {key: namespace.sysctl(key) for key in seen.sysctls}
        assert len(seen.sysctls) >= least


def test_an_instance_may_have_links_of_its_own(broken: tuple[Lab, Instance]) -> None:
    lab, instance = broken
    run("ip", "-n", instance.namespace, "link", "add", "own", "type", "veth", "peer", "name", "its")
    run("ip", "-n", instance.namespace, "addr", "add", "192.168.7.1/24", "dev", "own")
    run("ip", "-n", instance.namespace, "link", "set", "own", "up")
    assert Inspection(lab.topology).differences() == []


def test_an_instance_that_is_full_is_named_and_hinders_nobody(
    broken: tuple[Lab, Instance], tmp_path: Path
) -> None:
    lab, instance = broken
    many = tmp_path / "many"
    routes = (f"route add blackhole 10.{n >> 8}.{n & 255}.0/24\n" for n in range(FREE_MAX + 1))
    many.write_text("".join(routes))
    run("ip", "-n", instance.namespace, "-batch", str(many))
    done = lab.run("lab", "up")
    assert done.returncode == 0, done.stderr
    assert f"{instance.namespace}: more than {FREE_MAX} links, addresses, " in done.stderr
    run("ip", "-n", instance.namespace, "route", "flush", "type", "blackhole")
    assert Inspection(lab.topology).differences() == []


def test_what_cannot_be_mended_is_named(
    broken: tuple[Lab, Instance], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, instance = broken

    def refuse(*_: object) -> None:
        raise PermissionError("no")

    run("ip", "-n", lab.uplink, "route", "flush", "table", "main")
    with monkeypatch.context() as patch:
        patch.setattr("gateway.net.links.Links.put", refuse)
        with pytest.raises(LabError, match=r"can't be built: .*route to .* is missing, .*: no$"):
            up(lab)
    up(lab)
    packets_pass(lab, instance)


def test_namespaces_that_lost_their_names_are_named_and_made_again(
    broken: tuple[Lab, Instance],
) -> None:
    lab, instance = broken
    lost = (lab.uplink, lab.gateway, instance.namespace)
    before = first(lab, instance)
    for name in lost:
        run("ip", "netns", "del", name)
    done = lab.run("lab", "status")
    assert done.returncode == 1
    for name in lost:
        assert f"not as it should be: {name}: the namespace is missing\n" in done.stdout
    done = lab.run("lab", "up")
    assert done.returncode == 0, done.stderr
    assert (
        f"process {before} of {instance.namespace}, which has lost its name: ended" in done.stderr
    )
    assert first(lab, instance) != before
    packets_pass(lab, instance)


def test_down_leaves_nothing_of_a_lab_whose_directory_and_namespaces_are_gone() -> None:
    topology = new_topology()
    with lab_of(topology) as lab:
        instance = lab.instance("web")
        eventually(lambda: instance.show()["InstanceState"] == "RUNNING")
        process, name = first(lab, instance), instance.namespace
        shutil.rmtree(lab.places.run)
        for one in namespace.names(lab.hosts.prefix):
            run("ip", "netns", "del", one)
        lifecycle.down(topology.name)
        assert leftovers(topology.name) == []
        assert not is_alive(process)
        assert name not in named(lab.hosts.prefix)
