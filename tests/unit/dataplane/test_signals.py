import os
import signal
import subprocess
import sys
import time

import pytest

from gateway.dataplane.signals import Signals


def own(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(
    ("number", "end"), [(signal.SIGTERM, True), (signal.SIGINT, True), (signal.SIGHUP, False)]
)
def test_a_signal_ends_a_wait(number: int, end: bool) -> None:
    with Signals() as signals:
        assert (signals.asked, signals.end) == (False, False)
        own(number)
        signals.wait(30, [])
        assert (signals.asked, signals.end) == (True, end)


def test_a_file_or_the_time_ends_a_wait() -> None:
    reader, writer = os.pipe()
    with Signals() as signals:
        begun = time.monotonic()
        signals.wait(0.05, [reader])
        assert time.monotonic() - begun >= 0.05
        os.write(writer, b"\0")
        signals.wait(30, [reader])
        signals.wait(-1, [])
        assert not signals.asked
    os.close(reader)
    os.close(writer)


def test_what_was_blocked_before_is_seen_and_what_comes_last_comes_again() -> None:
    # In a process of one thread: another one would take a signal that this one blocks.
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


BLOCKED = """
import os, signal
from gateway.dataplane.signals import ALL, Signals

before = {number: signal.getsignal(number) for number in ALL}
signal.pthread_sigmask(signal.SIG_BLOCK, ALL)
os.kill(os.getpid(), signal.SIGHUP)
with Signals() as signals:
    signals.wait(30, [])
    assert signals.asked
    assert not signals.end
    os.kill(os.getpid(), signal.SIGTERM)  # after the last wait
assert signal.sigpending() & ALL == {signal.SIGTERM}
assert signal.sigtimedwait(ALL, 0) is not None
assert {number: signal.getsignal(number) for number in ALL} == before
"""
