"""A worker's page of shared memory: what it acknowledged and what it counted.

One file per worker, one writer, any number of readers; so nothing locks, and counts are exact.
Words are 64-bit and native; a reader may see one packet's words half written, never a torn word.
`gateway/nat/tally.py` does the counting::

    0  magic    1  process id    2  acknowledged generation    3  slots    4  birth
    5  heartbeat    6  the birth's bits the other way round    7  zero
    8  one counter per reason (64)
    72 per slot: inbound packets, inbound bytes, outbound packets, outbound bytes

Bytes are IPv4 total lengths of translated packets: what pay-by-traffic bills. The counters go on
when a worker restarts, and start at zero with the lab. The birth is a number that tells the
counters that start at zero here from all that did elsewhere: whoever took them in knows them again.

The heartbeat is the time, ns of CLOCK_MONOTONIC, at which the worker's loop went round last. Only
the loop writes it: a worker that is stopped, or caught somewhere, makes none.

Whoever reads a page may find any bits in it. A head that is damaged is no head; the worker writes
its head again with each look around. A counter is read without its two highest bits, so that it
fits where it is kept; the meter sees whether it can have grown so much.

A worker that lives holds a lock on its page: a page without one is of a worker that ended.

The fast path counts in such pages, too, one for each processor, in a map of the kernel's
(`pins.py`). Nobody holds a lock on those, and no heartbeat is in them: they are no workers.
"""

import fcntl
import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, Self

from gateway.exchange import pins
from gateway.exchange.shared_words import WORD, SharedWords
from gateway.nat.reasons import Reason
from gateway.nat.tally import BEAT, REASON_BASE, SLOT_BASE, SLOT_WORDS

MAGIC: Final = 0x3130_4557_4754  # "TGWE01"
PID, ACKNOWLEDGED, SLOTS, BIRTH = 1, 2, 3, 4  # and `BEAT`
CHECK: Final = 6
BIRTHS: Final = 1 << 62
COUNTS: Final = 1 << 62  # 4 EB
ALL_BITS: Final = (1 << 64) - 1
PIDS: Final = range(1, 1 << 22)  # the most that Linux has
LOCK_TRIES: Final = 20
LOCK_RETRY_S: Final = 0.01

PATTERN: Final = "worker-*.page"


class WorkerRunningError(RuntimeError):
    """Another live process has locked the page of this worker."""


class Traffic(NamedTuple):
    """Packets and IP bytes of one public address, by direction."""

    packets_in: int
    bytes_in: int
    packets_out: int
    bytes_out: int


class WorkerStatus(NamedTuple):
    """The status names the writer of a page, and the generation that it acknowledged.

    A `pid` of 0 is unknown; another one may be of any process, if the page is damaged.
    `beat` is when its loop went round last, in ns of CLOCK_MONOTONIC; 0 before the first time.
    """

    worker: str
    alive: bool
    pid: int
    acknowledged: int
    beat: int = 0


class PageSlots(NamedTuple):
    """The counters of addresses in one page: four words for each slot, as they lie there."""

    birth: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Counts:
    """What one worker, or several added up, counted: only what isn't zero."""

    reasons: Counter[Reason]
    slots: dict[int, Traffic]


