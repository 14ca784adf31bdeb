"""What the fast path of a site has done so far, for whoever asks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from gateway.exchange import pins, worker_page
from gateway.exchange.pins import State
from gateway.fastpath.passage import Passed

PASSED: Final = "passed"  # the map: a word for each reason and processor
_WORD: Final = 8


class Report(NamedTuple):
    """Packets that met with their reason in the kernel, all packets, and those passed up."""

    carries: bool
    watched: bool  # so that all packets are passed up
    fast: int
    all: int
    passed: Mapping[Passed, int]


def report(directory: Path) -> Report:
    """What the fast path has done since its maps were made, and counted before. Raises `OSError`.

    Why packets were passed up is counted anew with each load.
    """
    total = worker_page.counts(directory, range(0)).reasons.total()
    fast = worker_page.fast_counts(directory).reasons.total()
    if not pins.is_linked(directory):
        return Report(carries=False, watched=False, fast=0, all=total, passed={})
    settings = pins.settings(directory)
    return Report(
        carries=settings[pins.STATE] == State.CARRYING,
        watched=bool(settings[pins.WATCHED]),
        fast=fast,
        all=max(fast, total),
        passed=_passed(directory),
    )


def _passed(directory: Path) -> dict[Passed, int]:
    with pins.pin(directory, pins.PAGES) as pages:
        processors = pages.entries()
    with pins.pin(directory, PASSED) as counted:
        return {
            why: sum(memoryview(counted.get(why, processors * _WORD)).cast("Q")) for why in Passed
        }
