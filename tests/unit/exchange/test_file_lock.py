"""Locks of open files: who keeps out whom, and when a lock ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.exchange.file_lock import lock_to_read, lock_to_write, unlock

HOLD = """
import os, sys
from gateway.exchange.file_lock import lock_to_read
assert lock_to_read(os.open(sys.argv[1], os.O_RDONLY))
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def files(tmp_path: Path) -> Iterator[list[int]]:
    """One file, opened three times: twice to write, once to read."""
    (tmp_path / "file").touch()
    with ExitStack() as opened:
        numbers = [os.open(tmp_path / "file", how) for how in (os.O_RDWR, os.O_RDWR, os.O_RDONLY)]
        for number in numbers:
            opened.callback(os.close, number)
        yield numbers


def test_readers_keep_writers_out_and_no_readers(files: list[int]) -> None:
    first, second, reader = files
    assert lock_to_read(reader)
    assert lock_to_read(first)
    assert not lock_to_write(second)
    unlock(first)
    assert not lock_to_write(second)
    unlock(reader)
    assert lock_to_write(second)


def test_a_writer_keeps_everybody_out(files: list[int]) -> None:
    first, second, reader = files
    assert lock_to_write(first)
    assert not lock_to_write(second)
    assert not lock_to_read(second)
    assert not lock_to_read(reader)
    unlock(first)
    assert lock_to_read(reader)


def test_a_lock_may_be_taken_again_and_is_given_up_once(files: list[int]) -> None:
    first, _, reader = files
    assert lock_to_read(reader)
    assert lock_to_read(reader)
    unlock(reader)
    unlock(reader)
    assert lock_to_write(first)


def test_who_may_only_read_can_keep_no_reader_out(files: list[int]) -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        lock_to_write(files[2])


def test_a_lock_ends_with_its_process(tmp_path: Path, files: list[int]) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "file")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        assert not lock_to_write(files[0])
        holder.kill()
    assert lock_to_write(files[0])
