"""What both programs share with the fast path: maps of the kernel's, found by their pins.

A map outlives who made it while a program of the kernel's uses it, or a name in bpffs: its *pin*.
The pins lie in a folder, to which a link leads from the directory that control and the data plane
share; so all of them are replaced in one step. Without the link there is no fast path, and never
was one.

Maps are opened by bpf(2) itself and mapped into memory: to read them, and to publish, needs no
library. `settings` begins with a word that says what the fast path does (`State`).

Whoever writes more than counters holds the *turn*, a lock, so that a table isn't put in force in
maps that others are about to take the place of.
"""

import ctypes
import mmap
import os
import platform
import struct
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from enum import IntEnum
from pathlib import Path
from typing import Final, Self

from gateway.runtime import locks

LINK: Final = "fastpath"  # in the shared directory; it leads to the folder of pins
TURN: Final = "fastpath.turn"
TURN_WITHIN_S: Final = 5.0
TURN_LOOK_S: Final = 0.002

WORD, SETTINGS, GRACE, PAGES, LINKS = "word", "settings", "grace", "pages", "links"
TABLES: Final = ("table_0", "table_1")
ADDRESS_BUCKETS: Final = "address_buckets"
PACKAGE_BUCKETS: Final = "package_buckets"
STATE, WATCHED = 0, 1  # words of the settings

_CALLS: Final = {"x86_64": 321, "aarch64": 280}  # bpf(2)'s number
_LOOKUP, _UPDATE, _DELETE, _OBJ_GET = 1, 2, 3, 7
_libc = ctypes.CDLL(None, use_errno=True)


class State(IntEnum):
    """What the fast path does with these maps; those that are retired are never used again."""

    PREPARED = 0
    CARRYING = 1
    RETIRED = 2


IN_USE: Final = (State.PREPARED, State.CARRYING)


class Pin:
    """A map, or a program, that is pinned. Close it; memory that is in use stays mapped."""

    def __init__(self, path: Path) -> None:
        """Open what is pinned there. Raises `OSError`, `FileNotFoundError` if nothing is."""
        name = ctypes.create_string_buffer(bytes(path))
        self.file = call(_OBJ_GET, struct.pack("=QII", ctypes.addressof(name), 0, 0), str(path))
        self._path = path
        self._inode = path.stat().st_ino

    def __enter__(self) -> Self:
        """Give the pin; leaving the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the map or program; the pin stays."""
        os.close(self.file)

    def is_in_place(self) -> bool:
        """Whether this is what is pinned there now."""
        try:
            return self._path.stat().st_ino == self._inode
        except OSError:
            return False

    def size(self) -> int:
        """How many bytes of memory an array has. Raises `OSError`."""
        told = dict(_lines(Path(f"/proc/self/fdinfo/{self.file}")))
        return -(-int(told["value_size"]) // 8) * 8 * int(told["max_entries"])

    def entries(self) -> int:
        """How many entries the map has room for. Raises `OSError`."""
        return int(dict(_lines(Path(f"/proc/self/fdinfo/{self.file}")))["max_entries"])

    def program(self) -> int:
        """The kernel's number of the program that is pinned. Raises `OSError`."""
        return int(dict(_lines(Path(f"/proc/self/fdinfo/{self.file}")))["prog_id"])

    def memory(self) -> memoryview:
        """Map all of an array into memory, to be read and written. Raises `OSError`."""
        size = self.size()
        return memoryview(mmap.mmap(self.file, -(-size // mmap.PAGESIZE) * mmap.PAGESIZE))[:size]

    def put(self, key: int, value: int) -> None:
        """Put a value, both of 32 bits, into the map. Raises `OSError`."""
        words = (ctypes.c_uint32(key), ctypes.c_uint32(value))
        places = map(ctypes.addressof, words)
        call(_UPDATE, struct.pack("=IIQQQ", self.file, 0, *places, 0), str(self._path))

    def get(self, key: int, length: int) -> bytes:
        """The value at a key of 32 bits: so many bytes, of all processors. Raises `OSError`."""
        word, value = ctypes.c_uint32(key), ctypes.create_string_buffer(length)
        places = map(ctypes.addressof, (word, value))
        call(_LOOKUP, struct.pack("=IIQQQ", self.file, 0, *places, 0), str(self._path))
        return value.raw

    def drop(self, key: int) -> None:
        """Take a key of 32 bits out of the map, if it is there. Raises `OSError`."""
        word = ctypes.c_uint32(key)
        with suppress(FileNotFoundError):
            attributes = struct.pack("=IIQQQ", self.file, 0, ctypes.addressof(word), 0, 0)
            call(_DELETE, attributes, str(self._path))


def call(command: int, attributes: bytes, subject: str) -> int:
    """Make the system call bpf(2); `subject` is for the error. Raises `OSError`."""
    call = _CALLS.get(platform.machine(), -1)
    raw = ctypes.create_string_buffer(attributes, len(attributes))
    result: int = _libc.syscall(
        ctypes.c_long(call), ctypes.c_int(command), raw, ctypes.c_uint(len(attributes))
    )
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), subject)
    return result


def is_linked(directory: Path) -> bool:
    """Whether the site has, or had, a fast path."""
    return (directory / LINK).is_symlink()


def pin(directory: Path, name: str) -> Pin:
    """Open what is pinned under this name. Raises `OSError`."""
    link = directory / LINK
    folder = link.readlink()
    try:
        return Pin(link / name)
    except FileNotFoundError:
        if link.readlink() == folder:
            raise
    return Pin(link / name)  # the link led to the folder before, which was removed meanwhile


def memory(directory: Path, name: str) -> memoryview:
    """Map the array that is pinned under this name into memory. Raises `OSError`."""
    with pin(directory, name) as opened:
        return opened.memory()


def settings(directory: Path) -> memoryview:
    """The words of 32 bits that the fast path is set by. Raises `OSError`."""
    return memory(directory, SETTINGS).cast("I")


def state(directory: Path) -> State | None:
    """What the fast path does; None if there is none. Raises `OSError` if its maps are lost."""
    if not is_linked(directory):
        return None
    return State(settings(directory)[STATE] % len(State))


def wait_for_grace(directory: Path) -> None:
    """Wait until no program runs any more that began before this call. Raises `OSError`.

    A map in a map is replaced: the kernel returns when all who may still use the old one are done.
    """
    with pin(directory, GRACE) as outer, pin(directory, WORD) as inner:
        wait(outer, inner)


def wait(grace: Pin, word: Pin) -> None:
    """Wait in the same way by two pins that are open. Raises `OSError`."""
    grace.put(0, word.file)


def turn(directory: Path, within_s: float = TURN_WITHIN_S) -> AbstractContextManager[None]:
    """Have the turn to write the maps during a block. Raises `OSError`, `TimeoutError`."""
    late = "another process writes the fast path's maps, and doesn't end"
    return locks.turn(
        directory / TURN, mode=0o600, within_s=within_s, every_s=TURN_LOOK_S, late=late
    )


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text().splitlines():
        name, _, value = line.partition(":")
        yield name, value.strip()
