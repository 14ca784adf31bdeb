"""Real processes take real locks: what another one sees is what the kernel says."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.site import roles
from gateway.site.command import Command
from gateway.site.roles import CONTROL, DATAPLANE, METADATA, RoleError

HOLD = """
import signal, sys
from pathlib import Path
from gateway.site import roles
if sys.argv[3] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
file = roles.take(Path(sys.argv[1]), sys.argv[2])
print("taken", flush=True)
sys.stdin.read()
"""


@contextmanager
def holding(run: Path, role: str, manner: str = "polite") -> "Iterator[subprocess.Popen[str]]":
    """A process that has the role in the block, until it is ended."""
    command = [sys.executable, "-c", HOLD, str(run), role, manner]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        try:
            yield process
        finally:
            process.kill()


def test_nobody_has_a_role_in_a_directory_that_is_empty_or_not_there(tmp_path: Path) -> None:
    assert roles.holder(tmp_path, CONTROL) is None
    assert roles.holder(tmp_path / "none", CONTROL) is None


def test_the_kernel_says_who_has_the_role(tmp_path: Path) -> None:
    with holding(tmp_path, CONTROL) as process:
        assert roles.holder(tmp_path, CONTROL) == process.pid
        assert roles.holder(tmp_path, DATAPLANE) is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["ended", "killed"])
def test_a_process_that_ends_loses_its_role_however_it_ends(tmp_path: Path, number: int) -> None:
    with holding(tmp_path, CONTROL) as process:
        process.send_signal(number)
        process.wait()
        assert roles.holder(tmp_path, CONTROL) is None


def test_a_lock_file_that_is_left_behind_is_no_holder(tmp_path: Path) -> None:
    (tmp_path / "control.lock").write_text("4711")
    assert roles.holder(tmp_path, CONTROL) is None
    with holding(tmp_path, CONTROL) as process:
        assert roles.holder(tmp_path, CONTROL) == process.pid


def open_files() -> set[str]:
    return {file.name for file in Path("/proc/self/fd").iterdir()}


def test_a_role_is_taken_once(tmp_path: Path) -> None:
    run = tmp_path / "edge"
    run.mkdir()
    with holding(run, CONTROL):
        files = open_files()
        with pytest.raises(RoleError, match=r"^control of lab edge is running already$"):
            roles.take(run, CONTROL)
        assert open_files() == files, "a refusal keeps no file open"


def test_two_roles_of_a_lab_are_two_processes(tmp_path: Path) -> None:
    with holding(tmp_path, CONTROL) as first, holding(tmp_path, DATAPLANE) as second:
        assert roles.holder(tmp_path, CONTROL) == first.pid
        assert roles.holder(tmp_path, DATAPLANE) == second.pid


def test_a_role_of_a_lab_that_is_not_up_cannot_be_taken(tmp_path: Path) -> None:
    with pytest.raises(RoleError, match=r"^lab edge is not up"):
        roles.take(tmp_path / "edge", CONTROL)


def test_taking_gives_the_open_lock_which_no_child_inherits(tmp_path: Path) -> None:
    file = roles.take(tmp_path, CONTROL)
    try:
        assert not os.get_inheritable(file)
        assert os.fstat(file).st_ino == (tmp_path / "control.lock").stat().st_ino
    finally:
        os.close(file)


EXEC = """
import os, signal, sys
from pathlib import Path
from gateway.site import roles
me, run, program, times = sys.executable, Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
file = roles.take(run, "control")
if times:
    roles.keep(run, "control")
    os.execv(me, [me, "-c", program, str(run), program, str(times - 1)])