class WorkerPage:
    """The writer's side. Raises `WorkerRunningError` if another process writes this page."""

    def __init__(self, directory: Path, worker: int) -> None:
        """Open or create the page and lock it; earlier counts are kept."""
        self._shared = SharedWords(page_path(directory, worker))
        if not _lock(self._shared.file):
            self._shared.close()
            raise WorkerRunningError(f"worker {worker} is running already")
        slots, birth = _kept(self._shared.file)
        self._birth = birth or 1 + secrets.randbelow(BIRTHS)
        self._acknowledged = 0
        self._map(slots)
        self._shared.words[BEAT] = 0
        self.write_head()

    def __enter__(self) -> Self:
        """Give the page; leaving the block unlocks it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Unlock and close the page; memory that is in use stays mapped."""
        # To close isn't enough: memory that is mapped holds the file open, and so its lock.
        fcntl.flock(self._shared.file, fcntl.LOCK_UN)
        self._shared.close()

    @property
    def memory(self) -> memoryview:
        """Return the page as it is mapped until `hold` makes it larger."""
        return self._shared.memory

    def hold(self, slots: int) -> bool:
        """Make room for `slots` slots; never makes it smaller. Whether `memory` is another now.

        Raises `OSError` if there isn't as much memory.
        """
        if slots <= self._slots:
            return False
        self._map(slots)
        return True

    def acknowledge(self, generation: int) -> None:
        """Say that every packet from now on sees `generation`."""
        self._acknowledged = generation
        self.write_head()

    def write_head(self) -> None:
        """Write all of the head but the heartbeat: what is there may be damaged."""
        words = self._shared.words
        words[0] = MAGIC
        words[PID] = os.getpid()
        words[SLOTS] = self._slots
        words[BIRTH] = self._birth
        words[CHECK] = self._birth ^ ALL_BITS
        words[ACKNOWLEDGED] = self._acknowledged

    def _map(self, slots: int) -> None:
        self._shared.hold(SLOT_BASE + slots * SLOT_WORDS)
        self._slots = slots
        self._shared.words[SLOTS] = slots


def begin(page: memoryview, slots: int, before: memoryview) -> None:
    """Make memory of zeros a page with room for `slots` that no process locks.

    It goes on from `before`, if that is a page: its birth, and what it has counted.
    """
    words, old = page.cast("Q"), _words(bytes(before))
    birth = 1 + secrets.randbelow(BIRTHS)
    if _is_birth(old):
        birth = old[BIRTH]
        end = min(SLOT_BASE + min(old[SLOTS], slots) * SLOT_WORDS, len(old))
        words[REASON_BASE:end] = old[REASON_BASE:end]
    words[0], words[SLOTS], words[BIRTH], words[CHECK] = MAGIC, slots, birth, birth ^ ALL_BITS


def page_path(directory: Path, worker: int) -> Path:
    """Return the path of the page of worker number `worker`."""
    return directory / f"worker-{worker}.page"


def statuses(directory: Path) -> Iterator[WorkerStatus]:
    """Every worker that has a page, the dead ones included."""
    for path in sorted(directory.glob(PATTERN)):
        with suppress(FileNotFoundError), path.open("rb") as file:
            words = _words(file.read(SLOT_BASE * WORD))
            alive = _is_locked(file.fileno())
            pid = words[PID] if words[PID] in PIDS else 0
            yield WorkerStatus(path.stem, alive, pid, words[ACKNOWLEDGED], words[BEAT])


def heartbeat(directory: Path, worker: int) -> int:
    """The heartbeat of a worker, as in `WorkerStatus`; 0 if it has no page."""
    with suppress(FileNotFoundError), page_path(directory, worker).open("rb") as file:
        return int(_words(file.read(SLOT_BASE * WORD))[BEAT])
    return 0


def slots_held(directory: Path) -> int:
    """How many slots are counted; 0 without a page."""
    return max((_held(page, _head(page)) for page in _pages(directory)), default=0)


def counts(directory: Path, slots: range | None = None) -> Counts:
    """What all workers and the fast path counted, added up, of all slots or of some.

    Dead workers' counts stay.
    """
    return _sum(_pages(directory), slots)


def fast_counts(directory: Path) -> Counts:
    """What the fast path alone counted, by reason."""
    return _sum(_kernel_pages(directory), range(0))


def _sum(pages: Iterable["_Page"], slots: range | None) -> Counts:
    total = Counts(Counter(), {})
    for page in pages:
        head = _head(page)
        held = range(_held(page, head))
        wanted = held if slots is None else held[slots.start : slots.stop]
        start = SLOT_BASE + wanted.start * SLOT_WORDS
        raw = page.read(start * WORD, len(wanted) * SLOT_WORDS * WORD)
        _add(total, head, wanted, memoryview(raw).cast("Q"))
    return total


def page_slots(directory: Path) -> list[PageSlots]:
    """Read the address counters of each page. Raises `OSError` if a page can't be read.

    A page that is only just being made isn't there yet.
    """
    found = []
    for page in _pages(directory):
        words = _words(page.read(0, page.size))
        if _is_birth(words):
            end = SLOT_BASE + min(words[SLOTS], _slots_in(len(words))) * SLOT_WORDS
            found.append(PageSlots(words[BIRTH], words[SLOT_BASE:end].tobytes()))
    return found


