"""The counters of slots, as counters of the public addresses that the slots belong to.

A slot is used again for another address. The book says which address a slot belongs to or belonged
to last, and what its counters showed when it came to that address. The pages say what they show.
"""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from pathlib import Path

from gateway.exchange import generations
from gateway.exchange.worker_page import PageSlots, Traffic, counters, page_slots
from gateway.metering.book import slot_history
from gateway.metering.readings import SLOT
from gateway.metering.values import NOTHING, minus, plus
from gateway.nat.table import SLOTS_MAX, Table


def by_address(directory: Path, book: Path, slots: range | None = None) -> dict[str, Traffic]:
    """What each address carried since its slot belongs to it, by the pages in `directory`.

    With `slots` only the addresses with these slots. A slot that the book doesn't know belongs to
    the address that the published table has it for. Raises `StoreError`, or `OSError` if a page
    can't be read.
    """
    wanted = range(SLOTS_MAX)
    if slots is not None:
        wanted = range(min(slots.start, SLOTS_MAX), min(slots.stop, SLOTS_MAX))
    history = slot_history(book, wanted)
    by_slot: dict[int, Traffic] = {}
    for page in page_slots(directory):
        for slot, total in _counted(page, wanted):
            more = minus(total, history.origins.get((page.birth, slot), NOTHING))
            by_slot[slot] = plus(by_slot.get(slot, NOTHING), more)
    names: Mapping[int, str | None] = history.addresses
    if not by_slot.keys() <= names.keys():
        names = {**addresses_of(generations.load(directory)), **names}
    named = ((names.get(slot, f"slot {slot}"), seen) for slot, seen in by_slot.items())
    found = {name: seen for name, seen in named if name and any(seen)}
    return dict(sorted(found.items(), key=_order))


def addresses_of(table: Table) -> Mapping[int, str]:
    """The public addresses of a table, by slot."""
    return {mapping.slot: str(IPv4Address(mapping.public)) for mapping in table.mappings}


def _counted(page: PageSlots, wanted: range) -> Iterator[tuple[int, Traffic]]:
    """Those of the wanted slots of a page that counted something."""
    raw = memoryview(page.raw)[wanted.start * SLOT.size : wanted.stop * SLOT.size]
    for slot, words in enumerate(SLOT.iter_unpack(raw), wanted.start):
        if any(words):
            yield slot, counters(words)


def _order(item: tuple[str, Traffic]) -> tuple[int, ...]:
    """By the address as a number; a slot without one comes last."""
    address = item[0]
    return (0, *map(int, address.split("."))) if address.count(".") == 3 else (1,)
