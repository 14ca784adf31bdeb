"""Where no fast path can be had: a gateway works without, and says why; asked for, it says no."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.labs import TGW, Instance, Lab

from gateway.dataplane import record
from gateway.fastpath import bpffs, program
from gateway.lab import lifecycle
from gateway.site import roles
from gateway.site.command import Command

# Each makes something of the machine's unusable for the program that follows it, and for no other.
NO_LIBRARY = (
    "for lib in $(ldconfig -p | sed -n 's/.*libbpf.so.1 .*=> //p'); do"
    " mount --bind /dev/null $(readlink -f $lib); done"
)
NO_OBJECT = f"mount --bind /dev/null {program.OBJECT}"
READ_ONLY = f"mount -o remount,bind,ro {bpffs.BPFFS}"
LACKS = {
    "libbpf.so.1 can't be used: ": NO_LIBRARY,
    "tgw: no object that libbpf.so.1 can read: ": NO_OBJECT,
    "[Errno 30] Read-only file system: ": READ_ONLY,
}


@pytest.fixture(scope="module")
def alone(lab: Lab) -> Iterator[Lab]:
    """The module's lab, whose data plane is the tests' to end and to start."""
    roles.stop(lab.places.run, roles.WATCHDOG)
    yield lab
    start(lab)


@pytest.fixture
def web(alone: Lab) -> Iterator[Instance]:
    instance = alone.instance("web")
    yield instance
    instance.terminate()


def lacking(what: str) -> tuple[str, ...]:
    """The words that start tgw where something is unusable."""
    return "unshare", "--mount", "sh", "-ec", f'{what}; exec "$@"', "sh", *TGW


def start(lab: Lab, lacks: str = ":") -> None:
    run = lab.places.run
    roles.stop(run, roles.DATAPLANE)
    begin = lifecycle.READY[roles.DATAPLANE]
    command = Command(lacking(lacks))
    roles.start(run, roles.DATAPLANE, command, lambda: begin(lab.topology.site))


@pytest.mark.parametrize(("why", "lacks"), LACKS.items(), ids=["library", "object", "read-only"])
def test_it_works_without_and_says_why_once(
    alone: Lab, web: Instance, why: str, lacks: str
) -> None:
    log = Path(alone.places.run, "dataplane.log")
    before = len(log.read_text())
    start(alone, lacks)
    assert alone.pings("internet", web.public)
    assert alone.counters().paths["slow"] > 0
    told = log.read_text()[before:].splitlines()
    warned = [line for line in told if " INFO " not in line]
    assert len(warned) == 1, warned
    assert f" WARNING no fast path: {why}" in warned[0]
    state = record.load(alone.places.run).fastpath
    assert state.startswith(why)
    told_again = alone.run("fastpath", "auto").stdout
    assert told_again == f"lab {alone.name}: fast path {state}\n"
    shown = f": {state}, set to auto\n"
    assert shown in alone.run("fastpath", "status").stdout
    assert f"fast path: {state}\n" in alone.run("lab", "status").stdout


@pytest.mark.parametrize(("why", "lacks"), LACKS.items(), ids=["library", "object", "read-only"])
def test_where_it_is_a_must_there_is_no_start(alone: Lab, why: str, lacks: str) -> None:
    roles.stop(alone.places.run, roles.DATAPLANE)
    words = (*lacking(lacks), "dataplane", "--lab", alone.name, "--fastpath", "on")
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith(f"tgw: the fast path can't be on: {why}")
    assert done.stderr.count("\n") == 1
