import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange.worker_page import (
    MAGIC,
    PageSlots,
    Traffic,
    WorkerPage,
    WorkerRunningError,
    WorkerStatus,
    counts,
    heartbeat,
    page_path,
    page_slots,
    slots_held,
    statuses,
)
from gateway.nat.outcome import NO_SLOT, Outcome
from gateway.nat.reasons import Reason
from gateway.nat.tally import REASONS_MAX, SLOT_BASE, Tally

WORD = 8

COUNTS_ELSEWHERE = """
import sys
from pathlib import Path
from gateway.exchange.worker_page import counts, statuses
directory = Path(sys.argv[1])
found = counts(directory)
print(found.slots[2], {r.label: n for r, n in found.reasons.items() if n}, *statuses(directory))
"""
COUNT_AND_DIE = """
import os, sys
from pathlib import Path
from gateway.nat.tally import Tally
from gateway.exchange.worker_page import WorkerPage
page = WorkerPage(Path(sys.argv[1]), 0)
page.hold(4)
page.acknowledge(9)
Tally(page.memory).count(0, -1, 2, 100)
os.kill(os.getpid(), 9)
"""


def count(page: WorkerPage, outcome: Outcome, length: int) -> None:
    Tally(page.memory).count(*outcome, length)


def received(slot: int) -> Outcome:
    return Outcome(Reason.TRANSLATED, receiver=slot)


def sent(slot: int) -> Outcome:
    return Outcome(Reason.TRANSLATED, sender=slot)


def python(program: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def words_of(directory: Path, worker: int = 0) -> list[int]:
    raw = page_path(directory, worker).read_bytes()
    return list(struct.unpack(f"={len(raw) // WORD}Q", raw))


def test_a_new_page_counts_nothing(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0):
        found = counts(tmp_path)
    assert found.slots == {}
    assert not any(found.reasons.values())
    assert set(found.reasons) == set(Reason)


def test_a_directory_without_pages_counts_nothing(tmp_path: Path) -> None:
    assert not any(counts(tmp_path).reasons.values())
    assert list(statuses(tmp_path)) == []


def test_the_layout_is_the_documented_one(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0) as page:
        page.hold(3)
        page.acknowledge(42)
        count(page, received(1), 60)
        count(page, sent(1), 1500)
        count(page, sent(1), 40)
        count(page, Outcome(Reason.TRUNCATED), 0)
    expected = [0] * (72 + 3 * 4)
    birth = words_of(tmp_path)[4]
    assert birth > 0
    expected[:7] = [MAGIC, os.getpid(), 42, 3, birth, 0, birth ^ 2**64 - 1]
    expected[8 + Reason.TRANSLATED] = 3
    expected[8 + Reason.TRUNCATED] = 1
    expected[72 + 4 : 72 + 8] = [1, 60, 2, 1540]
    assert words_of(tmp_path) == expected


def test_the_magic_is_readable_in_a_dump() -> None:
    assert MAGIC.to_bytes(8, "little").rstrip(b"\0") == b"TGWE01"


WHO = [
    pytest.param(Outcome(Reason.TRANSLATED, receiver=0), {0: Traffic(1, 77, 0, 0)}, id="inbound"),
    pytest.param(Outcome(Reason.TRANSLATED, sender=0), {0: Traffic(0, 0, 1, 77)}, id="outbound"),
    pytest.param(
        Outcome(Reason.TRANSLATED, sender=0, receiver=1),
        {0: Traffic(0, 0, 1, 77), 1: Traffic(1, 77, 0, 0)},
        id="hairpin",
    ),
    pytest.param(
        Outcome(Reason.TRANSLATED, sender=1, receiver=1), {1: Traffic(1, 77, 1, 77)}, id="itself"
    ),
]


@pytest.mark.parametrize(("outcome", "traffic"), WHO)
def test_a_packet_is_counted_once_under_its_reason(
    tmp_path: Path, outcome: Outcome, traffic: dict[int, Traffic]
) -> None:
    for reason in Reason:
        directory = tmp_path / reason.label
        directory.mkdir()
        with WorkerPage(directory, 0) as page:
            page.hold(2)
            count(page, outcome._replace(reason=reason), 77)
        found = counts(directory)
        assert {r: n for r, n in found.reasons.items() if n} == {reason: 1}
        assert found.slots == (traffic if reason is Reason.TRANSLATED else {}), reason


def test_a_heartbeat_is_read_without_the_rest(tmp_path: Path) -> None:
    assert heartbeat(tmp_path, 0) == 0
    with WorkerPage(tmp_path, 0) as page:
        Tally(page.memory).beat(7_000_000_001)
        assert heartbeat(tmp_path, 0) == 7_000_000_001


def test_without_a_slot_only_the_reason_is_counted(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0) as page:
        page.hold(2)
        count(page, Outcome(Reason.TRANSLATED), 9)
    found = counts(tmp_path)
    assert found.reasons[Reason.TRANSLATED] == 1
    assert found.slots == {}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(range(4), {1, 3}), (range(1, 3), {1}), (range(2, 99), {3}), (range(9, 10**30), set())],
)
def test_some_slots_can_be_asked_for(tmp_path: Path, wanted: range, found: set[int]) -> None:
    assert slots_held(tmp_path) == 0
    for worker in (0, 1):
        with WorkerPage(tmp_path, worker) as page:
            page.hold(4 - worker)
            count(page, received(1), 60)
    with WorkerPage(tmp_path, 0) as page:
        count(page, sent(3), 40)
    assert slots_held(tmp_path) == 4
    counted = counts(tmp_path, wanted)
    assert counted.slots.keys() == found
    assert counted.reasons[Reason.TRANSLATED] == 3
    if 1 in found:
        assert counted.slots[1] == Traffic(2, 120, 0, 0)


