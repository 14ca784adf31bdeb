"""Random bits in what another process writes: who reads it goes on, and it heals by itself."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from gateway.dataplane import workers
from gateway.exchange import generations
from gateway.exchange.shared_words import WORD
from gateway.exchange.worker_page import (
    COUNTS,
    PIDS,
    WorkerPage,
    counts,
    heartbeat,
    page_path,
    page_slots,
    slots_held,
    statuses,
)
from gateway.nat.table import Mapping, build
from gateway.nat.tally import SLOT_BASE, Tally

SLOTS = 4
PAGE_BYTES = (SLOT_BASE + SLOTS * 4) * WORD
DAMAGE = st.lists(st.integers(0, PAGE_BYTES * 8 - 1), min_size=1, max_size=200)
HEAD = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 2**64 - 1)), min_size=1, max_size=8
)  # word and value


def flip(path: Path, bits: list[int]) -> None:
    raw = bytearray(path.read_bytes())
    for bit in bits:
        raw[bit // 8] ^= 1 << bit % 8
    with path.open("r+b") as file:
        file.write(raw)


def overwrite(path: Path, words: list[tuple[int, int]]) -> None:
    with path.open("r+b") as file:
        for word, value in words:
            file.seek(word * WORD)
            file.write(value.to_bytes(WORD, sys.byteorder))


def read_all(directory: Path) -> None:
    """Read a directory's pages in every way there is; all that is found can be kept."""
    found = counts(directory)
    assert all(0 <= count < COUNTS * 2 for count in found.reasons.values())
    assert all(0 <= word < COUNTS for traffic in found.slots.values() for word in traffic)
    for page in page_slots(directory):
        assert 0 < page.birth <= COUNTS
    assert 0 <= slots_held(directory) <= SLOTS
    for status in statuses(directory):
        assert status.pid == 0 or status.pid in PIDS
    assert 0 <= generations.acknowledged(directory) <= 1
    generations.laggards(directory, 1)
    generations.wake_workers(directory)
    heartbeat(directory, 0)


@given(bits=DAMAGE)
def test_any_bits_in_a_page_can_be_read(bits: list[int]) -> None:
    with TemporaryDirectory() as name:
        directory = Path(name)
        generations.publish(directory, build(1, 2, [Mapping(1, 2, 1)]))
        with WorkerPage(directory, 0) as page:
            page.hold(SLOTS)
            page.acknowledge(1)
            Tally(page.memory).count(0, 1, 2, 100)
            flip(page_path(directory, 0), bits)
            read_all(directory)


@given(words=HEAD)
def test_a_damaged_head_is_written_again_by_its_worker(words: list[tuple[int, int]]) -> None:
    with TemporaryDirectory() as name:
        directory = Path(name)
        generations.publish(directory, build(1, 2, [Mapping(1, 2, 1)]))
        with WorkerPage(directory, 0) as page:
            page.hold(SLOTS)
            page.acknowledge(1)
            before = list(statuses(directory)), page_slots(directory)
            overwrite(page_path(directory, 0), [found for found in words if found[0] != 5])
            read_all(directory)
            assert page.hold(SLOTS) is False
            page.write_head()
            assert (list(statuses(directory)), page_slots(directory)) == before


@given(bits=DAMAGE)
def test_the_next_worker_opens_any_page(bits: list[int]) -> None:
    with TemporaryDirectory() as name:
        directory = Path(name)
        with WorkerPage(directory, 0) as page:
            page.hold(SLOTS)
        flip(page_path(directory, 0), bits)
        with WorkerPage(directory, 0) as page:
            page.hold(SLOTS)
            Tally(page.memory).count(0, SLOTS - 1, -1, 100)
            (found,) = page_slots(directory)
            assert len(found.raw) >= SLOTS * 4 * WORD


def test_a_process_that_a_damaged_page_names_is_no_worker(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger, WorkerPage(tmp_path, 0):
        overwrite(page_path(tmp_path, 0), [(1, stranger.pid)])
        assert workers.adopt(tmp_path) == []
        stranger.kill()
