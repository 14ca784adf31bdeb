"""A lab's event log is copied while clients call, and put back: the lab is what it was then."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from random import Random
from threading import Event

from support.clients import Remembering, seen
from support.labs import COMMAND, Lab

from gateway.control import events as ev
from gateway.control.compile import compile_table
from gateway.control.state import State
from gateway.exchange import generations
from gateway.lab import lifecycle
from gateway.store.sqlite import SqliteReader


def test_a_copy_made_during_calls_brings_a_lab_back_as_it_was(own_lab: Lab, tmp_path: Path) -> None:
    web, copy = own_lab.instance("web"), tmp_path / "copy.db"
    (eip_id,) = own_lab.control.call("AllocateAddresses", AddressName="front")["AddressSet"]
    own_lab.control.call("AssociateAddress", AddressId=eip_id, InstanceId=web.id)
    public, stop = web.public, Event()
    own_lab.control.call("ConfigureAccount", ApplicationsMax=1_000_000)
    busy = Remembering("busy", Random(1))  # noqa: S311
    with ThreadPoolExecutor(1) as thread:
        working = thread.submit(busy.work, own_lab.control, stop)
        while busy.acknowledged.total() < 20 and not working.done():
            time.sleep(0.01)
        done = own_lab.run("backup", str(copy))
        stop.set()
        working.result(timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    web.terminate()
    own_lab.run("eip", "release", "front")

    assert own_lab.run("restore", str(copy), "--force").returncode == 1, "the lab is up"
    own_lab.run("lab", "down", "--keep-state")
    assert own_lab.run("restore", str(copy)).returncode == 1, "there is a log"
    assert own_lab.run("restore", str(copy), "--force").returncode == 0
    lifecycle.up(own_lab.topology, COMMAND, say=lambda _: None)

    assert web.public == public
    assert own_lab.pings("internet", public)
    then = state_in(copy)
    there = {key for key in seen(own_lab.control) if not key.startswith("ins-")}
    assert there == {*then.eips, *then.packages}
    assert generations.load(own_lab.places.run) == compile_table(state_in(own_lab.places.log))


def state_in(log: Path) -> State:
    """What a log adds up to."""
    state = State()
    with closing(SqliteReader(log)) as reader:
        for record in reader.read():
            state.evolve(ev.from_record(record), record.at)
    return state
