"""Pages that the fast path counts in: more workers to all who add up, and no workers at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.kernel_maps import PAGE_BYTES, PROCESSORS, needs_kernel, pinned

from gateway.exchange import pins, worker_page
from gateway.exchange.worker_page import Traffic, WorkerPage
from gateway.nat.reasons import Reason
from gateway.nat.tally import SLOT_BASE, SLOT_WORDS, Tally

pytestmark = needs_kernel

SLOTS = 20


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[list[memoryview]]:
    """The page of each processor, just begun."""
    with pinned(tmp_path):
        memory = pins.memory(tmp_path, pins.PAGES)
        found = [memory[n * PAGE_BYTES : (n + 1) * PAGE_BYTES] for n in range(PROCESSORS)]
        for page in found:
            worker_page.begin(page, SLOTS, page[:0])
        yield found


def count(page: memoryview, slot: int, length: int, reason: Reason = Reason.TRANSLATED) -> None:
    """Count one inbound packet there, as a worker would."""
    Tally(page).count(reason, -1, slot, length)


def test_its_pages_are_added_to_the_workers(tmp_path: Path, pages: list[memoryview]) -> None:
    with WorkerPage(tmp_path, 0) as worker:
        worker.hold(4)
        count(worker.memory, 3, 100)
        for page in pages:
            count(page, 3, 40)
        count(pages[0], 9, 1)
        count(pages[1], 0, 20, Reason.MARTIAN)
        total = worker_page.counts(tmp_path)
        assert total.slots == {3: Traffic(3, 180, 0, 0), 9: Traffic(1, 1, 0, 0)}
        assert +total.reasons == {Reason.TRANSLATED: 4, Reason.MARTIAN: 1}
        assert +worker_page.fast_counts(tmp_path).reasons == {
            Reason.TRANSLATED: 3,
            Reason.MARTIAN: 1,
        }
        assert worker_page.counts(tmp_path, range(9, 10)).slots == {9: Traffic(1, 1, 0, 0)}
        assert worker_page.slots_held(tmp_path) == SLOTS


def test_its_pages_are_no_workers(tmp_path: Path, pages: list[memoryview]) -> None:
    assert not list(worker_page.statuses(tmp_path))


def test_without_a_fast_path_it_has_counted_nothing(tmp_path: Path) -> None:
    assert not +worker_page.fast_counts(tmp_path).reasons


def test_the_meter_knows_each_page_by_its_birth(tmp_path: Path, pages: list[memoryview]) -> None:
    count(pages[1], 0, 40)
    found = worker_page.page_slots(tmp_path)
    assert len({page.birth for page in found}) == len(pages)
    assert [len(page.raw) for page in found] == [SLOTS * 32] * PROCESSORS
    assert worker_page.counters(memoryview(found[1].raw).cast("Q")[:4]) == Traffic(1, 40, 0, 0)


@pytest.mark.parametrize("slots", [SLOTS, SLOTS + 9, SLOTS - 9])
def test_a_page_goes_on_from_the_one_before(pages: list[memoryview], slots: int) -> None:
    count(pages[0], SLOTS - 12, 40)
    count(pages[0], 0, 20, Reason.MARTIAN)
    after = memoryview(bytearray(PAGE_BYTES))
    worker_page.begin(after, slots, pages[0])
    before, now = pages[0].cast("Q"), after.cast("Q")
    assert now[worker_page.BIRTH] == before[worker_page.BIRTH]
    assert now[worker_page.SLOTS] == slots
    end = SLOT_BASE + min(slots, SLOTS) * SLOT_WORDS
    assert now[8:end] == before[8:end]
    assert not any(now[end:])


def test_a_page_that_is_damaged_is_not_gone_on_from(pages: list[memoryview]) -> None:
    count(pages[0], 0, 40)
    pages[0].cast("Q")[worker_page.CHECK] += 1
    after = memoryview(bytearray(PAGE_BYTES))
    worker_page.begin(after, SLOTS, pages[0])
    assert not any(after.cast("Q")[8:])
