"""Real processes are stopped, caught in a loop, or starved; what a clock does is made up."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.runtime.silence import STEP_MAX_S, Silence, Standing, standing_of

ASLEEP, RUNNING = "import time; time.sleep(60)", "while True: pass"


@contextmanager
def process(program: str) -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", f"print(flush=True)\n{program}"], stdout=-1) as it:
        assert it.stdout
        it.stdout.readline()
        try:
            yield it.pid
        finally:
            it.kill()


class World:
    """A clock, and what a process is doing."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.standing = Standing(wants=False, used_s=5.0)

    def silence(self) -> Silence:
        return Silence(1, clock=lambda: self.now, standing=lambda _: self.standing)

    def passes(self, seconds: float, *, used_s: float = 0.0) -> None:
        self.now += seconds
        self.standing = self.standing._replace(used_s=self.standing.used_s + used_s)


def silent_s(silence: Silence, world: World, times: int, step_s: float, used_s: float) -> float:
    found = 0.0
    for _ in range(times):
        world.passes(step_s, used_s=used_s)
        found = silence.look(7)
    return found


@pytest.mark.parametrize(
    ("wants", "used_s", "counted_s"),
    [
        pytest.param(False, 0.0, 2.5, id="stopped-or-asleep"),
        pytest.param(True, 0.25, 2.5, id="in-a-loop"),
        pytest.param(True, 0.05, 0.5, id="in-a-loop-on-a-busy-processor"),
        pytest.param(True, 0.0, 0.0, id="without-a-processor"),
        pytest.param(True, 1.0, 2.5, id="in-loops-on-several-processors"),
    ],
)
def test_time_counts_in_which_it_could_go_on(wants: bool, used_s: float, counted_s: float) -> None:
    world = World()
    world.standing = Standing(wants, 5.0)
    silence = world.silence()
    silence.look(7)
    assert silent_s(silence, world, 10, 0.25, used_s) == pytest.approx(counted_s)
    assert silence.look(8) == 0.0


def test_a_machine_that_stood_still_adds_no_more_than_a_look() -> None:
    world = World()
    silence = world.silence()
    silence.look(7)
    assert silent_s(silence, world, 1, 3600, 0.0) == STEP_MAX_S


def test_a_process_that_sleeps_is_silent() -> None:
    with process(ASLEEP) as pid:
        silence = Silence(pid)
        silence.look(1)
        before = time.monotonic()
        while silence.look(1) < 0.2:
            time.sleep(0.02)
        assert time.monotonic() - before >= 0.2


def test_a_process_in_a_loop_is_silent_for_the_time_that_it_had_a_processor() -> None:
    with process(RUNNING) as pid:
        silence, before = Silence(pid), standing_of(pid)
        silence.look(1)
        while silence.look(1) < 0.2:
            time.sleep(0.02)
        assert standing_of(pid).used_s - before.used_s >= 0.2
        os.kill(pid, signal.SIGSTOP)
        while standing_of(pid).wants:
            time.sleep(0.02)
        assert silence.look(1) >= 0.2


def test_a_process_that_is_gone_wants_nothing() -> None:
    with process(ASLEEP) as pid:
        pass
    assert standing_of(pid) == Standing(wants=False, used_s=0.0)
