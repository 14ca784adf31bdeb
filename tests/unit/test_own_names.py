"""What interrupted runs have left is swept away, and nothing else is."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support import own_names
from support.own_names import BENCHES, OURS

from gateway.fastpath import bpffs
from gateway.net import namespace
from gateway.site import places

OWNED = [
    ("t77-1", "t77-1"),
    (".t77-1", "t77-1"),
    (".t77-1.lock", "t77-1"),
    ("t77-1-b", "t77-1-b"),
    ("tgw.t77-12.ins-1a2b3c4d", "t77-12"),
    ("tgw.t77-12-b.gateway", "t77-12-b"),
    ("tgw-t77-3", "t77-3"),
]
STRANGERS = ["lab", "t1", "t-1", "tgw.lab.gateway", "demo", "xt77-1", "tgw.at77-1.x", "t77-1 2"]


@pytest.mark.parametrize(("name", "lab"), OWNED)
def test_a_name_says_whose_it_is(name: str, lab: str) -> None:
    found = OURS.fullmatch(name)
    assert found is not None
    assert (found["pid"], found["lab"]) == ("77", lab)


def test_a_name_of_a_benchmark_says_whose_it_is() -> None:
    for name in ("tgwbench.77.client", "tgw-tgwbench-77-gateway"):
        found = BENCHES.fullmatch(name)
        assert found is not None
        assert found["pid"] == "77"


@pytest.mark.parametrize("name", STRANGERS)
def test_other_names_are_nobodys(name: str) -> None:
    assert OURS.fullmatch(name) is None
    assert BENCHES.fullmatch(name) is None


def test_names_are_fresh_and_the_process_s_own() -> None:
    names = [own_names.fresh() for _ in range(3)]
    assert len(set(names)) == 3
    for name in names:
        found = OURS.fullmatch(name)
        assert found is not None
        assert found["pid"] == str(os.getpid())


def gone() -> int:
    """The id of a process that was there a moment ago."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


def make(stack: ExitStack, name: str) -> list[Path]:
    """What a lab of this name has: files, and a namespace with a process in it."""
    host = f"tgw.{name}.gateway"
    folders = [places.RUN / name, places.STATE / name, namespace.ETC / host]
    if bpffs.BPFFS.is_dir():
        folders.append(bpffs.folder_of(name))
    for folder in folders:
        folder.mkdir(parents=True)
    namespace.create(host)
    stack.callback(namespace.remove, host)
    for folder in folders:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
    with namespace.inside(host):
        process = subprocess.Popen(["sleep", "600"])
    stack.callback(process.wait)
    stack.callback(process.kill)
    return [*folders, namespace.path(host), Path("/proc", str(process.pid), "exe")]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a namespace")
def test_what_a_process_that_is_gone_has_left_is_swept_away(stack: ExitStack) -> None:
    """Its lab is taken down; a living process's lab, and one of another name, stay as they are."""
    dead = gone()
    mine = make(stack, own_names.fresh())
    others = make(stack, f"u{dead}-1")
    left = make(stack, f"t{dead}-1")
    own_names.sweep()
    assert [path for path in left if path.exists()] == []
    assert [path for path in (*mine, *others) if not path.exists()] == []
    assert [one for one in own_names.left() if one.lab == f"t{dead}-1"] == []
