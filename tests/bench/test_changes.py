"""What a change to the table costs, by itself: `pytest -sm bench tests/bench/test_changes.py`."""

import os

import pytest
from bench import changed
from bench.samples import Samples


@pytest.mark.bench
@pytest.mark.lab
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the kernel's copy of the table")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mappings", changed.WANTED_MS)
def test_a_change_to_a_table_of(mappings: int, capsys: pytest.CaptureFixture[str]) -> None:
    samples = Samples(changed.measure(mappings))
    wanted = changed.WANTED_MS[mappings]
    for by_fast_path in (False, True):
        found = samples.figure(changed.PEER, changed.in_force(mappings, by_fast_path=by_fast_path))
        assert found
        with capsys.disabled():
            print(
                f"\n{mappings:,} mappings, {changed.WORKERS} workers"
                f"{', the fast path' if by_fast_path else ''}, load {os.getloadavg()[0]:.1f}: "
                f"in force {found.median:.1f} ms after the commit ({found.least:.1f} to "
                f"{found.greatest:.1f}), wanted {wanted:g}"
            )
        assert found.median < wanted * 10, "an order of magnitude: machines differ"
