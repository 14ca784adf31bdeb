"""A writer that is killed in the middle of its appends: what it acknowledged is there."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from support import appender

from gateway.store.records import Record
from gateway.store.sqlite import SqliteReader, SqliteStore


@pytest.mark.parametrize("batch", [1, 7], ids=["one record each", "seven records each"])
@pytest.mark.parametrize("appends", [1, 2, 50])
def test_all_that_a_killed_writer_acknowledged_is_there_and_no_append_is_half(
    tmp_path: Path, appends: int, batch: int
) -> None:
    path = tmp_path / "log"
    acknowledged = _killed_after(path, appends, batch)
    assert acknowledged >= appends * batch
    with closing(SqliteReader(path)) as reader:
        seen = list(reader.read())
    with closing(SqliteStore(path)) as store:
        records = list(store.read())
        assert records == seen
        assert [record.sequence for record in records] == list(range(1, len(records) + 1))
        assert len(records) >= acknowledged
        assert len(records) % batch == 0
        store.append([Record(len(records) + 1, 1.0, "Kind", "{}")])


def _killed_after(path: Path, appends: int, batch: int) -> int:
    """Start a writer, kill it after so many appends; the last sequence it acknowledged."""
    with subprocess.Popen(
        [sys.executable, appender.__file__, str(path), str(batch)],
        env={"PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        try:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(appends)]
        finally:
            writer.kill()
        lines += writer.stdout.readlines()
    whole = [line for line in lines if line.endswith("\n")]
    return int(whole[-1])
