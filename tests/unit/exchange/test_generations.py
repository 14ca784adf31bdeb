import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Self

import pytest
from support.tables import file_of

from gateway.exchange import generations
from gateway.exchange.generations import generation_word
from gateway.exchange.worker_page import WorkerPage, WorkerStatus, page_path, statuses
from gateway.nat.table import BadTableError, Mapping, Table, build, empty

SLEEP = """
import signal, sys, time
from pathlib import Path
from gateway.exchange import generations
from gateway.exchange.worker_page import WorkerPage
directory = Path(sys.argv[1])
signal.pthread_sigmask(signal.SIG_BLOCK, {generations.WAKE})
page = WorkerPage(directory, int(sys.argv[2]))
word = generations.generation_word(directory)
print("asleep", flush=True)
if signal.sigtimedwait({generations.WAKE}, 30):
    print(word.words[0], generations.load(directory).generation, flush=True)
signal.sigtimedwait(set(), 30)
"""
PUBLISH_ELSEWHERE = """
import sys
from pathlib import Path
from gateway.exchange import generations
from gateway.nat.table import Mapping, build
generations.publish(Path(sys.argv[1]), build(5, 1, [Mapping(1, 2, 0)]))
"""


def table(generation: int) -> Table:
    return build(generation, 4, [Mapping(0xCB007109, 0x0A000002, generation % 4)])


def word(directory: Path) -> int:
    with contextlib.closing(generation_word(directory)) as published:
        return int(published.words[0])


def test_which_generation_was_published_last_can_be_asked(tmp_path: Path) -> None:
    assert generations.published(tmp_path) == 0
    for generation in (3, 9):
        generations.publish(tmp_path, table(generation))
        assert generations.published(tmp_path) == generation


def test_before_a_publication_there_is_the_empty_table_of_generation_0(tmp_path: Path) -> None:
    assert generations.load(tmp_path) == empty()
    assert word(tmp_path) == 0


def test_what_is_published_is_loaded(tmp_path: Path) -> None:
    for generation in (1, 2, 2**64 - 1):
        generations.publish(tmp_path, table(generation))
        assert generations.load(tmp_path) == table(generation)
        assert word(tmp_path) == generation


def test_a_mapped_word_follows_publications_of_another_process(tmp_path: Path) -> None:
    published = generation_word(tmp_path)
    assert published.words[0] == 0
    subprocess.run([sys.executable, "-c", PUBLISH_ELSEWHERE, str(tmp_path)], check=True)
    assert published.words[0] == 5
    published.close()
    assert generations.load(tmp_path) == build(5, 1, [Mapping(1, 2, 0)])


def test_a_word_that_is_mapped_again_keeps_its_value(tmp_path: Path) -> None:
    generations.publish(tmp_path, table(3))
    assert [word(tmp_path), word(tmp_path)] == [3, 3]