SLOTS = st.integers(NO_SLOT, 4)


@given(
    st.lists(
        st.tuples(
            st.builds(Outcome, st.sampled_from(Reason), SLOTS, SLOTS), st.integers(20, 65535)
        ),
        max_size=30,
    )
)
def test_what_is_counted_adds_up(
    tmp_path_factory: pytest.TempPathFactory, packets: list[tuple[Outcome, int]]
) -> None:
    directory = tmp_path_factory.mktemp("page")
    with WorkerPage(directory, 0) as page:
        page.hold(5)
        for outcome, length in packets:
            count(page, outcome, length)
    found = counts(directory)
    accepted = [packet for packet in packets if packet[0].reason is Reason.TRANSLATED]
    assert sum(found.reasons.values()) == len(packets)
    assert found.reasons[Reason.TRANSLATED] == len(accepted)
    for slot in range(5):
        came = [length for outcome, length in accepted if outcome.receiver == slot]
        went = [length for outcome, length in accepted if outcome.sender == slot]
        expected = Traffic(len(came), sum(came), len(went), sum(went))
        assert found.slots.get(slot, Traffic(0, 0, 0, 0)) == expected


def test_workers_are_added_up(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0) as first, WorkerPage(tmp_path, 1) as second:
        for page, slots in ((first, 2), (second, 4)):
            page.hold(slots)
            count(page, received(1), 100)
            count(page, Outcome(Reason.UNKNOWN_PUBLIC), 0)
        count(second, sent(3), 50)
        found = counts(tmp_path)
    assert found.slots == {1: Traffic(2, 200, 0, 0), 3: Traffic(0, 0, 1, 50)}
    assert found.reasons[Reason.UNKNOWN_PUBLIC] == 2


def test_counters_survive_growing_and_start_the_new_slots_at_zero(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0) as page:
        page.hold(1)
        before = Tally(page.memory)
        count(page, received(0), 10)
        assert page.hold(2000)
        before.count(*received(0), 10)  # what was held is the same memory still
        count(page, sent(1999), 30)
        assert counts(tmp_path).slots == {0: Traffic(2, 20, 0, 0), 1999: Traffic(0, 0, 1, 30)}


@pytest.mark.parametrize("slots", [0, 1, 3])
def test_holding_fewer_never_makes_it_smaller(tmp_path: Path, slots: int) -> None:
    with WorkerPage(tmp_path, 0) as page:
        assert page.hold(3)
        memory = page.memory
        count(page, received(2), 10)
        assert not page.hold(slots)
        assert page.memory is memory
        count(page, received(2), 10)
    assert counts(tmp_path).slots == {2: Traffic(2, 20, 0, 0)}


def test_counters_survive_reopening_but_the_acknowledgement_does_not(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0) as page:
        page.hold(4)
        page.acknowledge(5)
        count(page, received(3), 10)
    with WorkerPage(tmp_path, 0) as page:
        count(page, sent(3), 20)
        (status,) = statuses(tmp_path)
        assert status.acknowledged == 0
    assert counts(tmp_path).slots == {3: Traffic(1, 10, 1, 20)}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x07", id="less-than-a-word"),
        pytest.param(bytes(SLOT_BASE * WORD), id="zeros"),
        pytest.param(MAGIC.to_bytes(8, sys.byteorder), id="magic-and-nothing-else"),
        pytest.param(b"\xff" * SLOT_BASE * WORD, id="another-magic"),
    ],
)
def test_what_is_no_page_reads_as_zeros(tmp_path: Path, content: bytes) -> None:
    page_path(tmp_path, 0).write_bytes(content)
    found = counts(tmp_path)
    assert not any(found.reasons.values())
    assert found.slots == {}
    assert list(statuses(tmp_path)) == [WorkerStatus("worker-0", False, 0, 0)]


def test_slots_that_are_not_there_yet_are_not_read(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0) as page:
        page.hold(8)
        count(page, received(0), 10)
        count(page, received(7), 10)
    path = page_path(tmp_path, 0)
    path.write_bytes(path.read_bytes()[: (SLOT_BASE + 7 * 4 + 2) * WORD + 3])
    assert counts(tmp_path).slots == {0: Traffic(1, 10, 0, 0)}


