"""A change is in force everywhere soon after its commit, however many mappings there are.

With real files and processes, but no packets: nothing here needs a namespace. Times are of whatever
machine this runs on, so they are compared with each other; the figures are printed.
"""

from contextlib import closing
from pathlib import Path
from statistics import median

import pytest
from support.publishing import Crowd, bindings, working

INSTANCES = 30_000
WORKERS = 2
CHANGES = 20


def test_with_many_mappings_a_change_is_in_force_soon_after_its_commit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(Crowd(tmp_path, instances=INSTANCES, eips=CHANGES)) as crowd:
        from_nothing_ms = crowd.from_nothing_ms()
        with working(tmp_path, WORKERS):
            samples_ms = crowd.in_force_ms(*bindings(CHANGES))
    assert len(samples_ms) == CHANGES
    typical_ms = median(samples_ms)
    with capsys.disabled():
        print(
            f"\n{INSTANCES:,} mappings, {WORKERS} workers: in force {typical_ms:.1f} ms after the "
            f"commit ({min(samples_ms):.1f} to {max(samples_ms):.1f}); the table alone, compiled "
            f"from nothing: {from_nothing_ms:.0f} ms"
        )
    assert typical_ms < from_nothing_ms / 3
