"""Tables put in force through real files, before workers that are real but for their packets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.control import publication
from gateway.control.errors import AdapterError
from gateway.control.publication import SharedTables
from gateway.exchange import generations
from gateway.exchange.worker_page import WorkerPage
from gateway.nat.table import Mapping, Table, build

TABLE = build(7, 8, [Mapping(0xCB007101, 0x0A000002, 1)])


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WorkerPage]:
    """A live worker that has acknowledged nothing yet."""
    with WorkerPage(tmp_path, 0) as page:
        yield page


def published(directory: Path) -> Table:
    """What a worker that starts now loads."""
    return generations.load(directory)


def test_without_a_live_worker_a_published_table_is_in_force(tmp_path: Path) -> None:
    SharedTables(tmp_path).put_in_force(TABLE)
    assert published(tmp_path) == TABLE


def test_a_worker_that_ended_is_not_waited_for(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0):
        pass
    SharedTables(tmp_path).put_in_force(TABLE)


def test_a_table_is_in_force_when_the_worker_acknowledged_it(
    tmp_path: Path, worker: WorkerPage
) -> None:
    worker.acknowledge(TABLE.generation)
    SharedTables(tmp_path).put_in_force(TABLE)


def test_a_late_worker_is_named_and_the_table_is_published_all_the_same(
    tmp_path: Path, worker: WorkerPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publication, "IN_FORCE_WITHIN_S", 0.01)
    worker.acknowledge(TABLE.generation - 1)
    with pytest.raises(AdapterError) as late:
        SharedTables(tmp_path).put_in_force(TABLE)
    assert str(late.value) == (
        "recorded, but not in force: worker-0 didn't take generation 7 within 0.01 s"
    )
    assert published(tmp_path) == TABLE


def test_a_directory_that_is_gone_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="the mapping table can't be published"):
        SharedTables(tmp_path / "gone").put_in_force(TABLE)


def test_what_is_in_force_is_what_every_live_worker_uses(
    tmp_path: Path, worker: WorkerPage
) -> None:
    tables = SharedTables(tmp_path)
    assert tables.acknowledged() == 0
    generations.publish(tmp_path, TABLE)
    assert tables.acknowledged() == 0
    worker.acknowledge(TABLE.generation)
    assert tables.acknowledged() == TABLE.generation
    with WorkerPage(tmp_path, 1) as late:
        late.acknowledge(TABLE.generation - 1)
        assert tables.acknowledged() == TABLE.generation - 1


def test_without_a_live_worker_what_is_published_is_in_force(tmp_path: Path) -> None:
    generations.publish(tmp_path, TABLE)
    assert SharedTables(tmp_path).acknowledged() == TABLE.generation


def test_workers_that_cant_be_looked_at_are_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="the workers can't be looked at"):
        SharedTables(tmp_path / "gone").acknowledged()
