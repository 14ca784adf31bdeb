"""Files that a command line names: to be read, and to be written whole or not at all."""

import contextlib
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from gateway.cli.output import MistakeError

STANDARD: Final = Path("-")  # standard input or output, by its place
STDOUT: Final = 1


@contextlib.contextmanager
def mistakes_about(path: Path, *kinds: type[Exception]) -> Iterator[None]:
    """What is wrong with a file is a mistake of the command line that names it.

    That is `OSError` and these kinds; a reader of our output that has seen enough is none.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except kinds as error:
        raise MistakeError(f"{path}: {error}") from error
    except OSError as error:
        raise MistakeError(f"{path}: {error.strerror or error}") from error


@contextlib.contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """The file, opened to be read, or standard input."""
    if path == STANDARD:
        yield sys.stdin.buffer
        return
    with path.open("rb") as file:
        yield file


def content(path: Path, size_max: int) -> bytes:
    """All of a file, or of standard input. Raises `MistakeError`, also if it is longer."""
    with mistakes_about(path), reading(path) as file:
        found = file.read(size_max + 1)
    if len(found) > size_max:
        raise MistakeError(f"{path}: it has more than {size_max} bytes")
    return found


def is_stdout(path: Path) -> bool:
    """Whether what is written there comes out where reports do."""
    if path == STANDARD:
        return True
    try:
        there, ours = path.stat(), os.fstat(STDOUT)
    except OSError:
        return False
    return os.path.samestat(there, ours) and not stat.S_ISCHR(there.st_mode)


def writing(path: Path) -> BinaryIO:
    """The file as it is, begun anew, or standard output behind what was written there."""
    return os.fdopen(os.dup(STDOUT), "wb") if is_stdout(path) else path.open("wb")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when the block ends well, and leaves no trace else.

    So `path` may be the very file that is read. What isn't a plain file, such as /dev/null or a
    pipe, is written as it is: a rename would put a file in its place. So is standard output, for
    what is written there must come behind what was.
    """
    if is_stdout(path) or (path.exists() and not path.is_file()):
        with writing(path) as file:
            yield file
        return
    path = Path(os.path.realpath(path))  # a link stays one
    fresh = path.with_name(f".tgw-{secrets.token_hex(8)}")
    file = fresh.open("xb")
    try:
        with file:
            if path.exists():
                path.open("ab").close()  # a rename would replace one that we may not write
                shutil.copymode(path, fresh)
            yield file
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
