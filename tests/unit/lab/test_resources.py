"""Which files of the control groups are written, in a folder that has their shape.

What the kernel makes of version 1 or 2, whichever it has, is tested in the lab.
"""

from pathlib import Path

import pytest
from support.world import World

from gateway.control.values import Instance
from gateway.lab import resources
from gateway.lab.resources import CONTROLLERS, Groups
from gateway.metering.values import Use


@pytest.fixture
def instance() -> Instance:
    """An instance of the default type: one processor and 1 GiB."""
    world = World()
    return world.instance(world.run())


@pytest.fixture
def unified(tmp_path: Path) -> Path:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    return tmp_path


def test_version_2_has_one_group_for_all(unified: Path, instance: Instance) -> None:
    groups = Groups("machine", unified)
    assert groups.bound(instance)
    folder = unified / "tgw" / "machine"
    assert {file.name: file.read_text().strip() for file in folder.iterdir()} == {
        "cpu.max": "100000 100000",
        "memory.max": str(1 << 30),
        "pids.max": "4096",
    }
    for parent in (unified, unified / "tgw"):
        assert (parent / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    groups.join(7)
    assert (folder / "cgroup.procs").read_text() == "7\n"
    (folder / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    (folder / "memory.current").write_text("4096\n")
    assert groups.use() is None, "not all of it is counted"
    (folder / "memory.stat").write_text("anon 1024\nfile 1024\n")
    assert groups.use() == Use(1.5, 3072)


def test_version_1_has_a_group_for_each_controller(tmp_path: Path, instance: Instance) -> None:
    groups = Groups("machine", tmp_path)
    assert groups.bound(instance)
    groups.join(7)
    for controller in CONTROLLERS:
        assert (tmp_path / controller / "tgw/machine/cgroup.procs").read_text() == "7\n"
    memory = tmp_path / "memory/tgw/machine"
    assert (memory / "memory.limit_in_bytes").read_text() == f"{1 << 30}\n"
    (memory / "memory.usage_in_bytes").write_text("4096\n")
    (tmp_path / "cpuacct/tgw/machine/cpuacct.usage").write_text("2500000000\n")
    (memory / "memory.stat").write_text("cache 1\ntotal_cache 1024\n")
    assert groups.use() == Use(2.5, 3072)


def test_without_groups_nothing_is_bound_and_nothing_fails(
    tmp_path: Path, instance: Instance
) -> None:
    (tmp_path / "file").touch()
    groups = Groups("machine", tmp_path / "file")
    assert not groups.bound(instance)
    groups.join(7)
    assert groups.use() is None
    groups.remove()


def test_doctor_asks_for_what_is_used(unified: Path) -> None:
    assert resources.are_bounded(unified)
    (unified / "cgroup.controllers").write_text("hugetlb\n")
    assert not resources.are_bounded(unified)


def test_the_machines_with_groups_are_found_by_how_their_names_begin(
    unified: Path, instance: Instance
) -> None:
    for name in ("tgw.a.one", "tgw.a.two", "tgw.ab.three"):
        Groups(name, unified).bound(instance)
    assert resources.named("tgw.a.", unified) == {"tgw.a.one", "tgw.a.two"}
    assert resources.named("tgw.c.", unified) == set()
