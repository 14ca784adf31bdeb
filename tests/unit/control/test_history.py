"""What control begins with: a snapshot and the rest, or the whole log if anything is wrong."""

import gc
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.memory_store import MemorySnapshots, MemoryStore
from support.snapshot import replayed, snapshot
from support.story import HOURLY
from support.world import CONFIG, World

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control import history
from gateway.control.errors import AdapterError
from gateway.control.state.image import image_of, state_of
from gateway.store.records import Record
from gateway.store.snapshots import Snapshot, SnapshotFile, history_of


@pytest.fixture
def world() -> World:
    """A lab with a past: instances, EIPs, tags, a package, blocked addresses, tokens."""
    world = World()
    one, other = world.run(), world.run()
    eip = world.allocate()
    world.control.submit(cmd.BindEip(eip, one))
    world.control.submit(cmd.AllocateEip("more", 5, HOURLY, client_token="token"))
    world.control.submit(cmd.ReleaseEip(world.allocate()))
    world.control.submit(cmd.StopInstance(other))
    with world.control.state() as state:
        address = state.eips[eip].address
    world.control.submit(cmd.BlockAddress(address, 60))
    return world


def restart(world: World, caplog: pytest.LogCaptureFixture) -> tuple[int, list[str]]:
    """Restart control; the event of the snapshot that it used, and what it said."""
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        world.restart()
    with world.control.state() as state:
        assert snapshot(state) == snapshot(replayed(world._store))
    world.assert_table_is_the_states()
    return world.control.restored_from, [record.getMessage() for record in caplog.records]


