"""The process that makes snapshots, and when it is started."""

import logging
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.labs import eventually
from support.world import World

from gateway.app import snapshots
from gateway.runtime.threads import running
from gateway.store.snapshots import SnapshotFile

WITHIN_S = 60  # it is nice, and the machine may be busy


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    world.snapshots = SnapshotFile(tmp_path / "snapshot")
    yield world
    world.close()


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "EVERY", 5)
    monkeypatch.setattr(snapshots, "LOOK_EVERY_S", 0.05)


@contextmanager
def making(world: World, directory: Path) -> Iterator[None]:
    """Snapshots are made while the block runs."""
    job = snapshots.job(world.control, directory / "log", directory / "snapshot")
    with running([job], lambda: pytest.fail("the thread is dead")):
        yield


def test_a_snapshot_is_made_when_enough_is_in_force(world: World, tmp_path: Path) -> None:
    with making(world, tmp_path):
        for _ in range(5):
            world.run()
        eventually(lambda: world.snapshots.load() is not None, within_s=WITHIN_S)
    kept = world.snapshots.load()
    assert kept is not None
    assert kept.sequence >= 5
    world.restart()
    assert world.control.restored_from == kept.sequence
    world.assert_settled()


def test_none_is_made_before(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "EVERY", 1_000)
    with making(world, tmp_path):
        world.run()
    assert world.snapshots.load() is None


def test_a_failure_is_one_line_and_the_next_attempt_waits_for_more_events(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "snapshot").mkdir()
    with (
        caplog.at_level(logging.ERROR),
        making(world, tmp_path),
    ):
        for _ in range(3):
            world.run()
        eventually(lambda: caplog.records, within_s=WITHIN_S)
    (said,) = {record.getMessage() for record in caplog.records}
    assert said.startswith("no snapshot of event ")
    assert "directory" in said
    assert "\n" not in said


def test_one_that_hangs_is_ended(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "WITHIN_S", 0.2)
    monkeypatch.setattr(snapshots, "_command", lambda *_: ["/bin/sleep", "1000"])
    with (
        caplog.at_level(logging.ERROR),
        making(world, tmp_path),
    ):
        for _ in range(3):
            world.run()
        eventually(lambda: caplog.records, within_s=WITHIN_S)
    assert "not done within 0.2 s" in caplog.text


def test_it_ends_with_control(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "_command", lambda *_: ["/bin/sleep", "1000"])
    children: list[int] = []
    started = subprocess.Popen

    def start(*arguments: object, **options: object) -> object:
        process = started(*arguments, **options)  # type: ignore[call-overload]
        children.append(process.pid)
        return process

    monkeypatch.setattr(subprocess, "Popen", start)
    with making(world, tmp_path):
        for _ in range(3):
            world.run()
        eventually(lambda: children, within_s=WITHIN_S)
    assert not Path(f"/proc/{children[0]}").exists()
