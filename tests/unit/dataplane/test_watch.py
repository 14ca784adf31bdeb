"""Workers that live and don't go on: they are real processes, and really stopped."""

import logging
import os
import signal
import time
from pathlib import Path

import pytest
from support.forks import Work, living, silent, steady, supervising
from support.labs import eventually

from gateway.dataplane import watch, workers
from gateway.dataplane.record import Settings
from gateway.dataplane.watch import Watch
from gateway.exchange.worker_page import WorkerPage, heartbeat
from gateway.nat.tally import Tally

TWO = Settings(queues=2)


def all_beat(place: Path) -> bool:
    return len(living(place)) == 2 and all(heartbeat(place, number) for number in living(place))


def caught(directory: Path, engine: str, number: int) -> None:
    """Be a worker that goes round once, and then is in a loop for ever."""
    with WorkerPage(directory, number) as page:
        for _ in range(20):
            Tally(page.memory).beat(time.monotonic_ns())
            time.sleep(0.02)
        while True:
            pass


@pytest.mark.parametrize("work", [steady, caught], ids=["stopped", "caught-in-a-loop"])
def test_a_worker_that_makes_no_heartbeat_is_replaced(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, work: Work
) -> None:
    monkeypatch.setattr(watch, "SILENT_MAX_S", 0.5)
    me = os.getpid()

    def act(directory: Path, engine: str, number: int) -> None:
        if number == 1 and not (directory / "first").exists():
            (directory / "first").touch()
            work(directory, engine, number)
        if number == 1:
            os.kill(me, signal.SIGTERM)  # the second one of that number: enough seen
        steady(directory, engine, number)

    with supervising(place, act) as (found, _):
        found.take_over(TWO, lambda _: None)
        eventually(lambda: all_beat(place))
        before = living(place)
        if work is steady:
            os.kill(before[1], signal.SIGSTOP)
        found.watch()
        assert living(place)[0] == before[0]
        lines = [line.getMessage() for line in caplog.records if line.levelno >= logging.ERROR]
        found.end()
    assert lines[0].startswith(f"worker 1, process {before[1]}, makes no heartbeat for ")
    assert lines[1] == f"worker 1, process {before[1]}, was killed by signal 9; started again"
    assert len(lines) == 2


def stuck_numbers(found: Watch, there: list[workers.Process], looks: int) -> list[int]:
    stuck = []
    for _ in range(looks):
        stuck += [worker.number for worker, _ in found.stuck(there)]
        time.sleep(0.02)
    return stuck


def test_one_that_is_stuck_again_gets_more_time(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SILENT_MAX_S", 0.1)
    monkeypatch.setattr(watch, "SILENT_AGAIN_MAX_S", 0.2)
    with supervising(place, steady) as (found, _):
        found.take_over(TWO, lambda _: None)
        eventually(lambda: all_beat(place))
    there = workers.adopt(place)
    seen, silences = Watch(place), list[float]()
    list(seen.stuck(there))
    for pid in living(place).values():
        os.kill(pid, signal.SIGSTOP)
    while len(silences) < 6:
        silences += [round(seconds, 1) for _, seconds in seen.stuck(there)]
        time.sleep(0.01)
    assert [seconds >= 0.1 for seconds in silences] == [True] * 6
    assert [seconds >= 0.2 for seconds in silences] == [False] * 2 + [True] * 4


def test_one_without_a_first_heartbeat_has_the_time_of_a_start(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SILENT_MAX_S", 0.01)
    there = [workers.start(0, {0}, lambda number: silent(place, "late", number))]
    found = Watch(place)
    eventually(lambda: living(place))
    assert stuck_numbers(found, there, 20) == []
    monkeypatch.setattr(watch, "START_MAX_S", 0.01)
    assert 0 in stuck_numbers(found, there, 10)
    workers.end(there)


def test_an_adopted_one_of_a_version_without_heartbeats_is_let_alone(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SILENT_MAX_S", 0.01)
    monkeypatch.setattr(watch, "START_MAX_S", 0.01)
    there = [workers.start(0, {0}, lambda number: silent(place, "early", number))]
    eventually(lambda: living(place))
    assert stuck_numbers(Watch(place), workers.adopt(place), 20) == []
    workers.end(there)
