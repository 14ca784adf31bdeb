"""The clock of the meter: a sample at the beginning of each second, and of loads of each cell.

So an hour's last sample is taken as it ends, and what was counted until then is that hour's.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from gateway.metering.loads import Loads
from gateway.metering.meter import Meter
from gateway.metering.values import CELL_S
from gateway.runtime.threads import Job, running

EVERY_S: Final = 1.0


def loading(loads: Loads, clock: Callable[[], float]) -> Job:
    """Look at the loads of instances in the background, as each cell ends."""

    def turn(ending: threading.Event) -> None:
        if not ending.wait(CELL_S - clock() % CELL_S):
            loads.sample()

    return Job("loads of instances", turn)


@contextmanager
def sampling(
    meter: Meter, clock: Callable[[], float], broken: Callable[[], None]
) -> Iterator[None]:
    """Sample in the background while the block runs, and once more when it ends.

    `broken` is called if the thread dies, as `Threads` has it.
    """

    def turn(ending: threading.Event) -> None:
        if not ending.wait(EVERY_S - clock() % EVERY_S):
            meter.sample()

    try:
        with running([Job("meter", turn)], broken):
            yield
    finally:
        meter.sample()