files = [f for f in Path("/proc/self/fd").iterdir() if f.exists()]
print(len([f for f in files if f.samefile(run / "control.lock")]))
print(os.get_inheritable(file), flush=True)
sys.stdin.read()
"""


def test_a_role_is_kept_without_a_gap_by_a_process_that_becomes_another_program(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", EXEC, str(tmp_path), EXEC, "5"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        while roles.holder(tmp_path, CONTROL) is None:
            assert process.poll() is None
        while not select.select([process.stdout], [], [], 0)[0]:
            assert roles.holder(tmp_path, CONTROL) == process.pid
        assert process.stdout.readline() == "1\n", "one file is open, however often"
        assert process.stdout.readline() == "False\n"
        assert roles.holder(tmp_path, CONTROL) == process.pid
        process.kill()


def test_a_role_that_is_not_ours_cannot_be_kept(tmp_path: Path) -> None:
    with holding(tmp_path, CONTROL), pytest.raises(AssertionError):
        roles.keep(tmp_path, CONTROL)


def test_a_signal_reaches_who_has_the_role_and_nobody_else(tmp_path: Path) -> None:
    assert roles.tell(tmp_path, CONTROL, signal.SIGTERM) is None
    with holding(tmp_path, CONTROL) as process, holding(tmp_path, DATAPLANE) as other:
        assert roles.tell(tmp_path, CONTROL, signal.SIGTERM) == process.pid
        assert process.wait() == -signal.SIGTERM
        assert other.poll() is None


def test_stopping_ends_the_process(tmp_path: Path) -> None:
    with holding(tmp_path, CONTROL) as process:
        roles.stop(tmp_path, CONTROL)
        assert process.wait() == -signal.SIGTERM
    assert roles.holder(tmp_path, CONTROL) is None


def test_stopping_kills_a_process_that_does_not_listen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roles, "END_WITHIN_S", 0.1)
    with holding(tmp_path, CONTROL, "deaf") as process:
        roles.stop(tmp_path, CONTROL)
        assert process.wait() == -signal.SIGKILL


def test_stopping_leaves_the_other_roles(tmp_path: Path) -> None:
    with holding(tmp_path, CONTROL), holding(tmp_path, DATAPLANE) as other:
        roles.stop(tmp_path, CONTROL)
        assert other.poll() is None
        assert roles.holder(tmp_path, DATAPLANE) == other.pid


@pytest.mark.parametrize("folder", ["", "none"], ids=["no-process", "no-lab"])
def test_stopping_nobody_is_no_error(tmp_path: Path, folder: str) -> None:
    roles.stop(tmp_path / folder, CONTROL)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def run(tmp_path: Path) -> Path:
    run = tmp_path / "edge"
    run.mkdir()
    return run


def printing(program: str) -> Command:
    """A command that runs this program of Python; in it `words` are what it is started with."""
    return Command((sys.executable, "-c", f"import sys; words = sys.argv[1:]; {program}"))


def test_a_process_that_ends_at_once_is_reported_with_its_last_words(run: Path) -> None:
    (run / "dataplane.log").write_text("earlier\n")
    with pytest.raises(RoleError, match=r"^dataplane ended at once: dataplane --lab edge$"):
        roles.start(run, DATAPLANE, printing("print('first'); print(*words)"), lambda: True)
    lines = (run / "dataplane.log").read_text().splitlines()
    assert lines == ["earlier", "first", "dataplane --lab edge"]


def test_processes_begin_at_once_and_each_is_seen_ready(run: Path) -> None:
    """The one that is there stays; the others run side by side until somebody looks."""
    program = (
        "import time; from pathlib import Path; from gateway.site import roles; "
        f"roles.take(Path({str(run)!r}), words[0]); time.sleep(60)"
    )
    with (
        holding(run, METADATA) as there,
        roles.begun(run, (CONTROL, METADATA, DATAPLANE), printing(program)) as begun,
    ):
        assert set(begun) == {CONTROL, DATAPLANE}
        for role, process in begun.items():
            roles.see_ready(process, run, role, lambda: True)
            assert roles.holder(run, role) == process.pid
        roles.stop(run, CONTROL, METADATA, DATAPLANE)
        assert [roles.holder(run, role) for role in (CONTROL, METADATA, DATAPLANE)] == [None] * 3
        assert there.wait(20) == -signal.SIGTERM


def test_a_process_that_an_earlier_command_started_is_as_good(run: Path) -> None:
    """A command that was cut may have started it, and it took the role a moment before ours."""
    with holding(run, DATAPLANE) as process:
        roles.start(run, DATAPLANE, printing("pass"), lambda: True)
        assert roles.holder(run, DATAPLANE) == process.pid


def test_a_process_of_another_command_that_does_not_get_ready_is_an_error(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roles, "READY_WITHIN_S", 0.2)
    with holding(run, DATAPLANE) as process:
        with pytest.raises(RoleError, match=r"^dataplane isn't ready after 0\.2 s"):
            roles.start(run, DATAPLANE, printing("pass"), lambda: False)
        assert roles.holder(run, DATAPLANE) == process.pid


def test_only_a_process_that_is_young_may_still_be_starting(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert roles.starting_s(run, DATAPLANE) == 0.0
    with holding(run, DATAPLANE):
        assert 0.0 < roles.starting_s(run, DATAPLANE) <= roles.STARTING_MAX_S
        monkeypatch.setattr(roles, "STARTING_MAX_S", 0.0)
        assert roles.starting_s(run, DATAPLANE) == 0.0


def test_a_process_is_started_in_no_directory_of_its_caller(run: Path) -> None:
    """So it keeps none busy, and imports nothing that lies there."""
    with pytest.raises(RoleError, match=r": /$"):
        roles.start(run, DATAPLANE, printing("import os; print(os.getcwd())"), lambda: True)
