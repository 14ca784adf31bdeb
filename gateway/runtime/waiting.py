"""Waiting for what nobody tells us of: look now, and again and again, for a bounded time."""

import time
from collections.abc import Callable, Iterator


def looks(
    within_s: float,
    every_s: float,
    *,
    growth: float = 1.0,
    every_max_s: float | None = None,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """One round of a loop for each look: the first at once, the last when the time is over.

    The loop leaves by itself when it has seen what it waits for, so what follows its end, or stands
    in its `else`, is for what didn't come. Pauses may grow, up to a bound; `sleep` makes one.
    """
    deadline = clock() + within_s
    while True:
        left_s = deadline - clock()
        yield
        if left_s <= 0:
            return
        sleep(min(every_s, left_s))
        every_s = min(every_s * growth, every_max_s or within_s)