def test_two_workers_cannot_have_the_same_page(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 3) as page:
        page.acknowledge(11)
        with pytest.raises(WorkerRunningError, match="worker 3 is running already"):
            WorkerPage(tmp_path, 3)
        assert list(statuses(tmp_path)) == [WorkerStatus("worker-3", True, os.getpid(), 11)]
    with WorkerPage(tmp_path, 3):
        pass


def test_a_refused_worker_in_another_process_changes_nothing(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0) as page:
        page.acknowledge(11)
        before = words_of(tmp_path)
        refused = python(COUNT_AND_DIE, tmp_path)
        assert words_of(tmp_path) == before
    assert "WorkerRunningError: worker 0 is running already" in refused.stderr


def test_a_reader_in_another_process_sees_the_counts_of_a_live_worker(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0) as page:
        page.hold(4)
        page.acknowledge(6)
        count(page, received(2), 100)
        seen = python(COUNTS_ELSEWHERE, tmp_path)
    assert seen.stdout.strip() == (
        f"{Traffic(1, 100, 0, 0)} {{'translated': 1}} "
        f"{WorkerStatus('worker-0', True, os.getpid(), 6)}"
    )


def test_a_killed_worker_is_not_alive_and_its_counts_stay(tmp_path: Path) -> None:
    assert python(COUNT_AND_DIE, tmp_path).returncode == -9
    (status,) = statuses(tmp_path)
    assert not status.alive
    assert status.acknowledged == 9
    assert counts(tmp_path).slots == {2: Traffic(1, 100, 0, 0)}
    with WorkerPage(tmp_path, 0) as page:
        count(page, received(2), 100)
    assert counts(tmp_path).slots == {2: Traffic(2, 200, 0, 0)}


def test_looking_whether_a_worker_lives_leaves_its_page_free(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0):
        pass
    for _ in range(3):
        assert not next(statuses(tmp_path)).alive
    with WorkerPage(tmp_path, 0):
        assert next(statuses(tmp_path)).alive
        assert next(statuses(tmp_path)).alive


def test_a_page_has_words_for_reasons_that_do_not_exist_yet(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0) as page:
        for reason in Reason:
            count(page, Outcome(reason), 0)
    words = words_of(tmp_path)
    assert len(words) == SLOT_BASE
    assert words[8:] == [1] * len(Reason) + [0] * (REASONS_MAX - len(Reason))


@pytest.mark.parametrize(
    "words",
    [
        pytest.param([0x0101010101010101] * 128, id="no magic"),
        pytest.param([MAGIC, 1, 1, 1 << 62, *[7] * 124], id="impossible number of slots"),
        pytest.param([1], id="cut"),
    ],
)
def test_a_page_that_is_none_begins_at_zero(tmp_path: Path, words: list[int]) -> None:
    page_path(tmp_path, 0).write_bytes(b"".join(word.to_bytes(8, sys.byteorder) for word in words))
    with WorkerPage(tmp_path, 0) as page:
        page.hold(4)
        found = counts(tmp_path)
    assert not any(found.reasons.values())
    assert found.slots == {}


def test_a_birth_stays_with_the_counters_and_no_two_are_the_same(tmp_path: Path) -> None:
    births = []
    for worker in (0, 1, 0):
        with WorkerPage(tmp_path, worker) as page:
            page.hold(1)
        births.append(words_of(tmp_path, worker)[4])
    assert births[0] == births[2] != births[1]
    page_path(tmp_path, 0).write_bytes(b"no page")
    with WorkerPage(tmp_path, 0):
        assert words_of(tmp_path)[4] not in (0, *births)


def test_what_addresses_have_counted_is_told_page_by_page(tmp_path: Path) -> None:
    with WorkerPage(tmp_path, 0) as first, WorkerPage(tmp_path, 7) as second:
        first.hold(1)
        second.hold(2)
        count(first, received(0), 100)
        count(second, sent(1), 40)
        births = [words_of(tmp_path, worker)[4] for worker in (0, 7)]
        assert page_slots(tmp_path) == [
            PageSlots(births[0], struct.pack("=4Q", 1, 100, 0, 0)),
            PageSlots(births[1], struct.pack("=8Q", 0, 0, 0, 0, 0, 0, 1, 40)),
        ]


def test_a_page_without_a_birth_has_counted_nothing_yet(tmp_path: Path) -> None:
    page_path(tmp_path, 0).write_bytes(MAGIC.to_bytes(8, sys.byteorder) + bytes(SLOT_BASE * WORD))
    assert page_slots(tmp_path) == []
    assert page_slots(tmp_path / "nowhere") == []


def test_a_folder_that_is_none_is_not_taken_for_empty(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        page_slots(tmp_path / "file")
