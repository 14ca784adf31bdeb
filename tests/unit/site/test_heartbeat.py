import os
import socket
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.site import heartbeat
from gateway.site.heartbeat import PARTS_MAX, Heart, Heartbeat, age_s, path_of, read, settle

REST = Heartbeat(at_rest=True)


def test_without_a_file_a_role_is_at_rest(tmp_path: Path) -> None:
    assert read(tmp_path, "web") == REST
    settle(tmp_path, "web")
    assert list(tmp_path.iterdir()) == []


def test_the_oldest_part_is_the_heartbeat(tmp_path: Path) -> None:
    with Heart(tmp_path, "control", parts=3) as heart:
        beats = [heart.part(number) for number in range(3)]
        for beat in beats:
            assert read(tmp_path, "control") == Heartbeat(at_rest=False, beat_ns=0)
            beat()
        first = read(tmp_path, "control").beat_ns
        beats[1]()
        beats[2]()
        assert read(tmp_path, "control").beat_ns == first
        beats[0]()
        assert first < read(tmp_path, "control").beat_ns <= time.monotonic_ns()
    assert read(tmp_path, "control") == REST


@pytest.mark.parametrize(
    ("end", "at_rest"),
    [(SystemExit(0), True), (SystemExit(), True), (SystemExit(1), False), (OSError("no"), False)],
    ids=["asked-to", "asked-to-without-a-status", "refused", "failed"],
)
def test_a_process_that_fails_is_not_at_rest(
    tmp_path: Path, end: BaseException, at_rest: bool
) -> None:
    def fail() -> None:
        with Heart(tmp_path, "web") as heart:
            heart.rest()
            assert read(tmp_path, "web").at_rest
            raise end

    with pytest.raises(type(end)):
        fail()
    assert read(tmp_path, "web").at_rest is at_rest


def test_a_process_that_was_killed_is_not_at_rest_unless_it_was_to_end(tmp_path: Path) -> None:
    if not (child := os.fork()):
        Heart(tmp_path, "web").part()()
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    assert not read(tmp_path, "web").at_rest
    settle(tmp_path, "web")
    assert read(tmp_path, "web") == REST


def test_the_next_process_begins_anew(tmp_path: Path) -> None:
    Heart(tmp_path, "web", parts=2).part(1)()
    Heart(tmp_path, "web")
    assert read(tmp_path, "web") == Heartbeat(at_rest=False, beat_ns=0)


@given(content=st.binary(max_size=8 * (PARTS_MAX + 2)))
def test_any_content_can_be_read(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.getbasetemp()
    path_of(directory, "web").write_bytes(content)
    found = read(directory, "web")
    assert found.beat_ns >= 0
    assert (age_s(found.beat_ns) or 0.0) >= 0.0


def test_an_age_is_not_negative() -> None:
    assert age_s(0) is None
    assert age_s(2**64 - 1) == 0.0
    assert 1.0 <= (age_s(time.monotonic_ns() - heartbeat.NS) or 0.0) < 60.0


def test_systemd_is_told_once_a_second_as_long_as_all_parts_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setattr(heartbeat, "TELL_EVERY_NS", -1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(0)
        with Heart(tmp_path, "control", parts=2) as heart:
            heart.part(0)()
            with pytest.raises(BlockingIOError):
                systemd.recv(100)
            heart.part(1)()
            assert systemd.recv(100) == b"WATCHDOG=1\nWATCHDOG_USEC=10000000\n"
            monkeypatch.setattr(heartbeat, "TELL_EVERY_NS", 3600 * heartbeat.NS)
            heart.part(1)()
            with pytest.raises(BlockingIOError):
                systemd.recv(100)
    (tmp_path / "notify").unlink()
    heart.part(1)


def test_a_systemd_that_is_gone_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with Heart(tmp_path, "web") as heart:
        heart.part()()
        assert read(tmp_path, "web").beat_ns
