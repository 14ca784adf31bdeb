"""Only what touches no kernel: a lab's files and processes. The rest is tested in the lab."""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gateway.exchange.worker_page import Traffic, WorkerPage
from gateway.lab import lifecycle
from gateway.lab.topology import Topology, save, saved
from gateway.metering.book import Book
from gateway.nat.tally import Tally
from gateway.net import namespace
from gateway.site import places, roles
from gateway.site.command import Command
from gateway.site.places import Places

HOLD = """
import sys
from pathlib import Path
from gateway.site import roles
file = roles.take(Path(sys.argv[1]), "control")
print("taken", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setattr(places, "RUN", tmp_path / "run")
    monkeypatch.setattr(places, "STATE", tmp_path / "state")
    monkeypatch.setattr(namespace, "RUN", tmp_path / "netns")
    monkeypatch.setattr(namespace, "ETC", tmp_path / "etc")
    site = Places("edge")
    save(Topology(name="edge"), site.run)
    site.state.mkdir(parents=True)
    site.log.touch()
    return site


def control(run: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "taken\n"
    return process


def test_a_lab_that_was_never_up_is_not_up(site: Places) -> None:
    found = lifecycle.status("none")
    assert (found.topology, found.hosts, found.up) == (None, (), False)
    assert [(p.role, p.pid, p.ready) for p in found.processes] == [
        (role, None, False) for role in lifecycle.READY
    ]


def test_a_process_that_holds_its_role_but_does_not_listen_is_not_ready(site: Places) -> None:
    with control(site.run) as process:
        seen = {p.role: (p.pid, p.ready) for p in lifecycle.status("edge").processes}
        process.kill()
    assert seen == {roles.CONTROL: (process.pid, False)} | {
        role: (None, False)
        for role in lifecycle.READY
        if role not in (roles.CONTROL, roles.WATCHDOG)  # the watchdog was never started
    }


def test_down_ends_the_processes_and_leaves_nothing(site: Places) -> None:
    with control(site.run) as process:
        lifecycle.down("edge")
        assert process.wait() != 0
    assert list(places.RUN.iterdir()) == []
    assert list(places.STATE.iterdir()) == []


def test_down_keeps_the_event_log_if_told_so(site: Places) -> None:
    lifecycle.down("edge", keep_state=True)
    assert saved(site.run) is None
    assert site.log.exists()


def test_what_was_counted_last_is_in_the_book_that_is_kept(site: Places) -> None:
    Book(site.book).close()
    with WorkerPage(site.run, 0) as page:
        page.hold(4)
        Tally(page.memory).count(0, 1, -1, 100)
    lifecycle.down("edge", keep_state=True)
    with closing(Book(site.book)) as book:
        assert list(book.taken().values()) == [Traffic(0, 0, 1, 100)]


@pytest.mark.parametrize("damaged", ["book", "topology"])
def test_what_is_damaged_keeps_no_lab_from_going_down(site: Places, damaged: str) -> None:
    site.book.write_bytes(b"this is no database, " * 100 if damaged == "book" else b"")
    if damaged == "topology":
        (site.run / "topology.json").write_text("{")
    lifecycle.down("edge", keep_state=True)
    assert list(places.RUN.iterdir()) == []


def test_down_twice_is_down_once(site: Places) -> None:
    lifecycle.down("edge")
    lifecycle.down("edge")
    assert list(places.RUN.iterdir()) == []


def test_down_leaves_other_labs(site: Places) -> None:
    other = Places("edge2")
    save(Topology(name="edge2"), other.run)
    (namespace.ETC / "tgw.edge2.gateway").mkdir(parents=True)
    (namespace.ETC / "tgw.edge.gateway").mkdir()
    lifecycle.down("edge")
    assert saved(other.run) == Topology(name="edge2")
    assert [path.name for path in namespace.ETC.iterdir()] == ["tgw.edge2.gateway"]


def test_down_finishes_what_an_interrupted_down_left(site: Places) -> None:
    left = site.run.with_name(".edge")
    site.run.rename(left)
    with control(left) as process:
        lifecycle.down("edge")
        assert process.wait() != 0
    assert list(places.RUN.iterdir()) == []


def test_down_removes_what_is_left_and_what_is_new(site: Places) -> None:
    left = site.run.with_name(".edge")
    left.mkdir()
    (left / "table").touch()
    lifecycle.down("edge")
    assert list(places.RUN.iterdir()) == []


def test_up_with_another_topology_is_refused_and_changes_nothing(site: Places) -> None:
    before = sorted(path.name for path in site.run.iterdir())
    with pytest.raises(lifecycle.LabError, match="is up with another topology"):
        lifecycle.up(Topology(name="edge", vpc="172.16.0.0/16"), Command(()), say=pytest.fail)
    assert saved(site.run) == Topology(name="edge")
    assert sorted(path.name for path in site.run.iterdir()) == before


def test_down_ends_processes_whose_directory_is_gone(site: Places) -> None:
    with control(site.run) as process:
        shutil.rmtree(site.run)
        lifecycle.down("edge")
        assert process.wait() != 0


def test_down_that_was_cut_while_it_forgot_the_log_is_finished(site: Places) -> None:
    half = site.state.with_name(".edge")
    half.mkdir()
    (half / "events.db").touch()
    lifecycle.down("edge", keep_state=True)
    assert list(places.STATE.iterdir()) == [site.state]


def test_two_at_once_wait_for_each_other_but_not_for_ever(
    site: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "ALONE_WITHIN_S", 0.1)
    with locked("edge"):
        with pytest.raises(lifecycle.LabError, match="is at work on lab edge, and doesn't end"):
            lifecycle.down("edge")
        lifecycle.down("other")
    lifecycle.down("edge")
    assert list(places.RUN.iterdir()) == []


def test_the_lock_goes_with_the_lab_and_still_lets_one_in_at_a_time(
    site: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(site.run)
    busy, overlaps = threading.Lock(), []

    def remove(_lab: str, *, keep_state: bool) -> None:
        overlaps.append(not busy.acquire(blocking=False) or keep_state)
        os.sched_yield()
        busy.release()

    def downs() -> None:
        for _ in range(20):
            lifecycle.down("edge")

    monkeypatch.setattr(lifecycle, "_remove", remove)
    with ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(downs) for _ in range(3)]:
            done.result()
    assert overlaps == [False] * 60
    assert list(places.RUN.iterdir()) == []


@contextmanager
def locked(lab: str) -> Iterator[Path]:
    """As another process has it that builds or removes the lab."""
    path = places.RUN / f".{lab}.lock"
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield path
    finally:
        os.close(file)
