"""Whatever goes wrong in a step of the demo is told, and the next step is shown."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.lab.demo.stage import COMMAND_WITHIN_S, Stage, StageError, Step, stage
from gateway.site.command import Command

# A `tgw` that says its words, and fails if they begin with "fail".
ECHO = "import sys; print(*sys.argv[1:]); sys.exit(sys.argv[1] == 'fail')"


@pytest.fixture
def scene() -> Iterator[Stage]:
    with stage("nowhere", Command((sys.executable, "-c", ECHO)), {}) as found:
        yield found


def raising(error: Exception) -> Step:
    def show(_: Stage) -> bool:
        raise error

    return Step("a step", show)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (StageError("it never came"), "it never came"),
        (KeyError("web"), "'web' isn't known: the step that tells it has failed"),
        (OSError("no"), "OSError: no"),
        (StopIteration(), "StopIteration: "),
        (subprocess.TimeoutExpired("tcpdump", 10), "TimeoutExpired: Command 'tcpdump' timed out"),
        (AssertionError("x"), "AssertionError: x"),
        (ZeroDivisionError("what nobody thought of"), "ZeroDivisionError: what nobody thought of"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "",
)
def test_a_step_that_fails_in_any_way_is_told(scene: Stage, error: Exception, line: str) -> None:
    told = scene.tell(raising(error))
    assert not told.ok
    assert told.evidence[-1].output.startswith(line)
    assert scene.tell(Step("the next", lambda _: True)).ok


def test_a_command_that_ends_without_its_sign_is_not_waited_for(scene: Stage) -> None:
    began = time.monotonic()
    with pytest.raises(StageError, match="never showed 'ready': fail"):
        scene.start("fail", output=scene.folder / "log", ready="ready")
    assert time.monotonic() - began < COMMAND_WITHIN_S


def test_a_sign_that_comes_with_the_end_counts(scene: Stage) -> None:
    process = scene.start("ready", output=scene.folder / "log", ready="ready")
    assert process.wait() == 0


def test_what_does_not_end_is_killed(scene: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True)\n"
    log = Path(scene.folder, "log")
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", deaf + "while True: time.sleep(60)"], stdout=file, text=True
        )
    scene.adopt(process)
    scene.wait_for("deaf", log, process)
    monkeypatch.setattr("gateway.lab.demo.stage.COMMAND_WITHIN_S", 0.1)
    scene.close()
    assert process.returncode == -9