def test_without_a_snapshot_the_whole_log_is_read_without_a_word(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    assert restart(world, caplog) == (0, [])


def test_only_what_came_after_the_snapshot_is_replayed(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.save_snapshot()
    made_at = len(world.records())
    world.run()
    taken_in: list[int] = []
    take_in = history.take_in

    def count(record: Record, *rest: object) -> None:
        taken_in.append(record.sequence)
        take_in(record, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(history, "take_in", count)
    assert restart(world, caplog) == (made_at, [])
    assert taken_in == list(range(made_at + 1, len(world.records()) + 1))


def test_a_snapshot_is_made_of_the_one_before(world: World) -> None:
    world.save_snapshot()
    first = world.snapshots.load()
    world.save_snapshot()
    assert world.snapshots.load() is first  # nothing has happened since
    world.run()
    world.save_snapshot()
    latest = world.snapshots.load()
    assert latest is not None
    assert latest.sequence == len(world.records())
    world.assert_replay_equals_live()


def test_only_what_is_in_force_is_kept(world: World, caplog: pytest.LogCaptureFixture) -> None:
    in_force = world.control.progress.in_force
    world.faults.break_("put_in_force")
    world.control.submit(cmd.AllocateEip("late", 5, HOURLY))
    world.save_snapshot()
    kept = world.snapshots.load()
    assert kept is not None
    assert kept.sequence == in_force < len(world.records())
    world.assert_replay_equals_live()
    world.faults.mend()
    assert restart(world, caplog) == (in_force, [])


def test_an_empty_log_has_no_snapshot() -> None:
    snapshots = MemorySnapshots()
    history.save(MemoryStore(), snapshots, 5)
    assert snapshots.load() is None


def of_another_version(world: World, kept: Snapshot) -> Snapshot:
    return replace(kept, version="another")


def of_another_log(world: World, kept: Snapshot) -> Snapshot:
    return replace(kept, history="another")


def newer_than_the_log(world: World, kept: Snapshot) -> Snapshot:
    """As after a restore of an older copy of the log."""
    return replace(kept, sequence=kept.sequence + 1)


def of_no_json(world: World, kept: Snapshot) -> Snapshot:
    return replace(kept, body="{")


def of_another_structure(world: World, kept: Snapshot) -> Snapshot:
    return replace(kept, body="[[1],{},{}]")


def deep(world: World, kept: Snapshot) -> Snapshot:
    return replace(kept, body="[" * 100_000)


def of_another_event(world: World, kept: Snapshot) -> Snapshot:
    """It says so of itself: a digest can be computed by everybody."""
    first, second = world.records()[:2]
    return replace(kept, sequence=2, history=history_of(first, second))


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (of_another_version, "another version of tgw wrote it"),
        (of_another_log, "another log"),
        (newer_than_the_log, "another log, or of events that are lost"),
        (of_no_json, "it is damaged"),
        (of_another_structure, "it is damaged"),
        (deep, "it is damaged"),
        (of_another_event, "it is damaged"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_snapshot_that_does_not_fit_is_refused_with_one_line(
    world: World,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[World, Snapshot], Snapshot],
    word: str,
) -> None:
    world.save_snapshot()
    kept = world.snapshots.load()
    assert kept is not None
    world.snapshots.save(spoil(world, kept))
    used, (said,) = restart(world, caplog)
    assert used == 0
    assert "the whole log is read" in said
    assert word in said
    assert "\n" not in said
    world.save_snapshot()  # another one takes its place
    assert restart(world, caplog) == (len(world.records()), [])


def test_a_body_of_addresses_that_are_no_networks_is_refused(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.save_snapshot()
    kept = world.snapshots.load()
    assert kept is not None
    with world.control.state() as state:
        address = next(iter(state.in_use))
    assert address in kept.body
    world.snapshots.save(replace(kept, body=kept.body.replace(address, "192.0.2.77")))
    used, (said,) = restart(world, caplog)
    assert used == 0
    assert "it is damaged" in said


def test_a_damaged_file_is_refused_with_one_line(
    world: World, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    path = tmp_path / "snapshot"
    world.snapshots = SnapshotFile(path)
    world.save_snapshot()
    path.write_bytes(path.read_bytes()[:-1])
    used, (said,) = restart(world, caplog)
    assert used == 0
    assert f"{path} is damaged" in said


def test_with_an_older_table_at_work_the_whole_log_is_read(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """What was given back since then may still be in it."""
    older = world.control.progress.in_force
    world.run()
    world.save_snapshot()
    with caplog.at_level(logging.WARNING):
        state, progress = history.load(world._store, world.snapshots, older)
    (record,) = caplog.records
    assert f"{older} is in force" in record.getMessage()
    assert (state.sequence, progress.in_force) == (0, older)


def test_with_no_table_at_work_the_snapshot_is_good(world: World) -> None:
    """The machine was started again: no worker has any address."""
    world.save_snapshot()
    state, progress = history.load(world._store, world.snapshots, 0)
    assert state.sequence == len(world.records())
    assert progress.in_force == 0


def test_a_failed_launch_and_a_passing_state_are_kept(world: World) -> None:
    world.faults.break_("connect")
    failed = world.control.submit(cmd.RunInstance("broken", 10, HOURLY)).number
    world.faults.mend()
    world.save_snapshot()
    world.restart()
    assert world.control.result(failed).value == "FAILED"


def test_a_log_that_cannot_be_read_is_an_error(world: World) -> None:
    world.save_snapshot()
    world.faults.break_("read")
    with pytest.raises(AdapterError, match="read failed"):
        world.control.restore(CONFIG)


def test_an_event_that_does_not_follow_the_snapshot_is_refused(world: World) -> None:
    world.save_snapshot()
    last = len(world.records())
    world.write(ev.to_record(ev.InstanceGone("ins-nowhere"), last + 1, world.now))
    with pytest.raises(AdapterError, match=rf"event {last + 1} \(InstanceGone\) doesn't follow"):
        world.restart()


def test_a_snapshot_says_nothing_that_the_log_does_not(world: World) -> None:
    """Its text is JSON, of the state and its progress; the same state gives the same text."""
    world.save_snapshot()
    kept = world.snapshots.load()
    assert kept is not None
    state, began, failed = json.loads(kept.body)
    assert state[0] == kept.sequence
    assert (began, failed) == ({}, {})
    again = MemorySnapshots()
    history.save(world._store, again, kept.sequence)
    assert again.load() == kept


def test_the_image_stays_while_the_state_changes(world: World) -> None:
    with world.control.state() as state:
        image, before = image_of(state), snapshot(state)
    world.run()
    assert snapshot(state_of(image)) == before


def test_who_collects_no_garbage_does_not_after_a_start_either(world: World) -> None:
    world.save_snapshot()
    gc.disable()
    try:
        world.restart()
        assert not gc.isenabled()
    finally:
        gc.enable()
    world.restart()
    assert gc.isenabled()
