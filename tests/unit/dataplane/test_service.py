import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from support.forks import hire, living, steady

from gateway.dataplane import engines, record, service
from gateway.dataplane.engines import Engine, EngineError
from gateway.dataplane.service import Settings
from gateway.dataplane.supervisor import StartError
from gateway.engine import rules
from gateway.engine.worker import Worker
from gateway.exchange.worker_page import WorkerPage, WorkerRunningError


@pytest.fixture
def place(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(
        service, "crew", lambda directory, settings, bits: hire(directory, steady, settings)
    )
    return place


def test_it_goes_on_without_us_if_it_is_to_begin_anew_and_ends_if_it_is_to_end(place: Path) -> None:
    pointed = []

    def point(queues: range) -> None:
        pointed.append(queues)
        os.kill(os.getpid(), signal.SIGHUP if len(pointed) == 1 else signal.SIGTERM)

    assert service.run(place, Settings(queues=2), point) is True
    assert set(living(place)) == {0, 1}
    assert service.run(place, Settings(queues=1), point) is False
    assert living(place) == {}
    assert pointed == [range(2), range(2, 3)]
    assert record.load(place).settings == Settings(queues=1)


def engine(name: str = "some", queues_max: int = 64) -> Engine:
    return Engine(name, rules.INTERPRETED, never_bound, queues_max)


def never_bound(_worker: Worker, _number: int) -> AbstractContextManager[Callable[[], None]]:
    pytest.fail("bound")


def test_a_second_worker_of_a_number_is_refused(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 3):
        with pytest.raises(WorkerRunningError):
            service.work(tmp_path, engine(), 3)
        assert [path.name for path in tmp_path.iterdir()] == ["worker-3.page"]


@pytest.mark.parametrize(
    ("asked", "most", "served"),
    [(3, 64, 3), (64, 64, 64), (0, 64, 4), (0, 1, 1), (4, 1, 1)],
)
def test_there_is_a_queue_for_two_cores_or_as_asked_for_or_as_the_engine_can(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    asked: int,
    most: int,
    served: int,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(9)))
    monkeypatch.setattr(engines, "choose", lambda name: engine(name, most))
    assert service.crew(tmp_path, Settings("slow", asked)).queues == served
    told = ["4 queues asked for, the engine slow serves 1"] if asked > most else []
    assert [line.getMessage() for line in caplog.records] == told


@pytest.mark.parametrize(("processors", "queues"), [(1, 1), (2, 1), (3, 1), (4, 2), (64, 32)])
def test_half_of_the_processors_are_left_to_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processors: int, queues: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
    monkeypatch.setattr(engines, "choose", engine)
    assert service.crew(tmp_path, Settings()).queues == queues


def test_a_worker_goes_on_where_it_may_not_go_first(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    service.go_first()
    assert "CAP_SYS_NICE" in caplog.text


def test_an_engine_that_cannot_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_name: str) -> Engine:
        raise EngineError("no compiled rules")

    monkeypatch.setattr(engines, "choose", refuse)
    with pytest.raises(StartError, match=r"^no compiled rules$"):
        service.crew(tmp_path, Settings("batch", 1))
