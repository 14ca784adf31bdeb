"""A lab whose processes are of another version of tgw."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from support import earlier
from support.blows import kill, pid_of, workers
from support.labs import Lab, eventually, lab_of, new_topology
from support.stream import streaming

from gateway import __version__
from gateway.lab import lifecycle
from gateway.site import roles
from gateway.site.places import Places

RATE = 1000  # datagrams a second


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with lab_of(new_topology()) as found:
        yield found


def note(lab: Lab, role: str) -> Path:
    """Where the role's process notes its version."""
    return lab.places.run / f"{role}.lock"


def processes(lab: Lab) -> dict[str, int]:
    return {role: pid_of(lab, role) for role in lifecycle.READY}


def test_each_process_notes_its_version(lab: Lab) -> None:
    assert {role: roles.version(lab.places.run, role) for role in lifecycle.READY} == dict.fromkeys(
        lifecycle.READY, __version__
    )


def test_up_replaces_every_process_of_an_earlier_version_while_packets_pass(lab: Lab) -> None:
    web = lab.instance(bandwidth=100)
    before, carrying = processes(lab), workers(lab)
    eventually(lambda: lab.pings("internet", web.public))
    for role in lifecycle.READY:
        note(lab, role).write_text("")  # as before versions were noted
    with streaming(lab.uplink, web.namespace, web.public, rate=RATE) as found:
        done = lab.run("lab", "up")
        assert done.returncode == 0, done.stderr
    assert (found.lost, found.again) == (0, 0)
    after = processes(lab)
    assert [role for role in before if before[role] == after[role]] == []
    assert not set(carrying.values()) & set(workers(lab).values())
    assert lifecycle.status(lab.name).up
    eventually(lambda: lab.pings("internet", web.public))


def test_an_upgrade_that_was_cut_goes_on(lab: Lab) -> None:
    """Control was replaced, the supervisor was killed, and the rest was not reached."""
    before = processes(lab)
    note(lab, "web").write_text("")
    note(lab, roles.DATAPLANE).write_text("")
    kill(lab, roles.DATAPLANE)
    assert lab.run("lab", "up").returncode == 0
    after = processes(lab)
    assert after[roles.CONTROL] == before[roles.CONTROL]
    assert after["web"] != before["web"]
    assert lifecycle.status(lab.name).up


@pytest.mark.parametrize("role", ["control", "dataplane"])
def test_a_lab_of_a_newer_version_is_refused_in_one_line(lab: Lab, role: str) -> None:
    web = lab.instance()
    before = processes(lab)
    note(lab, role).write_text("99.1")
    done = lab.run("lab", "up")
    note(lab, role).write_text(__version__)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"tgw: {role} of lab {lab.name} is of tgw 99.1, which is newer than this {__version__}: "
        "use that one, or take the lab down with it\n"
    )
    assert processes(lab) == before
    eventually(lambda: lab.pings("internet", web.public))


def test_what_an_earlier_version_kept_comes_up_with_everything_it_had(tmp_path: Path) -> None:
    topology = replace(new_topology(), vpc=earlier.VPC, pool=earlier.POOL, quarantine_s=60.0)
    shutil.copytree(earlier.unpacked(tmp_path).state, Places(topology.name).state)
    with lab_of(topology) as lab:
        found = {one["InstanceName"]: one for one in lab.ask("instance", "list")["InstanceSet"]}
        assert {name: one["InstanceState"] for name, one in found.items()} == {
            "web": "RUNNING",
            "db": "RUNNING",
            "idle": "STOPPED",
        }
        for address in (earlier.WEB, earlier.DB):
            eventually(partial(lab.pings, "internet", address))
        (blocked,) = lab.ask("block")["BlockedAddressSet"]
        assert blocked["Address"] == earlier.SPARE
        usages = lab.ask("bill")["UsageSet"]
        assert {one["AddressIp"]: one["OutBytes"] > 0 for one in usages}[earlier.WEB]
