"""Tables put in force through real files, before workers that are real but for their packets."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.kernel_maps import needs_kernel, pinned
from support.story import Story

from gateway.control import workers_table
from gateway.control.compile import compile_table
from gateway.control.errors import AdapterError
from gateway.control.state import State
from gateway.control.workers_table import WorkersTable
from gateway.exchange import generations, pins
from gateway.exchange.worker_page import WorkerPage
from gateway.nat.table import BadTableError, Table


def state() -> State:
    """A lab with one running instance."""
    story = Story()
    story.run()
    return story.state


STATE = state()
TABLE = compile_table(STATE)


def put_in_force(directory: Path) -> None:
    """Publish the state's table."""
    publisher = WorkersTable(directory)
    publisher.take_in(STATE)
    publisher.put_in_force(STATE.sequence)


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WorkerPage]:
    """A live worker that has acknowledged nothing yet."""
    with WorkerPage(tmp_path, 0) as page:
        yield page


def published(directory: Path) -> Table:
    """What a worker that starts now loads."""
    return generations.load(directory)


def test_without_a_live_worker_a_published_table_is_in_force(tmp_path: Path) -> None:
    put_in_force(tmp_path)
    assert published(tmp_path) == TABLE


def test_a_worker_that_ended_is_not_waited_for(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0):
        pass
    put_in_force(tmp_path)


def test_a_table_is_in_force_when_the_worker_acknowledged_it(
    tmp_path: Path, worker: WorkerPage
) -> None:
    worker.acknowledge(TABLE.generation)
    put_in_force(tmp_path)


def test_a_late_worker_is_named_and_the_table_is_published_all_the_same(
    tmp_path: Path, worker: WorkerPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers_table, "IN_FORCE_WITHIN_S", 0.01)
    worker.acknowledge(TABLE.generation - 1)
    with pytest.raises(AdapterError) as late:
        put_in_force(tmp_path)
    assert str(late.value) == (
        "recorded, but not in force: "
        f"worker-0 didn't take generation {STATE.sequence} within 0.01 s"
    )
    assert published(tmp_path) == TABLE


def test_a_directory_that_is_gone_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="the mapping table can't be published"):
        put_in_force(tmp_path / "gone")


def test_what_is_in_force_is_what_every_live_worker_uses(
    tmp_path: Path, worker: WorkerPage
) -> None:
    workers = WorkersTable(tmp_path)
    assert workers.acknowledged() == 0
    generations.publish(tmp_path, TABLE)
    assert workers.acknowledged() == 0
    worker.acknowledge(TABLE.generation)
    assert workers.acknowledged() == TABLE.generation
    with WorkerPage(tmp_path, 1) as late:
        late.acknowledge(TABLE.generation - 1)
        assert workers.acknowledged() == TABLE.generation - 1


def test_without_a_live_worker_what_is_published_is_in_force(tmp_path: Path) -> None:
    generations.publish(tmp_path, TABLE)
    assert WorkersTable(tmp_path).acknowledged() == TABLE.generation


def test_workers_that_cant_be_looked_at_are_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="the workers can't be looked at"):
        WorkersTable(tmp_path / "gone").acknowledged()


@pytest.mark.parametrize("damage", ["bits", "removed", "shorter", "word"])
def test_a_table_that_is_put_in_force_again_is_written_again_if_it_is_damaged(
    tmp_path: Path, damage: str
) -> None:
    publisher = WorkersTable(tmp_path)
    publisher.take_in(STATE)
    publisher.put_in_force(STATE.sequence)
    (file,) = tmp_path.glob("table.*")
    before = file.stat().st_ino
    publisher.take_in(STATE)
    publisher.put_in_force(STATE.sequence)
    assert file.stat().st_ino == before, "it was well"
    match damage:
        case "bits":
            raw = bytearray(file.read_bytes())
            raw[-100] ^= 1
            with file.open("r+b") as opened:
                opened.write(raw)
        case "removed":
            file.unlink()
        case "shorter":
            os.truncate(file, 100)
        case "word":
            (tmp_path / generations.GENERATION).write_bytes(b"\xff" * 8)
    with pytest.raises(BadTableError):
        generations.check(tmp_path)
    publisher.take_in(STATE)
    publisher.put_in_force(STATE.sequence)
    generations.check(tmp_path)
    assert published(tmp_path) == TABLE


def test_a_worker_that_refuses_the_table_hasnt_acknowledged_it(
    tmp_path: Path, worker: WorkerPage
) -> None:
    worker.acknowledge(TABLE.generation)
    put_in_force(tmp_path)
    assert WorkersTable(tmp_path).acknowledged() == TABLE.generation
    worker.acknowledge(0)
    assert WorkersTable(tmp_path).acknowledged() == 0


@needs_kernel
def test_what_the_fast_path_has_is_acknowledged_and_no_more(
    tmp_path: Path, worker: WorkerPage
) -> None:
    worker.acknowledge(TABLE.generation)
    publisher = WorkersTable(tmp_path)
    publisher.take_in(STATE)
    with pinned(tmp_path):
        publisher.put_in_force(STATE.sequence)
        assert publisher.acknowledged() == TABLE.generation
        pins.memory(tmp_path, pins.WORD).cast("Q")[0] = TABLE.generation - 1
        assert publisher.acknowledged() == TABLE.generation - 1
    with pytest.raises(AdapterError, match="fastpath"):  # the maps are lost
        publisher.acknowledged()
