"""Background threads: they go on after a bug, not for ever, and a dead one isn't silent."""

import threading
import time

import pytest
from support.labs import eventually

from gateway.runtime import threads
from gateway.runtime.threads import BUGS_MAX, Job, running

WITHIN_S = 20.0


@pytest.fixture(autouse=True)
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bugs follow each other quickly."""
    monkeypatch.setattr(threads, "PAUSE_S", 0.001)


class Turns:
    """Turns of a thread, of which some fail."""

    def __init__(self, *bugs: BaseException | None) -> None:
        """One turn for each of `bugs`, and then good ones."""
        self.count = 0
        self._bugs = bugs

    def turn(self, ending: threading.Event) -> None:
        """Fail, or wait a little."""
        self.count += 1
        bug = self._bugs[self.count - 1] if self.count <= len(self._bugs) else None
        if bug:
            raise bug
        ending.wait(0.001)


def never() -> None:
    """Fail, as a thread has died."""
    raise AssertionError("a thread is dead")


def test_turns_follow_each_other_until_the_end() -> None:
    turns = Turns()
    before = threading.active_count()
    with running([Job("one", turns.turn), Job("two", Turns().turn)], never):
        eventually(lambda: turns.count > 3, WITHIN_S)
    assert threading.active_count() == before


def test_a_bug_is_reported_with_its_traceback_and_the_thread_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    turns = Turns(*[ValueError("a bug")] * BUGS_MAX, None, *[ValueError("another")] * BUGS_MAX)
    with running([Job("one", turns.turn)], never):
        eventually(lambda: turns.count > 2 * BUGS_MAX + 3, WITHIN_S)
    assert caplog.messages == ["the thread 'one' failed by a bug, and goes on"] * 2 * BUGS_MAX
    assert "ValueError: a bug" in caplog.text


def test_too_many_in_a_row_are_the_threads_end_and_its_processs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    turns, dead = Turns(*[ValueError("a bug")] * (BUGS_MAX + 1)), threading.Event()
    with pytest.raises(ValueError, match="a bug"), running([Job("one", turns.turn)], dead.set):
        assert dead.wait(WITHIN_S)
    assert turns.count == BUGS_MAX + 1
    assert "the thread 'one' is dead (ValueError('a bug')): the process ends" in caplog.messages


@pytest.mark.parametrize("bug", [SystemExit(3), KeyboardInterrupt()])
def test_what_is_no_exception_is_the_end_at_once(bug: BaseException) -> None:
    dead = threading.Event()
    with pytest.raises(type(bug)), running([Job("one", Turns(bug).turn)], dead.set):
        assert dead.wait(WITHIN_S)


def test_a_job_may_bear_no_bug_at_all() -> None:
    turns, dead = Turns(ValueError("a bug")), threading.Event()
    job = Job("one", turns.turn, bugs_max=0)
    with pytest.raises(ValueError, match="a bug"), running([job], dead.set):
        assert dead.wait(WITHIN_S)
    assert turns.count == 1


def test_who_waits_for_something_else_is_woken_at_the_end() -> None:
    woken = threading.Event()
    with running([Job("one", lambda _: assert_woken(woken), woken.set)], never):
        pass


def assert_woken(woken: threading.Event) -> None:
    assert woken.wait(WITHIN_S)


def test_the_end_waits_for_no_thread_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "END_WITHIN_S", 0.05)
    go_on, began = threading.Event(), time.monotonic()
    with running([Job("hangs", lambda _: assert_woken(go_on))], never):
        pass
    assert time.monotonic() - began < WITHIN_S / 2
    go_on.set()
    eventually(lambda: not [t for t in threading.enumerate() if t.name == "hangs"], WITHIN_S)
