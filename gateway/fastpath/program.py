"""The programs of the fast path: their sizes, and how they are loaded.

`program.bpf.o` is compiled from `program.bpf.c` by `scripts/fastpath`, and kept beside it: one
object for all machines, so nothing is compiled where the gateway is installed.
"""

import struct
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple, Self

from gateway.fastpath.bpf import Capacity, FastPathError, Library, Object
from gateway.nat.policer import BUCKETS
from gateway.nat.tally import SLOT_BASE, SLOT_WORDS

OBJECT: Final = Path(__file__).parent / "program.bpf.o"
NAME: Final = "tgw"
FROM_UPLINK: Final = "from_uplink"
FROM_INSTANCE: Final = "from_instance"
PAGE: Final = 4096
TABLE_BYTES_MAX: Final = 1 << 29  # more can't be reached from one place, says the verifier
LINKS: Final = 4096
NOTHING_KEPT: Final[Mapping[str, int]] = MappingProxyType({})

_CONSTANTS: Final = struct.Struct("=QQQ")
_WORD: Final = 8


class Sizes(NamedTuple):
    """How much a load has room for. What is beyond goes the slow path."""

    table_bytes: int
    slots: int
    packages: int
    links: int = LINKS
    processors: int = 0  # 0: as many as this machine may have


class Loaded:
    """Programs that the kernel has taken, and their maps: descriptors by name."""

    def __init__(self, library: Library, loaded: Object) -> None:
        """Take an object that the kernel has taken, and close it in the end."""
        self.library = library
        self._object = loaded
        self.maps: Mapping[str, int] = loaded.maps()
        self.programs: Mapping[str, int] = loaded.programs()

    def __enter__(self) -> Self:
        """Give the programs; leaving the block closes them."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the programs and the maps: what is pinned or attached stays."""
        self.close()

    def close(self) -> None:
        """Close the programs and the maps: what is pinned or attached stays."""
        self._object.close()

    def pin(self, directory: Path) -> None:
        """Pin all maps and programs by their names in a folder that is there. Raises `OSError`."""
        for name, descriptor in {**self.maps, **self.programs}.items():
            if "." not in name:  # constants have no other reader
                self.library.pin(descriptor, directory / name)


def load(
    sizes: Sizes, kept: Mapping[str, int] = NOTHING_KEPT, *, replaying: bool = False
) -> Loaded:
    """Have the kernel take the programs. Raises `FastPathError`.

    The maps that are `kept`, descriptors by name, are those of other programs, too.

    To replay is to run them on packets of a capture: they ask for no way on, and take the time from
    the settings.
    """
    library = Library()
    try:
        content = OBJECT.read_bytes()
    except OSError as error:
        raise FastPathError(f"{OBJECT}: {error.strerror}") from error
    loading = Object(library, content, NAME)
    try:
        _prepare(loading, sizes, library.processors(), kept, replaying=replaying)
        loading.load()
    except BaseException:
        loading.close()
        raise
    return Loaded(library, loading)


def page_bytes(slots: int) -> int:
    """The length of one processor's page: whole pages of memory, so that each can be mapped."""
    used = (SLOT_BASE + slots * SLOT_WORDS) * _WORD
    return int(-(-used // PAGE) * PAGE)


def _prepare(
    loading: Object, sizes: Sizes, processors: int, kept: Mapping[str, int], *, replaying: bool
) -> None:
    table = -(-sizes.table_bytes // _WORD) * _WORD
    if table > TABLE_BYTES_MAX:
        raise FastPathError(f"a table of {table} bytes: {TABLE_BYTES_MAX} is the most there can be")
    page = page_bytes(sizes.slots)
    capacities = {
        "table_0": Capacity(bytes=table),
        "table_1": Capacity(bytes=table),
        "pages": Capacity(sizes.processors or processors, page),
        "address_buckets": Capacity(max(1, sizes.slots) * BUCKETS),
        "package_buckets": Capacity(max(1, sizes.packages) * BUCKETS),
        "slow_buckets": Capacity(max(1, sizes.slots) * BUCKETS),
        "links": Capacity(sizes.links),
    }
    for name, capacity in capacities.items():
        if name in kept:
            loading.use(name, kept[name])
        else:
            loading.size(name, capacity)
    loading.set_constants(_CONSTANTS.pack(table, page, replaying))
