"""What a change to the table costs: from its commit until it is in force in every worker.

`pytest -sm bench tests/bench/test_changes.py` prints it. Control, its log, the files and two worker
processes are real; the workers carry no packets. One change binds an EIP to an instance. Most
mappings of the table belong to no instance here, so that a million are there within a minute:
what control does for one change doesn't depend on how many instances there are.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles

import pytest
from support.publishing import Crowd, bindings, working

WORKERS = 2
CHANGES = 60
WARM_UP = 4  # the first two changes after a start of control write their file whole
WANTED_MS = {100_000: 10.0, 1_000_000: 50.0}


@pytest.fixture
def memory() -> Iterator[Path]:
    """A directory in memory, as /run is on a machine that boots with systemd."""
    shared = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as directory:
        yield Path(directory)


@pytest.mark.bench
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mappings", WANTED_MS)
def test_a_change_to_a_table_of(
    memory: Path, mappings: int, capsys: pytest.CaptureFixture[str]
) -> None:
    others = mappings - CHANGES
    with (
        closing(Crowd(memory, instances=CHANGES, eips=CHANGES, others=others)) as crowd,
        working(memory, WORKERS),
    ):
        samples_ms = crowd.in_force_ms(*bindings(CHANGES))[WARM_UP:]
    tenths = quantiles(samples_ms, n=10)
    with capsys.disabled():
        print(
            f"\n{mappings:,} mappings, {WORKERS} workers, load {os.getloadavg()[0]:.1f}: in force "
            f"{median(samples_ms):.1f} ms after the commit (eight of ten: {tenths[0]:.1f} to "
            f"{tenths[-1]:.1f}), wanted {WANTED_MS[mappings]:g}"
        )
    assert median(samples_ms) < WANTED_MS[mappings] * 10, "an order of magnitude: machines differ"
