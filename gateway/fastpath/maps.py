"""New maps for a fast path: how large, and what they take over from those before.

Each has room for twice as many slots as the published table, so that it is seldom made anew. The
counters go on from the maps before. The buckets are the same maps, where these have room enough: so
old and new workers, and both paths, take from one word whenever they run side by side. Otherwise
they begin with the words of the file, into which those of the maps before were written.
"""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final, NamedTuple

from gateway.exchange import generations, pins, worker_page
from gateway.exchange.shared_words import WORD, SharedWords
from gateway.fastpath.program import Sizes
from gateway.fastpath.settings import FIELDS, SETTING, SLOW_PACKETS
from gateway.nat.policer import BUCKETS
from gateway.nat.shape import Rooms, Shape
from gateway.nat.table import POOLS_MAX, SLOTS_MAX, Table

SLOTS_MIN: Final = 1024
PACKAGES_MIN: Final = 64
LINKS_MIN: Final = 4096
ROOMS_MIN: Final = Rooms(bits=11, members=10, groups=6, remotes=6, units=14)
FILES: Final = {
    pins.ADDRESS_BUCKETS: generations.ADDRESS_BUCKETS,
    pins.PACKAGE_BUCKETS: generations.PACKAGE_BUCKETS,
}


class Place(NamedTuple):
    """A site, as its fast path knows it."""

    name: str
    directory: Path  # that control and the data plane share
    namespace: str
    uplink: str  # the interface
    address: str  # the gateway's own on the uplink
    pools: int = 1  # how many networks its pool has


def sizes_for(table: Table, links: int) -> Sizes:
    """Sizes with room to grow, for a gateway with this table and so many links."""
    now = table.shape
    slots = min(SLOTS_MAX, max(SLOTS_MIN, 2 * now.slots))
    room = max(PACKAGES_MIN, 2 * now.room)
    rooms = Rooms(
        *(max(least, 1 + exponent) for least, exponent in zip(ROOMS_MIN, now.rooms, strict=True))
    )
    shape = Shape(slots, max(now.bits, (2 * slots - 1).bit_length()), room, rooms)
    assert int(BUCKETS) == 2, "a loader makes two buckets for each"
    return Sizes(-(-shape.size // 8) * 8, slots, room, max(LINKS_MIN, 2 * links))


@contextmanager
def kept(directory: Path, sizes: Sizes) -> Iterator[dict[str, int]]:
    """The buckets in use that have room enough, by name: open during the block."""
    needed = {
        pins.ADDRESS_BUCKETS: sizes.slots * int(BUCKETS),
        pins.PACKAGE_BUCKETS: sizes.packages * int(BUCKETS),
    }
    with ExitStack() as opened:
        found = {}
        with suppress(OSError):
            if pins.state(directory) in pins.IN_USE:
                for name, count in needed.items():
                    pin = opened.enter_context(pins.pin(directory, name))
                    if pin.entries() >= count:
                        found[name] = pin.file
        yield found


def set_up(site: Place, folder: Path, slots: int, filled: Collection[str] = ()) -> None:
    """Fill the new maps in `folder` with all but the table and the links. Raises `OSError`.

    Those with these names are `filled` already.
    """
    settings = _memory(folder, pins.SETTINGS).cast("I")
    for name, value in (
        ("address", int(IPv4Address(site.address))),
        ("whole_pools", site.pools <= POOLS_MAX),
        ("slow_packets", SLOW_PACKETS),
    ):
        settings[FIELDS[name] // SETTING] = value
    for name in FILES.keys() - set(filled):
        words = _memory(folder, name)
        with suppress(FileNotFoundError):
            raw = (site.directory / FILES[name]).read_bytes()[: len(words)]
            words[: len(raw)] = raw
    _go_on_counting(site.directory, folder, slots)


def give_buckets_back(directory: Path) -> None:
    """Write the buckets of the maps that are pinned now into the files. Raises `OSError`."""
    for name, file in FILES.items():
        words = pins.memory(directory, name)
        shared = SharedWords(directory / file, len(words) // WORD)
        shared.memory[: len(words)] = words
        shared.close()


def _go_on_counting(directory: Path, folder: Path, slots: int) -> None:
    """Begin each processor's page, with what its page before has counted."""
    pages, before = _pages(folder), []
    with suppress(OSError):
        before = _pages(directory / pins.LINK)
    for number, page in enumerate(pages):
        worker_page.begin(page, slots, before[number] if number < len(before) else page[:0])


def _pages(folder: Path) -> list[memoryview]:
    with pins.Pin(folder / pins.PAGES) as pin:
        memory, count = pin.memory(), pin.entries()
    size = len(memory) // count
    return [memory[start : start + size] for start in range(0, len(memory), size)]


def _memory(folder: Path, name: str) -> memoryview:
    with pins.Pin(folder / name) as pin:
        return pin.memory()
