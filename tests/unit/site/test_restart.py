"""A restart as its caller sees it; who answers has the role, and nothing else of a data plane."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.dataplane import record
from gateway.dataplane.record import Settings, TakeOver
from gateway.site import places, restart
from gateway.site.places import Places
from gateway.site.restart import RestartError

SUPERVISE = """
import signal, sys
from dataclasses import replace
from pathlib import Path
from gateway.dataplane import record
from gateway.site import roles
run, manner = Path(sys.argv[1]), sys.argv[2]
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
file = roles.take(run, "dataplane")
print("taken", flush=True)
while True:
    signal.sigwait({signal.SIGHUP})
    if manner == "dies":
        break
    if manner == "hangs":
        continue
    asked = record.take_request(run)
    record.save(run, replace(record.load(run), answered=asked.id, settings=asked.settings,
                             failure="no luck" if manner == "fails" else ""))
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setattr(places, "RUN", tmp_path)
    site = Places("edge")
    site.run.mkdir()
    record.save(site.run, TakeOver(workers=2, settings=Settings("netfilterqueue", 2)))
    return site


@contextmanager
def supervisor(site: Places, manner: str = "answers") -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(site.run), manner], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        try:
            yield
        finally:
            process.kill()


def test_what_is_not_given_stays(site: Places) -> None:
    with supervisor(site):
        assert restart.restart("edge").settings == Settings("netfilterqueue", 2)
        assert restart.restart("edge", queues=3).settings == Settings("netfilterqueue", 3)
        assert restart.restart("edge", engine="auto").settings == Settings("auto", 3)


def test_two_at_once_are_answered_one_after_the_other(site: Places) -> None:
    answers: list[TakeOver] = []
    with supervisor(site):
        callers = [
            threading.Thread(target=lambda: answers.append(restart.restart("edge")))
            for _ in range(4)
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    assert len({answer.answered for answer in answers}) == 4


@pytest.mark.parametrize(
    ("manner", "told"),
    [
        ("fails", r"^the data plane goes on as it was: no luck$"),
        ("dies", r"^the data plane's supervisor ended, its workers go on: 'tgw lab up' starts it$"),
        ("hangs", r"^the data plane didn't restart within 0\.3 s$"),
    ],
)
def test_what_goes_wrong_is_told_in_a_line(
    site: Places, monkeypatch: pytest.MonkeyPatch, manner: str, told: str
) -> None:
    if manner == "hangs":
        monkeypatch.setattr(restart, "WITHIN_S", 0.3)
    with supervisor(site, manner), pytest.raises(RestartError, match=told):
        restart.restart("edge")
    assert record.take_request(site.run) is None, "whoever comes later must not find it"


def test_without_a_data_plane_there_is_nobody_to_ask(site: Places) -> None:
    with pytest.raises(RestartError, match=r"^no data plane of lab edge is running"):
        restart.restart("edge", queues=9)
    assert record.take_request(site.run) is None


def test_a_lab_that_is_not_up_has_nothing_to_restart(site: Places) -> None:
    with pytest.raises(RestartError, match=r"^lab none is not up: 'tgw lab up' builds it$"):
        restart.restart("none")
