"""Files that appear whole or not at all, for who reads them while they are written."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SIDE_FILES: Final = ("", "-journal", "-wal", "-shm")  # a database's own, and those beside it


def replace_text(path: Path, text: str) -> None:
    """Replace the file: who reads it sees the old text or the new one. Raises `OSError`."""
    fresh = fresh_beside(path)
    fresh.write_text(text)
    fresh.replace(path)


def fresh_beside(path: Path) -> Path:
    """The name under which a file is written before it takes its place."""
    return path.with_name(f"{path.name}.new")


@contextmanager
def appearing(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """A new file to fill in the block, readable by its owner only; after it, it is at `path`.

    It is there even if the power fails then. If the block raises there is no trace of it. Raises
    `OSError`, which is `FileExistsError` if there is something at `path` that isn't to be replaced.
    """
    path = Path(os.path.realpath(path))  # a link stays one
    file, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        yield Path(name)
        os.fsync(file)
        if replace:
            Path(name).replace(path)
        else:
            path.hardlink_to(name)
        _sync_directory(path.parent)
    finally:
        os.close(file)
        for suffix in SIDE_FILES:
            Path(name + suffix).unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
