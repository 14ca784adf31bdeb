"""The power fails while a writer is at work: what it acknowledged is there, and no append is half.

A writer is stopped between two system calls, wherever it happens to be, and its files are copied:
that is what a disk holds that lost nothing. One that lost what was written and not yet synced has
less, or garbage, behind the last commit that was acknowledged. The index of the -wal (-shm) isn't
copied: it is SQLite's to make anew.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest
from support import appender
from support.wal import commit_ends

from gateway.store.records import Record
from gateway.store.sqlite import SqliteReader, SqliteStore

MOMENTS, MOMENTS_MAX = 8, 100
ROUNDS = 2  # how often the -wal is begun anew, which it is after it was written back into the log
BETWEEN_S = 0.02
BATCH = 7
BYTES = 1500  # of a record


@pytest.mark.parametrize("seed", [1, 2])
def test_files_copied_at_any_moment_hold_all_that_was_acknowledged(
    tmp_path: Path, seed: int
) -> None:
    rng = Random(seed)  # noqa: S311
    rounds = set()
    with _writer(tmp_path / "log") as writer:
        for moment in range(MOMENTS_MAX):
            writer.work_for(rng.uniform(0, BETWEEN_S))
            copy = tmp_path / str(moment) / "log"
            acknowledged = writer.copy_to(copy)
            rounds.add(_wal(copy).read_bytes()[:32])
            _lose_and_check(copy, acknowledged, rng)
            shutil.rmtree(copy.parent)
            if moment >= MOMENTS and len(rounds) >= ROUNDS:
                break
    assert len(rounds) >= ROUNDS


class _Writer:
    def __init__(self, path: Path, process: "subprocess.Popen[bytes]") -> None:
        self._path = path
        self._process = process
        self._said = b"\n"  # what stands in front of the first line end may be half a line

    def work_for(self, seconds: float) -> None:
        """Go on, and then hold still again, wherever that is."""
        self._process.send_signal(signal.SIGCONT)
        time.sleep(seconds)
        self._process.send_signal(signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)

    def copy_to(self, copy: Path) -> int:
        """Copy the log's files; the last sequence that was acknowledged."""
        copy.parent.mkdir()
        shutil.copy(self._path, copy)
        shutil.copy(_wal(self._path), _wal(copy))
        return self._acknowledged()

    def _acknowledged(self) -> int:
        assert self._process.stdout is not None
        while more := _read_what_is_there(self._process.stdout.fileno()):
            self._said = (self._said + more)[-1000:]
        lines = self._said.splitlines(keepends=True)
        whole = [line for line in lines[1:] if line.endswith(b"\n")]
        return int(whole[-1]) if whole else 0


@contextmanager
def _writer(path: Path) -> Iterator[_Writer]:
    """A process that appends to a log at `path`; killed at the end."""
    with subprocess.Popen(
        [sys.executable, appender.__file__, str(path), str(BATCH), str(BYTES)],
        env={"PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
        bufsize=0,  # or the first line would be read together with what was acknowledged by then
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            os.set_blocking(process.stdout.fileno(), False)
            yield _Writer(path, process)
        finally:
            process.kill()


def _read_what_is_there(file: int) -> bytes:
    try:
        return os.read(file, 65536)
    except BlockingIOError:
        return b""


def _lose_and_check(copy: Path, acknowledged: int, rng: Random) -> None:
    """Check the copy as it is, and with all kinds of ends of its -wal."""
    whole = _wal(copy).read_bytes()
    raw = copy.read_bytes()
    ends = [0, *commit_ends(_wal(copy))]
    there = _check(copy, acknowledged)
    unacknowledged = (there - acknowledged) // BATCH
    assert unacknowledged <= 1, "one append is under way at most"
    kept = ends[-1 - unacknowledged] if len(ends) > unacknowledged else 0
    for cut in (kept, rng.randint(kept, len(whole))):
        for end in (b"", bytes(len(whole) - cut), rng.randbytes(len(whole) - cut)):
            copy.write_bytes(raw)
            _wal(copy).write_bytes(whole[:cut] + end)
            _check(copy, acknowledged)


def _check(copy: Path, acknowledged: int) -> int:
    """The log opens, whole appends of it, all that were acknowledged; how long it is."""
    with closing(SqliteStore(copy)) as store:
        records = list(store.read())
        length = len(records)
        assert [record.sequence for record in records] == list(range(1, length + 1))
        assert length >= acknowledged
        assert length % BATCH == 0
        store.append([Record(length + 1, 1.0, "Kind", "{}")])
    with closing(SqliteReader(copy)) as reader:
        reader.check()
    return length


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")
