"""How often each action may be called: a token bucket for each caller and action.

A caller is a SecretId, or an instance with a role; both are known when a call is counted. A bucket
that is full again is dropped, so the buckets of instances that are gone take no memory.
"""

import threading
from collections.abc import Callable
from typing import Final

from gateway.api.errors import ApiError
from gateway.api.registry import ACTIONS

BUCKETS_MAX: Final = 10_000  # more are looked through for full ones


class RateLimit:
    """The buckets, each filled with the calls of one second; for several servers at once."""

    def __init__(self, clock: Callable[[], float], per_s: float | None = None) -> None:
        """`clock` never goes back; `per_s` is for every action, the cloud's numbers if None."""
        self._clock = clock
        self.per_s = per_s
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}  # calls left, and since when
        self._alone = threading.Lock()

    def take(self, caller: str, action: str) -> None:
        """Count one call. Raises `ApiError` if it is one too many."""
        with self._alone:
            taken = self._take((caller, action))
        if not taken:
            per_s, _ = self._filled(action)
            raise ApiError(
                "RequestLimitExceeded", f"{action} may be called {per_s:g} times a second"
            )

    def _take(self, key: tuple[str, str]) -> bool:
        now = self._clock()
        if len(self._buckets) >= BUCKETS_MAX:
            self._buckets = {
                other: bucket for other, bucket in self._buckets.items() if self._short(other, now)
            }
        left = self._left(key, now)
        taken = left >= 1.0
        self._buckets[key] = (left - taken, now)
        return taken

    def _left(self, key: tuple[str, str], now: float) -> float:
        per_s, most = self._filled(key[1])
        left, since = self._buckets.get(key, (most, now))
        return min(most, left + (now - since) * per_s)

    def _short(self, key: tuple[str, str], now: float) -> bool:
        return self._left(key, now) < self._filled(key[1])[1]

    def _filled(self, action: str) -> tuple[float, float]:
        """How fast a bucket fills, and up to what."""
        per_s = self.per_s or ACTIONS[action].declared.rate_per_s
        return per_s, max(per_s, 1.0)