def test_a_publication_leaves_nothing_half_written_behind(tmp_path: Path) -> None:
    generations.publish(tmp_path, table(1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["generation", "table.0"]
    generations.publish(tmp_path, table(2))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["generation", "table.0", "table.1"]


def test_a_file_of_an_interrupted_publication_is_not_loaded(tmp_path: Path) -> None:
    generations.publish(tmp_path, table(1))
    (tmp_path / "table.1.new").write_bytes(b"TGWTABLE and then the process was killed")
    assert generations.load(tmp_path) == table(1)
    generations.publish(tmp_path, table(2))
    assert generations.load(tmp_path) == table(2)


def test_a_reader_keeps_the_table_it_opened(tmp_path: Path) -> None:
    generations.publish(tmp_path, table(1))
    with file_of(tmp_path, 1).open("rb") as opened:
        before = opened.read()
        generations.publish(tmp_path, table(2))
        opened.seek(0)
        assert opened.read() == before


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    generations.publish(tmp_path, table(1))
    file_of(tmp_path, 1).write_bytes(b"")
    with pytest.raises(BadTableError):
        generations.load(tmp_path)


@pytest.fixture
def read_late(monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterable[int]], None]:
    """Has the next readers find these generations in the word, one a look."""

    def late(found: Iterable[int]) -> None:
        looks = iter(found)
        monkeypatch.setattr(generations, "published", lambda _: next(looks))

    return late


def test_a_table_that_is_replaced_while_it_is_read_is_read_anew(
    tmp_path: Path, read_late: Callable[[Iterable[int]], None]
) -> None:
    for generation in (1, 2, 3):
        generations.publish(tmp_path, table(generation))
    read_late([1, 3, 3])
    assert generations.load(tmp_path) == table(3)
    read_late([2, 3, 3, 3])
    assert generations.load_last_two(tmp_path) == (table(3), table(2))
    read_late(itertools.count(10))
    with pytest.raises(BadTableError, match="published so often"):
        generations.load(tmp_path)
    read_late(itertools.cycle([3, 4]))
    with pytest.raises(BadTableError, match="published so often"):
        generations.load_last_two(tmp_path)


def test_the_table_before_is_there_until_it_is_replaced_or_damaged(tmp_path: Path) -> None:
    assert generations.load_last_two(tmp_path) == (empty(), None)
    generations.publish(tmp_path, table(1))
    assert generations.load_last_two(tmp_path) == (table(1), None)
    generations.publish(tmp_path, table(2))
    assert generations.load_last_two(tmp_path) == (table(2), table(1))
    file_of(tmp_path, 1).write_bytes(file_of(tmp_path, 1).read_bytes()[:-1])
    assert generations.load_last_two(tmp_path) == (table(2), None)


def test_a_failed_publication_leaves_the_last_one(tmp_path: Path) -> None:
    generations.publish(tmp_path, table(1))
    (tmp_path / "table.1.new").mkdir()
    with pytest.raises(IsADirectoryError):
        generations.publish(tmp_path, table(2))
    assert generations.load(tmp_path) == table(1)
    assert word(tmp_path) == 1


@pytest.fixture
def woken() -> Iterator[list[int]]:
    """The signals that wake a worker, each as it comes: this process is one then."""
    seen: list[int] = []
    before = signal.signal(generations.WAKE, lambda number, _: seen.append(number))
    yield seen
    signal.signal(generations.WAKE, before)


class Sleeper:
    """A worker of another process, which sleeps until it is woken, and then says what it sees."""

    def __init__(self, directory: Path, worker: int) -> None:
        command = [sys.executable, "-c", SLEEP, str(directory), str(worker)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.says() == "asleep"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def says(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


def test_publishing_wakes_every_worker(tmp_path: Path, woken: list[int]) -> None:
    with Sleeper(tmp_path, 0) as first, Sleeper(tmp_path, 12) as second, WorkerPage(tmp_path, 3):
        generations.publish(tmp_path, table(1))
        assert [first.says(), second.says(), woken] == ["1 1", "1 1", [generations.WAKE]]


def test_the_table_and_its_generation_are_there_when_a_worker_wakes(tmp_path: Path) -> None:
    with Sleeper(tmp_path, 0) as sleeper:
        subprocess.run([sys.executable, "-c", PUBLISH_ELSEWHERE, str(tmp_path)], check=True)
        assert sleeper.says() == "5 5"


@pytest.mark.parametrize("kind", ["ended", "no-page", "killed", "gone"])
def test_a_worker_that_cannot_be_woken_does_not_stop_a_publication(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sleeper(tmp_path, 1) as live:
        if kind == "ended":
            WorkerPage(tmp_path, 0).__exit__()
        elif kind == "no-page":
            page_path(tmp_path, 0).write_bytes(b"no page")
        elif kind == "killed":
            with Sleeper(tmp_path, 0):
                pass
        else:
            ended_between(monkeypatch)
        generations.publish(tmp_path, table(1))
        assert live.says() == "1 1"
    assert word(tmp_path) == 1


def ended_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker ends after it was seen to live, and before it is woken."""
    with subprocess.Popen(["true"]) as ended:
        pass
    gone = WorkerStatus("worker-0", True, ended.pid, 0)
    monkeypatch.setattr(generations, "statuses", lambda directory: [gone, *statuses(directory)])


def test_who_has_no_live_page_is_not_woken(tmp_path: Path, woken: list[int]) -> None:
    """Its process id may be a stranger's by now: here it is our own."""
    with WorkerPage(tmp_path, 0):
        pass
    generations.publish(tmp_path, table(1))
    assert woken == []


def test_to_be_woken_does_no_harm_to_who_is_no_worker(tmp_path: Path) -> None:
    """A process id may come to be a stranger's between the look at the page and the signal."""
    with subprocess.Popen(["sleep", "60"]) as stranger:
        os.kill(stranger.pid, generations.WAKE)
        with pytest.raises(subprocess.TimeoutExpired):
            stranger.wait(timeout=0.2)
        stranger.kill()


def test_who_waits_wakes_them_again_and_again(tmp_path: Path, woken: list[int]) -> None:
    """A signal that comes just before a worker falls asleep is lost on it."""
    with WorkerPage(tmp_path, 0) as page:
        looks = itertools.count()

        def clock() -> float:
            step = next(looks)
            if step == 5:
                page.acknowledge(7)
            return float(step)

        assert generations.wait_in_force(tmp_path, 7, within_s=100, clock=clock) == []
        assert woken == [generations.WAKE] * 4


def test_the_late_ones_are_the_live_workers_at_another_generation(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 9) as ended:
        ended.acknowledge(1)
    page_path(tmp_path, 8).touch()  # of a worker that never came so far
    with contextlib.ExitStack() as living:
        for number, generation in ((0, 7), (1, 6), (2, 8)):
            living.enter_context(WorkerPage(tmp_path, number)).acknowledge(generation)
        assert generations.laggards(tmp_path, 7) == ["worker-1", "worker-2"]
    assert generations.laggards(tmp_path, 7) == []


def test_without_workers_a_generation_is_in_force_at_once(tmp_path: Path) -> None:
    assert generations.wait_in_force(tmp_path, 7, within_s=0) == []


def test_waiting_ends_when_the_last_worker_acknowledges(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0) as first, WorkerPage(tmp_path, 1) as second:
        looks = itertools.count()

        def clock() -> float:
            # Each look at the clock is a step of the story: the workers answer one after the other.
            step = next(looks)
            if step == 2:
                first.acknowledge(7)
            if step == 4:
                second.acknowledge(7)
            return float(step)

        assert generations.wait_in_force(tmp_path, 7, within_s=100, clock=clock) == []
        assert next(looks) == 5


def test_waiting_is_bounded_and_says_who_is_late(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0) as first, WorkerPage(tmp_path, 1):
        first.acknowledge(7)
        clock = itertools.count(100.0).__next__
        assert generations.wait_in_force(tmp_path, 7, within_s=3, clock=clock) == ["worker-1"]
        assert clock() == 104.0


def test_waiting_ends_when_the_late_worker_ends(tmp_path: Path) -> None:
    living = contextlib.ExitStack()
    living.enter_context(WorkerPage(tmp_path, 0))
    looks = itertools.count()

    def clock() -> float:
        step = next(looks)
        if step == 2:
            living.close()
        return float(step)

    assert generations.wait_in_force(tmp_path, 7, within_s=100, clock=clock) == []


def test_a_generation_is_acknowledged_by_all_live_workers_or_there_are_none(
    tmp_path: Path,
) -> None:
    generations.publish(tmp_path, build(9, 4, []))
    assert generations.acknowledged(tmp_path) == 9
    with WorkerPage(tmp_path, 0) as one, WorkerPage(tmp_path, 1) as two:
        one.acknowledge(9)
        two.acknowledge(8)
        assert generations.acknowledged(tmp_path) == 8
