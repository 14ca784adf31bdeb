"""The clock of the meter: a sample at the beginning of each second.

So an hour's last sample is taken as it ends, and what was counted until then is that hour's.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from gateway.metering.meter import Meter

EVERY_S: Final = 1.0
END_WITHIN_S: Final = 5.0


@contextmanager
def sampling(meter: Meter, clock: Callable[[], float]) -> Iterator[None]:
    """Sample in the background while the block runs, and once more when it ends."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(EVERY_S - clock() % EVERY_S):
            meter.sample()

    thread = threading.Thread(target=run, name="meter", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(END_WITHIN_S)
        meter.sample()
