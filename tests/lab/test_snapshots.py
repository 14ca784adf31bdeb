"""A running control makes a snapshot beside its log and answers meanwhile; a start uses it."""

import sqlite3
import time
from contextlib import closing

from support.blows import kill
from support.labs import Lab, eventually

from gateway.app.snapshots import EVERY
from gateway.control import events as ev
from gateway.site import roles
from gateway.store.snapshots import SnapshotFile
from gateway.store.sqlite import SqliteReader, SqliteStore

WITHIN_S = 60  # the process that makes it gives way to all others


def test_control_makes_a_snapshot_and_starts_from_it(own_lab: Lab) -> None:
    web = own_lab.instance("web")
    public, kept = web.public, SnapshotFile(own_lab.places.snapshot)
    kill(own_lab, roles.CONTROL)
    past = grow(own_lab, web.id)
    own_lab.restart(roles.CONTROL)
    answers = 0

    def made() -> bool:
        """Whether there is a snapshot; control carries commands out until then."""
        nonlocal answers
        answers += 1
        own_lab.control.call(
            "ModifyInstancesAttribute", InstanceIds=[web.id], InstanceName=f"now-{answers}"
        )
        return kept.load() is not None

    eventually(made, within_s=WITHIN_S)
    snapshot = kept.load()
    assert snapshot is not None
    assert past <= snapshot.sequence <= past + answers

    kill(own_lab, roles.CONTROL)
    spoil_before(own_lab, snapshot.sequence)  # who replays the log itself doesn't start
    own_lab.restart(roles.CONTROL)
    assert web.show()["InstanceName"] == f"now-{answers}"
    assert web.public == public
    eventually(lambda: own_lab.pings("internet", public))


def grow(lab: Lab, instance_id: str) -> int:
    """Append as many events as a snapshot is made after; the sequence of the last one."""
    with closing(SqliteReader(lab.places.log)) as log:
        length = log.length()
    renamed = [ev.InstanceRenamed(instance_id, f"web-{n}") for n in range(EVERY)]
    with closing(SqliteStore(lab.places.log)) as log:
        log.append([ev.to_record(one, length + n, time.time()) for n, one in enumerate(renamed, 1)])
    return length + EVERY


def spoil_before(lab: Lab, sequence: int) -> None:
    """Make the events before this one unreadable, but for the first, by which the log is known."""
    with closing(sqlite3.connect(lab.places.log)) as log, log:
        log.execute("UPDATE event SET body = ? WHERE sequence BETWEEN 2 AND ?", ("{", sequence - 1))