class _Page(NamedTuple):
    """A page to read: its size in bytes, and what reads so many bytes from a place on."""

    size: int
    read: Callable[[int, int], bytes]


def _pages(directory: Path) -> Iterator[_Page]:
    """Each page, of workers and of the fast path. Raises `OSError` if one can't be opened."""
    for path in _paths(directory):
        with suppress(FileNotFoundError), path.open("rb") as file:
            yield _Page(os.fstat(file.fileno()).st_size, partial(_read_file, file.fileno()))
    yield from _kernel_pages(directory)


def _kernel_pages(directory: Path) -> Iterator[_Page]:
    """Each page of the fast path, if there is one. Raises `OSError` if they can't be opened."""
    if not pins.is_linked(directory):
        return
    with pins.pin(directory, pins.PAGES) as pin:
        memory, count = pin.memory(), pin.entries()
    size = len(memory) // count
    for start in range(0, len(memory), size):
        yield _Page(size, partial(_read_memory, memory[start : start + size]))


def _read_file(file: int, at: int, length: int) -> bytes:
    return os.pread(file, length, at)


def _read_memory(memory: memoryview, at: int, length: int) -> bytes:
    return bytes(memory[at : at + length])


def _head(page: _Page) -> memoryview:
    return _words(page.read(0, SLOT_BASE * WORD))


def _held(page: _Page, head: memoryview) -> int:
    """How many slots the page has by its head, and has room for."""
    return min(head[SLOTS], max(0, _slots_in(page.size // WORD)))


def _paths(directory: Path) -> list[Path]:
    """List the pages' paths. Unlike a glob it raises `OSError` for a folder that can't be read."""
    try:
        names = sorted(os.listdir(directory))  # noqa: PTH208  names are enough
    except FileNotFoundError:
        return []
    return [directory / name for name in names if fnmatchcase(name, PATTERN)]


def _slots_in(words: int) -> int:
    """How many slots a page of so many words has room for."""
    return (words - SLOT_BASE) // SLOT_WORDS


def _add(total: Counts, head: memoryview, slots: range, words: memoryview) -> None:
    for reason in Reason:
        total.reasons[reason] += head[REASON_BASE + reason] % COUNTS
    for at, slot in enumerate(slots):
        counted = counters(words[at * SLOT_WORDS : (at + 1) * SLOT_WORDS])
        if any(counted):
            before = total.slots.get(slot, Traffic(0, 0, 0, 0))
            total.slots[slot] = Traffic(*map(sum, zip(before, counted, strict=True)))


def counters(words: Iterable[int]) -> Traffic:
    """The counters in the four words of a slot."""
    return Traffic(*(word % COUNTS for word in words))


def _is_birth(words: memoryview) -> bool:
    """Whether a page's birth is one, and undamaged; a version before wrote no check."""
    return 0 < words[BIRTH] <= BIRTHS and words[CHECK] in (0, words[BIRTH] ^ ALL_BITS)


def _words(raw: bytes) -> memoryview:
    """The page as words; a page that is new, or no page, reads as zeros."""
    words = memoryview(raw[: len(raw) // WORD * WORD]).cast("Q")
    if len(words) < SLOT_BASE or words[0] != MAGIC:
        return memoryview(bytes(SLOT_BASE * WORD)).cast("Q")
    return words


def _lock(file: int) -> bool:
    """Lock the page. Tries for a moment: a reader that looks whether we live holds it briefly."""
    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOCK_RETRY_S)
        else:
            return True
    return False


def _is_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def _kept(file: int) -> tuple[int, int]:
    """How many slots an earlier worker left in the page, and its birth.

    A page that is none, or is damaged where its birth is, is emptied: 0 and 0.
    """
    words = _words(os.pread(file, SLOT_BASE * WORD, 0))
    if words[0] == MAGIC and _is_birth(words):
        return _slots_in(os.fstat(file).st_size // WORD), words[BIRTH]
    os.ftruncate(file, 0)
    return 0, 0
