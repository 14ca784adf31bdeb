"""Real processes have roles, and are stopped and killed; only their work is left out."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.labs import eventually

from gateway.site import heartbeat, liveness, roles, watchdog
from gateway.site.watchdog import Watchdog

ROLE = """
import signal, sys, time
from pathlib import Path
from gateway.site import roles
from gateway.site.heartbeat import Heart
run, role, manner = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
file = roles.take(run, role)
with Heart(run, role) as heart:
    beat = heart.part()
    if manner == "fails":
        raise SystemExit(1)
    while True:
        beat()
        while manner == "hangs":
            pass
        time.sleep(0.02)
"""


class Site:
    """The directory of a site, its processes, and how those that are started behave."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.manner = "steady"
        self.children: list[subprocess.Popen[bytes]] = []

    def spawn(self, role: str) -> "subprocess.Popen[bytes]":
        """Start a process that takes the role."""
        self.children.append(
            subprocess.Popen([sys.executable, "-c", ROLE, str(self.run), role, self.manner])
        )
        return self.children[-1]

    def start(self, role: str = "web") -> int:
        """Start a process, and wait until it has made a heartbeat; its process id."""
        self.spawn(role)
        eventually(lambda: heartbeat.read(self.run, role).beat_ns)
        return self.children[-1].pid

    def look_until(self, seen: Callable[[], object], *roles_: str) -> Watchdog:
        """Let a watchdog look at the roles until something is so."""
        found = Watchdog(self.run, roles_ or ("web",), self.spawn)

        def look() -> object:
            found.look()
            return seen()

        eventually(look, within_s=30)
        return found

    def is_another(self, pid: int, role: str = "web") -> bool:
        """Whether another process than this one has the role, and makes heartbeats."""
        there = roles.holder(self.run, role)
        return there not in (None, pid) and heartbeat.read(self.run, role).beat_ns != 0


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    try:
        yield made
    finally:
        for child in made.children:
            child.kill()
            child.wait()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "SILENT_MAX_S", 0.4)
    monkeypatch.setattr(watchdog, "BACK_OFF_S", 0.05)


def test_one_that_was_killed_is_started_again(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    pid = site.start()
    os.kill(pid, signal.SIGKILL)
    site.look_until(lambda: site.is_another(pid))
    assert caplog.messages == ["web has fallen; started again"]
    assert len(site.children) == 2


@pytest.mark.parametrize("manner", ["steady", "hangs"], ids=["stopped", "in-a-loop"])
def test_one_that_makes_no_heartbeat_is_replaced(
    site: Site, caplog: pytest.LogCaptureFixture, manner: str
) -> None:
    site.manner = manner
    pid = site.start()
    site.manner = "steady"
    if manner == "steady":
        os.kill(pid, signal.SIGSTOP)
    site.look_until(lambda: site.is_another(pid))
    assert caplog.messages[0].startswith(f"web, process {pid}, makes no heartbeat for ")
    assert caplog.messages[1:] == ["web has fallen; started again"]


def test_one_that_ended_as_it_was_asked_to_is_let_alone(site: Site) -> None:
    pid = site.start()
    os.kill(pid, signal.SIGTERM)
    site.children[0].wait()
    other = site.start("control")
    os.kill(other, signal.SIGKILL)
    site.look_until(lambda: site.is_another(other, "control"), "web", "control", "never-started")
    assert len(site.children) == 3


def test_one_that_had_to_be_killed_to_end_is_let_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roles, "END_WITHIN_S", 0.1)
    os.kill(site.start(), signal.SIGSTOP)
    site.children[0].poll()
    roles.stop(site.run, "web")
    found = Watchdog(site.run, ["web"], site.spawn)
    for _ in range(3):
        found.look()
    assert len(site.children) == 1


def test_one_that_falls_again_and_again_is_started_ever_slower(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    pid = site.start()
    site.manner = "fails"
    os.kill(pid, signal.SIGKILL)
    begun = time.monotonic()
    site.look_until(lambda: len(site.children) == 5)
    assert time.monotonic() - begun >= 0.1 + 0.2 + 0.4
    assert caplog.messages == [
        "web has fallen; started again",
        *(f"web has fallen; started again in {delay:g} s" for delay in (0.1, 0.2, 0.4)),
    ]


def test_one_that_cant_be_started_is_tried_again(
    site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = site.start()
    os.kill(pid, signal.SIGKILL)
    site.children[0].wait()

    def refuse(_role: str) -> "subprocess.Popen[bytes]":
        raise OSError("no memory")

    found = Watchdog(site.run, ["web"], refuse)
    found.look()
    assert caplog.messages[-1] == "web can't be started: no memory"
    monkeypatch.setattr(found, "spawn", site.spawn)

    def look() -> bool:
        found.look()
        return site.is_another(pid)

    eventually(look)


def test_one_look_tells_what_goes_on_from_what_is_stuck(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "SEEN_SILENT_S", 0.2)
    pid = site.start()

    def beat_ns() -> int:
        return heartbeat.read(site.run, "web").beat_ns

    assert not liveness.is_silent(pid, 30.0, beat_ns)
    assert not liveness.is_silent(pid, 0.0, beat_ns), "it goes on while it is looked at"
    os.kill(pid, signal.SIGSTOP)
    assert not liveness.is_silent(pid, 30.0, beat_ns), "not yet"
    assert liveness.is_silent(pid, 0.0, beat_ns)
    assert not liveness.is_silent(pid, 0.0, lambda: 0), "it has none yet"
