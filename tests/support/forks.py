"""Workers for tests of their supervisor: real processes with real pages, and no kernel's queue."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from gateway.dataplane import supervisor, workers
from gateway.dataplane.queues import Queue
from gateway.dataplane.record import Settings
from gateway.dataplane.signals import Signals
from gateway.dataplane.supervisor import Crew, StartError, Supervisor
from gateway.exchange import generations
from gateway.exchange.worker_page import WorkerPage, statuses
from gateway.nat.tally import Tally

Work = Callable[[Path, str, int], object]


def steady(directory: Path, engine: str, number: int) -> None:
    """Be a worker that has the newest table and whose loop goes round, until it is ended."""
    with WorkerPage(directory, number) as page:
        with closing(generations.generation_word(directory)) as word:
            page.acknowledge(word.words[0])
        (directory / f"begun-{engine}-{number}").touch()
        tally = Tally(page.memory)
        while True:
            tally.beat(time.monotonic_ns())
            time.sleep(0.02)


def silent(directory: Path, _engine: str, number: int) -> None:
    """Be a worker that makes no heartbeat, until it is ended."""
    with WorkerPage(directory, number):
        while True:
            time.sleep(60)


def living(directory: Path) -> dict[int, int]:
    """The process ids of the workers that live, by number."""
    found = (status for status in statuses(directory) if status.alive)
    return {int(status.worker.removeprefix("worker-")): status.pid for status in found}


def fake_queues(directory: Path, monkeypatch: pytest.MonkeyPatch) -> dict[int, list[int]]:
    """Let each live worker's queue be bound. How many packets wait there when it is looked at next
    is taken from the lists given back; none wait in others.
    """
    waiting: dict[int, list[int]] = {}

    def queues() -> list[Queue]:
        return [
            Queue(number, waiting[number].pop(0) if waiting.get(number) else 0, 0, 0)
            for number in living(directory)
        ]

    monkeypatch.setattr(supervisor, "queues", queues)
    return waiting


@contextmanager
def supervising(directory: Path, work: Work = steady) -> Iterator[tuple[Supervisor, Signals]]:
    """A supervisor in this process."""
    with Signals() as signals:
        yield Supervisor(directory, partial(hire, directory, work), signals), signals


def hire(directory: Path, work: Work, settings: Settings) -> Crew:
    """As many workers as there are to be queues, two unless told otherwise."""
    if settings.engine == "none":
        raise StartError("there is no such engine")
    return Crew(settings.queues or 2, partial(work, directory, settings.engine))


def end_all(directory: Path) -> None:
    """No worker is left, and no process of one."""
    for pid in living(directory).values():
        os.kill(pid, signal.SIGKILL)
    workers.end(workers.adopt(directory))
    assert living(directory) == {}
