"""Workers are real processes; only the queues are made up."""

import logging
import os
import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest
from support.forks import fake_queues, living, steady, supervising
from support.labs import eventually
from support.tables import file_of

from gateway.dataplane import record, supervisor, workers
from gateway.dataplane.queues import Queue
from gateway.dataplane.record import Request, Settings
from gateway.dataplane.supervisor import StartError, free_bank
from gateway.exchange import generations
from gateway.exchange.worker_page import WorkerPage
from gateway.nat.table import build
from gateway.steering.kernel import SteeringError

TWO = Settings(queues=2)


def nowhere(_queues: range) -> None:
    pass


def never(_queues: range) -> None:
    pytest.fail("nobody is ready to be pointed to")


def failing(directory: Path, engine: str, number: int) -> None:
    """As `steady`, but with the engine called broken."""
    if engine == "broken":
        raise OSError("Failed to create\n queue")
    steady(directory, engine, number)


@pytest.mark.parametrize(
    ("count", "avoid", "bank"),
    [
        pytest.param(2, set(), range(2), id="nobody-there"),
        pytest.param(2, {0, 1}, range(2, 4), id="the-other-bank"),
        pytest.param(2, {2, 3}, range(2), id="and-back"),
        pytest.param(3, {2, 3}, range(4, 7), id="more-than-before"),
        pytest.param(1, {4, 5, 6}, range(1), id="fewer-than-before"),
        pytest.param(2, {0, 2}, range(3, 5), id="too-small-a-hole"),
        pytest.param(2, {0, 3}, range(1, 3), id="a-hole-that-fits"),
    ],
)
def test_new_workers_take_numbers_that_nobody_has(count: int, avoid: set[int], bank: range) -> None:
    assert free_bank(count, avoid) == bank


def test_the_first_workers_are_pointed_to_when_they_are_ready(place: Path) -> None:
    pointed = []
    with supervising(place) as (found, _):
        found.take_over(TWO, lambda queues: pointed.append((queues, set(living(place)))))
    assert pointed == [(range(2), {0, 1})]
    kept = record.load(place)
    assert (kept.supervisor, kept.queues, kept.settings) == (os.getpid(), range(2), TWO)


def test_workers_are_pinned_one_core_after_the_other(place: Path) -> None:
    cores = sorted(os.sched_getaffinity(0))
    with supervising(place) as (found, _):
        found.take_over(Settings(queues=len(cores) + 1), nowhere)
    pinned = [os.sched_getaffinity(pid) for _, pid in sorted(living(place).items())]
    assert pinned == [{core} for core in (*cores, cores[0])]


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_fewer_workers_than_cores_go_where_the_scheduler_wants_them(place: Path) -> None:
    with supervising(place) as (found, _):
        found.take_over(Settings(queues=1), nowhere)
    assert [os.sched_getaffinity(pid) for pid in living(place).values()] == [
        os.sched_getaffinity(0)
    ]


def test_the_old_workers_live_until_the_new_ones_are_in_service(place: Path) -> None:
    pointed = []
    with supervising(place) as (killed, _):
        killed.take_over(TWO, nowhere)
    before = living(place)
    with supervising(place) as (found, _):
        found.take_over(
            Settings(queues=3), lambda queues: pointed.append((queues, set(living(place))))
        )
    assert pointed == [(range(2, 5), {0, 1, 2, 3, 4})]
    assert set(living(place)) == {2, 3, 4}
    assert not [pid for pid in before.values() if Path(f"/proc/{pid}").exists()]


