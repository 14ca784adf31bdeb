"""Maps of the kernel's as the fast path has them, but without its programs; for root only."""

import ctypes
import os
import shutil
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from support import own_names

from gateway.exchange import pins
from gateway.fastpath import bpffs

needs_kernel = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: maps of the kernel's")

ARRAY, HASH, ARRAY_OF_MAPS = 2, 1, 12
MMAPABLE: Final = 1 << 10
CREATE, PIN = 0, 6
PROCESSORS: Final = 2
PAGE_BYTES: Final = 4096


@contextmanager
def pinned(directory: Path, *, table_bytes: int = 65536, buckets: int = 128) -> Iterator[Path]:
    """Pin new maps, link the directory to them, and give their folder; they carry."""
    bpffs.mount()
    folder = bpffs.folder_of(own_names.fresh())
    folder.mkdir()
    try:
        word = _made(ARRAY, 8)
        maps = {
            pins.WORD: word,
            pins.SETTINGS: _made(ARRAY, 64),
            pins.PAGES: _made(ARRAY, PAGE_BYTES, PROCESSORS),
            pins.ADDRESS_BUCKETS: _made(ARRAY, 8, buckets),
            pins.PACKAGE_BUCKETS: _made(ARRAY, 8, buckets),
            pins.LINKS: _made(HASH, 4, 16, flags=0),
            pins.GRACE: _made(ARRAY_OF_MAPS, 4, flags=0, inner=word),
            **{name: _made(ARRAY, table_bytes) for name in pins.TABLES},
        }
        for name, file in maps.items():
            path = ctypes.create_string_buffer(bytes(folder / name))
            pins.call(PIN, struct.pack("=QII", ctypes.addressof(path), file, 0), name)
            os.close(file)
        link(directory, folder)
        pins.settings(directory)[pins.STATE] = pins.State.CARRYING
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def link(directory: Path, folder: Path) -> None:
    """Let the directory's link lead to the folder."""
    fresh = directory / "link.new"
    fresh.symlink_to(folder)
    fresh.replace(directory / pins.LINK)


def _made(kind: int, value: int, entries: int = 1, *, flags: int = MMAPABLE, inner: int = 0) -> int:
    words = struct.pack("=IIIIII", kind, 4, value, entries, flags, inner)
    return pins.call(CREATE, words, "a map")
