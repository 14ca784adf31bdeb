import contextlib
import itertools
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.nat import exchange
from gateway.nat.exchange import GenerationWord
from gateway.nat.table import BadTableError, Mapping, Table, build, empty
from gateway.nat.worker_page import WorkerPage, page_path

PUBLISH_ELSEWHERE = """
import sys
from pathlib import Path
from gateway.nat import exchange
from gateway.nat.table import Mapping, build
exchange.publish(Path(sys.argv[1]), build(5, 1, [Mapping(1, 2, 0)]))
"""


def table(generation: int) -> Table:
    return build(generation, 4, [Mapping(0xCB007109, 0x0A000002, generation % 4)])


def word(directory: Path) -> int:
    published = GenerationWord(directory)
    try:
        return published.get()
    finally:
        published.close()


def test_before_a_publication_there_is_the_empty_table_of_generation_0(tmp_path: Path) -> None:
    assert exchange.load(tmp_path) == empty()
    assert word(tmp_path) == 0


def test_what_is_published_is_loaded(tmp_path: Path) -> None:
    for generation in (1, 2, 2**64 - 1):
        exchange.publish(tmp_path, table(generation))
        assert exchange.load(tmp_path) == table(generation)
        assert word(tmp_path) == generation


def test_a_mapped_word_follows_publications_of_another_process(tmp_path: Path) -> None:
    published = GenerationWord(tmp_path)
    assert published.get() == 0
    subprocess.run([sys.executable, "-c", PUBLISH_ELSEWHERE, str(tmp_path)], check=True)
    assert published.get() == 5
    published.close()
    assert exchange.load(tmp_path) == build(5, 1, [Mapping(1, 2, 0)])


def test_a_word_that_is_mapped_again_keeps_its_value(tmp_path: Path) -> None:
    exchange.publish(tmp_path, table(3))
    assert [word(tmp_path), word(tmp_path)] == [3, 3]


def test_a_publication_leaves_nothing_half_written_behind(tmp_path: Path) -> None:
    exchange.publish(tmp_path, table(1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["generation", "table"]


def test_a_file_of_an_interrupted_publication_is_not_loaded(tmp_path: Path) -> None:
    exchange.publish(tmp_path, table(1))
    (tmp_path / "table.new").write_bytes(b"TGWTABLE and then the process was killed")
    assert exchange.load(tmp_path) == table(1)
    exchange.publish(tmp_path, table(2))
    assert exchange.load(tmp_path) == table(2)


def test_a_reader_keeps_the_table_it_opened(tmp_path: Path) -> None:
    exchange.publish(tmp_path, table(1))
    with (tmp_path / "table").open("rb") as opened:
        before = opened.read()
        exchange.publish(tmp_path, table(2))
        opened.seek(0)
        assert opened.read() == before


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    exchange.publish(tmp_path, table(1))
    (tmp_path / "table").write_bytes(b"")
    with pytest.raises(BadTableError):
        exchange.load(tmp_path)


def test_a_failed_publication_leaves_the_last_one(tmp_path: Path) -> None:
    exchange.publish(tmp_path, table(1))
    (tmp_path / "table.new").mkdir()
    with pytest.raises(IsADirectoryError):
        exchange.publish(tmp_path, table(2))
    assert exchange.load(tmp_path) == table(1)
    assert word(tmp_path) == 1


def test_publishing_wakes_every_worker(tmp_path: Path) -> None:
    with exchange.wake_socket(tmp_path, 0) as first, exchange.wake_socket(tmp_path, 12) as second:
        for woken in (first, second):
            with pytest.raises(BlockingIOError):
                woken.recv(16)
        exchange.publish(tmp_path, table(1))
        assert [first.recv(16), second.recv(16)] == [b"\0", b"\0"]


def test_the_table_and_its_generation_are_there_when_a_worker_wakes(tmp_path: Path) -> None:
    with exchange.wake_socket(tmp_path, 0) as woken:
        woken.settimeout(10)
        with subprocess.Popen([sys.executable, "-c", PUBLISH_ELSEWHERE, str(tmp_path)]):
            woken.recv(16)
            assert word(tmp_path) == 5
            assert exchange.load(tmp_path).generation == 5


@pytest.mark.parametrize("kind", ["closed", "a-file", "full"])
def test_a_worker_that_cannot_be_woken_does_not_stop_a_publication(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "worker-0.wake"
    with exchange.wake_socket(tmp_path, 0) as dead, exchange.wake_socket(tmp_path, 1) as live:
        if kind == "closed":
            dead.close()
        elif kind == "a-file":
            path.unlink()
            path.touch()
        else:
            fill(path)
        exchange.publish(tmp_path, table(1))
        assert live.recv(16) == b"\0"
    assert word(tmp_path) == 1


def fill(path: Path) -> None:
    """Send until nothing more fits: the kernel bounds a socket's queue."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as waker:
        for _ in range(100_000):
            try:
                waker.sendto(b"\0", str(path))
            except BlockingIOError:
                return
    raise AssertionError("the queue of a socket is bounded")


def test_a_worker_that_starts_again_replaces_its_stale_socket(tmp_path: Path) -> None:
    exchange.wake_socket(tmp_path, 0).close()
    with exchange.wake_socket(tmp_path, 0) as woken:
        exchange.publish(tmp_path, table(1))
        assert woken.recv(16) == b"\0"


def test_the_late_ones_are_the_live_workers_at_another_generation(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 9) as ended:
        ended.acknowledge(1)
    page_path(tmp_path, 8).touch()  # of a worker that never came so far
    with contextlib.ExitStack() as living:
        for number, generation in ((0, 7), (1, 6), (2, 8)):
            living.enter_context(WorkerPage(tmp_path, number)).acknowledge(generation)
        assert exchange.laggards(tmp_path, 7) == ["worker-1", "worker-2"]
    assert exchange.laggards(tmp_path, 7) == []


def test_without_workers_a_generation_is_in_force_at_once(tmp_path: Path) -> None:
    assert exchange.wait_in_force(tmp_path, 7, within_s=0) == []


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

        assert exchange.wait_in_force(tmp_path, 7, within_s=100, clock=clock) == []
        assert next(looks) == 5


def test_waiting_is_bounded_and_says_who_is_late(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0) as first, WorkerPage(tmp_path, 1):
        first.acknowledge(7)
        clock = itertools.count(100.0).__next__
        assert exchange.wait_in_force(tmp_path, 7, within_s=3, clock=clock) == ["worker-1"]
        assert clock() == 105.0


def test_waiting_ends_when_the_late_worker_ends(tmp_path: Path) -> None:
    living = contextlib.ExitStack()
    living.enter_context(WorkerPage(tmp_path, 0))
    looks = itertools.count()

    def clock() -> float:
        step = next(looks)
        if step == 2:
            living.close()
        return float(step)

    assert exchange.wait_in_force(tmp_path, 7, within_s=100, clock=clock) == []


def test_a_path_too_long_for_a_socket_is_an_error_that_leaves_none_open(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    with pytest.raises(OSError, match="too long"):
        exchange.wake_socket(deep, 0)
