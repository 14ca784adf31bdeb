"""Real processes hold real locks: they are found whatever has become of the file."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.exchange.worker_page import WorkerPage, statuses
from gateway.site import holders, roles

HOLD = """
import signal, sys
from pathlib import Path
from gateway.site import roles
if sys.argv[2] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
file = roles.take(Path(sys.argv[1]), "control")
print("taken", flush=True)
sys.stdin.read()
"""


@contextmanager
def started(*words: str) -> "Iterator[subprocess.Popen[str]]":
    """A program that says in a line when it holds what it is to hold, and then waits."""
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "taken\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    run = tmp_path / "edge"
    run.mkdir()
    return run


@pytest.fixture(params=["polite", "deaf"])
def control(run: Path, request: pytest.FixtureRequest) -> "Iterator[subprocess.Popen[str]]":
    with started(sys.executable, "-c", HOLD, str(run), request.param) as process:
        yield process


def seen(*directories: Path) -> list[tuple[int, Path, bool]]:
    return [(one.pid, one.file, one.in_place) for one in holders.holders(*directories)]


def test_a_process_is_found_while_its_file_is_at_its_place(
    run: Path, control: "subprocess.Popen[str]"
) -> None:
    assert seen(run) == [(control.pid, run / "control.lock", True)]
    assert holders.holders(run.parent) == []


def test_a_process_is_found_when_its_directory_is_removed(
    run: Path, control: "subprocess.Popen[str]"
) -> None:
    shutil.rmtree(run)
    assert seen(run) == [(control.pid, run / "control.lock", False)]
    assert [str(one) for one in holders.lost(run)] == [
        f"process {control.pid} holds {run / 'control.lock'}, which is gone"
    ]


def test_a_process_is_found_when_another_file_took_the_place_of_its_own(
    run: Path, control: "subprocess.Popen[str]"
) -> None:
    (run / "control.lock").unlink()
    (run / "control.lock").touch()
    assert [found.in_place for found in holders.holders(run)] == [False]
    assert roles.holder(run, "control") is None


def test_a_process_is_found_under_the_new_name_of_its_directory(
    run: Path, control: "subprocess.Popen[str]"
) -> None:
    going = run.with_name(".edge")
    run.rename(going)
    assert seen(run, going) == [(control.pid, going / "control.lock", True)]


def test_who_is_found_is_ended_asked_or_killed(
    run: Path, control: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders, "ASKED_WITHIN_S", 0.2)
    shutil.rmtree(run)
    holders.end(holders.holders(run))
    assert control.wait(10) != 0
    assert holders.holders(run) == []


def test_a_process_that_does_not_end_is_named(
    run: Path, control: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders, "ASKED_WITHIN_S", 0.0)
    monkeypatch.setattr(holders, "KILLED_WITHIN_S", 0.0)
    monkeypatch.setattr(signal, "pidfd_send_signal", lambda *_: None)
    with pytest.raises(holders.HoldersError, match=f"process {control.pid} holds .* doesn't end"):
        holders.end(holders.holders(run))


def test_who_only_looks_at_a_page_does_not_hold_it(run: Path) -> None:
    with WorkerPage(run, 0):
        pass
    program = (
        "import fcntl, os, sys; file = os.open(sys.argv[1], os.O_RDONLY); "
        "fcntl.flock(file, fcntl.LOCK_SH); print('taken', flush=True); sys.stdin.read()"
    )
    with started(sys.executable, "-c", program, str(run / "worker-0.page")):
        assert [status.worker for status in statuses(run)] == ["worker-0"]
        assert holders.holders(run) == []


def test_a_process_with_mounts_of_its_own_has_lost_nothing_that_it_finds_there(run: Path) -> None:
    (run / "control.lock").touch()  # another file, at the same name
    mount = 'mount -t tmpfs tgw "$1" && exec "$0" -c "$2" "$1" polite'
    words = ("unshare", "--mount", "sh", "-c", mount, sys.executable, str(run), HOLD)
    with started(*words) as process:
        assert seen(run) == [(process.pid, run / "control.lock", True)]
        assert holders.lost(run) == []