def test_the_old_workers_end_when_their_queues_are_empty(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with supervising(place) as (killed, _):
        killed.take_over(TWO, nowhere)
    waiting: list[int] = []
    seen: list[tuple[int, set[int]]] = []

    def look() -> list[Queue]:
        there = living(place)
        count = waiting.pop(0) if waiting else 0
        seen.append((count, set(there)))
        return [Queue(number, count if number == 1 else 0, 0, 0) for number in there]

    def point(queues: range) -> None:
        waiting.extend([5, 3, 0, 1])
        seen.clear()

    monkeypatch.setattr(supervisor, "queues", look)
    with supervising(place) as (found, _):
        found.take_over(TWO, point)
    assert seen == [(count, {0, 1, 2, 3}) for count in (5, 3, 0, 1, 0, 0, 0)]
    assert set(living(place)) == {2, 3}


def test_a_queue_that_does_not_empty_is_not_waited_for_for_ever(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor, "DRAIN_WITHIN_S", 0.1)
    with supervising(place) as (killed, _):
        killed.take_over(TWO, nowhere)
    waiting = fake_queues(place, monkeypatch)
    with supervising(place) as (found, _):
        found.take_over(TWO, lambda _: waiting.update({0: [7] * 1000}))
    assert set(living(place)) == {2, 3}
    assert "7 packets wait in old queues: dropped" in caplog.text


def test_if_new_workers_fail_the_old_ones_stay(place: Path) -> None:
    with supervising(place, failing) as (killed, _):
        killed.take_over(TWO, nowhere)
    before = living(place)
    with supervising(place, failing) as (found, _):
        found.take_over(Settings("broken", 3), never)
        assert living(place) == before
        kept = record.load(place)
        assert (kept.queues, kept.settings) == (range(2), TWO)
        assert kept.failure.endswith("ended with status 1: Failed to create queue")
        found.end()
    assert living(place) == {}


def test_if_the_steering_is_refused_the_old_ones_stay(place: Path) -> None:
    def refuse(_queues: range) -> None:
        raise SteeringError("nft: no")

    with supervising(place) as (killed, _):
        killed.take_over(TWO, nowhere)
    before = living(place)
    with supervising(place) as (found, _):
        found.take_over(TWO, refuse)
    assert living(place) == before
    assert record.load(place).failure == "nft: no"


def test_if_there_is_no_such_engine_the_old_ones_stay_and_are_replaced(place: Path) -> None:
    with supervising(place) as (killed, _):
        killed.take_over(TWO, nowhere)
    before = living(place)
    me = os.getpid()

    def work(directory: Path, engine: str, number: int) -> None:
        os.kill(me, signal.SIGTERM)
        steady(directory, engine, number)

    with supervising(place, work) as (found, _):
        found.take_over(Settings("none", 2), never)
        assert (living(place), record.load(place).failure) == (before, "there is no such engine")
        os.kill(before[0], signal.SIGKILL)
        found.watch()
        found.end()
    assert living(place) == {}


def test_if_there_were_no_old_ones_it_is_an_error(place: Path) -> None:
    with (
        supervising(place, failing) as (found, _),
        pytest.raises(StartError, match=r"status 1: Failed to create queue$"),
    ):
        found.take_over(Settings("broken", 2), never)
    assert living(place) == {}


def test_a_queue_of_another_program_is_left_alone(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "queues", lambda: [Queue(1, 0, 0, 0)])
    with (
        supervising(place) as (found, _),
        pytest.raises(StartError, match=r"^queue 1 is another program's$"),
    ):
        found.take_over(TWO, never)


def test_new_workers_that_would_carry_nothing_do_not_replace_old_ones(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "READY_WITHIN_S", 0.2)
    with supervising(place) as (killed, _):
        killed.take_over(TWO, nowhere)
    before = living(place)

    def behind(directory: Path, engine: str, number: int) -> None:
        with WorkerPage(directory, number) as page:
            page.acknowledge(6)
            time.sleep(60)

    def still(directory: Path, engine: str, number: int) -> None:
        with WorkerPage(directory, number) as page:
            page.acknowledge(generations.published(directory))
            time.sleep(60)

    for work, reason in (
        (behind, "it doesn't take the table published last"),
        (still, "its loop doesn't begin"),
    ):
        with supervising(place, work) as (found, _):
            found.take_over(TWO, never)
        assert living(place) == before
        assert record.load(place).failure.endswith(f"isn't ready after 0.2 s: {reason}")


def test_the_reason_of_a_refused_start_is_told(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "READY_WITHIN_S", 0.2)
    generations.publish(place, build(5, 1, []))
    with supervising(place) as (killed, _):
        killed.take_over(TWO, nowhere)
    file_of(place, 5).write_bytes(b"no table")

    def refusing(directory: Path, engine: str, number: int) -> None:
        with WorkerPage(directory, number):
            time.sleep(60)

    with supervising(place, refusing) as (found, _):
        found.take_over(TWO, never)
    assert record.load(place).failure.endswith(
        "isn't ready after 0.2 s: there is no table of generation 5"
    )


def test_a_worker_that_is_killed_is_replaced(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    me = os.getpid()

    def work(directory: Path, engine: str, number: int) -> None:
        if (directory / "begun-auto-1").exists() and number == 1:
            os.kill(me, signal.SIGTERM)  # the second one of that number: enough seen
        steady(directory, engine, number)

    with supervising(place, work) as (found, signals):
        found.take_over(TWO, nowhere)
        before = living(place)
        os.kill(before[1], signal.SIGKILL)
        found.watch()
        assert signals.end
        lines = [line.getMessage() for line in caplog.records if line.levelno >= logging.ERROR]
        assert lines == [f"worker 1, process {before[1]}, was killed by signal 9; started again"]
        found.end()
    assert living(place) == {}


def test_a_worker_that_ends_at_once_is_started_ever_slower(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor, "BACK_OFF_MAX_S", 0.05)
    me = os.getpid()

    def work(directory: Path, engine: str, number: int) -> None:
        if not (directory / "begun-auto-0").exists():
            steady(directory, engine, number)
        with (directory / "starts").open("a") as starts:
            starts.write(f"{time.monotonic()}\n")
        if len((directory / "starts").read_text().splitlines()) == 5:
            os.kill(me, signal.SIGTERM)
        raise RuntimeError("no luck")

    with supervising(place, work) as (found, _):
        found.take_over(Settings(queues=1), nowhere)
        eventually((place / "begun-auto-0").exists)
        os.kill(living(place)[0], signal.SIGKILL)
        found.watch()
        found.end()
    starts = [float(line) for line in (place / "starts").read_text().splitlines()]
    pauses = [later - sooner for sooner, later in pairwise(starts)]
    assert all(pause > wanted for pause, wanted in zip(pauses, (0.02, 0.04, 0.05), strict=False))
    assert "ended with status 1: no luck; started again in 0.02 s" in caplog.text


def test_a_request_goes_before_other_settings_and_is_answered(place: Path) -> None:
    with supervising(place, failing) as (found, _):
        record.ask(place, Request("first", Settings(queues=3)))
        found.take_over(TWO, nowhere)
        assert (record.load(place).answered, set(living(place))) == ("first", {0, 1, 2})
        record.ask(place, Request("second", Settings("broken", 1)))
        found.take_over(TWO, nowhere)
        kept = record.load(place)
    assert (kept.answered, kept.settings, set(living(place))) == (
        "second",
        Settings(queues=3),
        {0, 1, 2},
    )
    assert record.take_request(place) is None


def test_asked_to_end_while_it_starts_it_ends(place: Path) -> None:
    def slow(directory: Path, engine: str, number: int) -> None:
        time.sleep(60)

    with supervising(place, slow) as (found, signals):
        os.kill(os.getpid(), signal.SIGTERM)
        found.take_over(TWO, never)
        found.watch()
        found.end()
        assert signals.end
    assert living(place) == {}


def test_a_worker_that_is_deaf_is_killed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "END_WITHIN_S", 0.2)

    def deaf(directory: Path, engine: str, number: int) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        steady(directory, engine, number)

    with supervising(place, deaf) as (found, _):
        found.take_over(TWO, nowhere)
        found.end()
    assert living(place) == {}


def test_a_worker_that_is_asked_again_gives_up_what_it_does(place: Path) -> None:
    def slow_to_end(directory: Path, engine: str, number: int) -> None:
        try:
            steady(directory, engine, number)
        finally:
            time.sleep(60)

    with supervising(place, slow_to_end) as (found, _):
        found.take_over(TWO, nowhere)
        begun = time.monotonic()
        found.end()
    assert living(place) == {}
    assert time.monotonic() - begun < workers.END_WITHIN_S
