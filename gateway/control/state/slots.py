"""Slots: the numbers under which the data plane counts and polices public addresses.

A slot belongs to an address from the event that assigns the address until the event that releases
it. After the quarantine it is used again, the lowest first. So shared memory is as large as what is
in use.
"""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import takewhile
from typing import Final

from gateway.nat.table import SLOTS_MAX

CAPACITY_MIN: Final = 64  # slots of the smallest table


@dataclass(frozen=True, slots=True)
class SlotsImage:
    """An image keeps the facts from which a snapshot restores the slots."""

    of: dict[str, int]  # by address
    quarantined: dict[int, float]
    former: dict[int, str]
    end: int


class Slots:
    """The slots of one gateway, and the address that each belongs to."""

    def __init__(self, *, quarantine_s: float) -> None:
        self._quarantine_s = quarantine_s
        self._of: dict[str, int] = {}  # by address
        self._free: list[int] = []  # below the end and out of quarantine, in their order
        self._quarantined: OrderedDict[int, float] = (
            OrderedDict()
        )  # and since when, the first first
        self._former: dict[int, str] = {}  # by slot without an address: the last one it had
        self._end = 0  # no slot from here on was used yet

    @property
    def of(self) -> Mapping[str, int]:
        """The slots by the addresses that they belong to."""
        return self._of

    @property
    def capacity(self) -> int:
        """The size of a table with room for all slots used so far: it grows by doubling."""
        return max(CAPACITY_MIN, 1 << (self._end - 1).bit_length()) if self._end else CAPACITY_MIN

    def free(self, now: float, *, withheld: Container[str] = ()) -> Iterator[int]:
        """The slots that may be given to addresses at `now`, the lowest first.

        A slot that one of the `withheld` addresses had last is passed over: packets may still be
        counted for that address.
        """
        for slot in merge(self._free, sorted(self._due(now))):
            if self._former.get(slot) not in withheld:
                yield slot
        yield from range(self._end, SLOTS_MAX)

    def assign(self, address: str, slot: int, now: float) -> None:
        """Give an address its slot, which must be free."""
        assert address not in self._of, address
        self._end_quarantines(now)
        if slot >= self._end:
            self._free.extend(range(self._end, slot))
            self._end = slot + 1
        elif slot not in self._quarantined:
            at = bisect_left(self._free, slot)
            assert self._free[at : at + 1] == [slot], (address, slot)
            del self._free[at]
        # Whoever chose the slot knew a later time: an event is recorded after it was decided, and
        # the clock may be set back in between.
        self._quarantined.pop(slot, None)
        self._former.pop(slot, None)
        self._of[address] = slot

    def release(self, address: str, now: float) -> None:
        """Take the slot back from an address; its quarantine begins."""
        self._end_quarantines(now)
        slot = self._of.pop(address)
        self._quarantined[slot] = now
        self._former[slot] = address

    def image(self) -> SlotsImage:
        """Copy the facts of the slots, for a snapshot to keep."""
        return SlotsImage(dict(self._of), dict(self._quarantined), dict(self._former), self._end)

    def restore(self, image: SlotsImage) -> None:
        """Take over the slots of an image, before any slot is used."""
        self._of.update(image.of)
        self._quarantined.update(image.quarantined)
        self._former.update(image.former)
        self._end = image.end
        taken = {*image.of.values(), *image.quarantined}
        self._free.extend(slot for slot in range(image.end) if slot not in taken)

    def _due(self, now: float) -> list[int]:
        """The slots whose quarantine has ended, as far as they are the first."""
        # A time in the future is of a clock that was set back since: no reason to wait for it.
        ended = takewhile(
            lambda item: not item[1] <= now < item[1] + self._quarantine_s,
            self._quarantined.items(),
        )
        return [slot for slot, _ in ended]

    def _end_quarantines(self, now: float) -> None:
        for slot in self._due(now):
            del self._quarantined[slot]
            self._free.insert(bisect_left(self._free, slot), slot)
