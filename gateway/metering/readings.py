"""What the workers' pages have counted since the meter last looked.

A page's counters are known again by its birth: so those of a page that is new, because the lab or
the machine was down, count from zero, and those of an old one from where they were.

A reading may be less than the one before: should a word ever be read while it is half written, the
next reading makes up for it. All readings of a counter add up to what it shows.

But a page is memory, and other bits may come into it. A counter that can't have grown as it shows
has jumped: it counts on from there, and the jump is nobody's traffic. What tells is that packets
have from 20 to 65,535 bytes each.
"""

import logging
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.exchange.worker_page import PageSlots, Traffic, counters, page_slots
from gateway.metering.values import NOTHING, minus
from gateway.packet.ipv4 import MIN_HEADER
from gateway.store.records import StoreError

SLOT: Final = struct.Struct("=4Q")
BLOCK: Final = 128 * SLOT.size  # compared at once: most addresses of a large pool are silent

TOTAL_MAX: Final = 65_535  # bytes of a packet
HALF_WRITTEN: Final = 4096  # packets: its words are read within as many, if who reads is held up
PACKETS_MAX: Final = 1 << 44  # 10 Mpps for 20 days

_log = logging.getLogger(__name__)

Taken = Mapping[tuple[int, int], Traffic]  # by birth and slot


@dataclass(frozen=True, slots=True)
class Reading:
    """One address's counters in one page: what they show now, and by how much that is more.

    `jump` is what they have changed without having counted it: the page was damaged.
    """

    birth: int
    slot: int
    total: Traffic
    more: Traffic
    jump: Traffic = NOTHING


class Readings:
    """What was read of the pages in one directory."""

    def __init__(self, directory: Path, taken: Taken) -> None:
        """`taken` is what the counters showed when they were last taken in."""
        self._directory = directory
        self._before: dict[int, bytes] = {}
        for (birth, slot), total in sorted(taken.items()):
            raw = bytearray(self._before.get(birth, b""))
            raw.extend(bytes(max(0, (slot + 1) * SLOT.size - len(raw))))
            SLOT.pack_into(raw, slot * SLOT.size, *total)
            self._before[birth] = bytes(raw)

    def gone(self) -> list[int]:
        """The births that no page has any more. Raises `StoreError`."""
        there = {page.birth for page in self._pages()}
        return [birth for birth in self._before if birth not in there]

    def take(self) -> list[Reading]:
        """All counters that changed; from now on they count from here. Raises `StoreError`."""
        return [reading for page in self._pages() for reading in self._more(page)]

    def totals(self, slot: int) -> dict[tuple[int, int], Traffic]:
        """What the counters of a slot showed when they were last taken in, by birth and slot."""
        at = slot * SLOT.size
        return {
            (birth, slot): counters(SLOT.unpack_from(raw, at))
            for birth, raw in self._before.items()
            if len(raw) >= at + SLOT.size
        }

    def _pages(self) -> list[PageSlots]:
        try:
            return page_slots(self._directory)
        except OSError as error:
            raise StoreError(f"the counters can't be read: {error}") from error

    def _more(self, page: PageSlots) -> Iterator[Reading]:
        before = self._before.get(page.birth, b"")
        padded = before.ljust(len(page.raw), b"\0")
        for at in _changed(padded, page.raw):
            total = counters(SLOT.unpack_from(page.raw, at))
            more = minus(total, counters(SLOT.unpack_from(padded, at)))
            slot = at // SLOT.size
            if _is_credible(more):
                yield Reading(page.birth, slot, total, more)
            else:
                _log.error("counters jumped by %s: damaged, and counted from there", tuple(more))
                yield Reading(page.birth, slot, total, NOTHING, more)
        self._before[page.birth] = page.raw + before[len(page.raw) :]


def _is_credible(more: Traffic) -> bool:
    """Whether packets of any lengths can add so much, with some of them half written."""
    return all(
        -HALF_WRITTEN <= packets <= PACKETS_MAX
        and MIN_HEADER * (packets - HALF_WRITTEN) <= length <= TOTAL_MAX * (packets + HALF_WRITTEN)
        for packets, length in (
            (more.packets_in, more.bytes_in),
            (more.packets_out, more.bytes_out),
        )
    )


def _changed(before: bytes, after: bytes) -> Iterator[int]:
    """The offsets of the slots that differ in the two."""
    for start in range(0, len(after), BLOCK):
        end = min(start + BLOCK, len(after))
        if before[start:end] != after[start:end]:
            for at in range(start, end, SLOT.size):
                if before[at : at + SLOT.size] != after[at : at + SLOT.size]:
                    yield at
