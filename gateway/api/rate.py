"""How often each action may be called: a token bucket for each SecretId and action.

The caller sees to it that both are known ones, so there is a bound to the buckets.
"""

from collections.abc import Callable, Mapping
from typing import Final

from gateway.api.wire import ApiError

DEFAULT_PER_S: Final = 20.0
# What the cloud documents: 10 calls a second for actions on EIPs, and for what changes instances.
PER_S: Final[Mapping[str, float]] = dict.fromkeys(
    (
        "RunInstances",
        "StartInstances",
        "StopInstances",
        "RebootInstances",
        "TerminateInstances",
        "AllocateAddresses",
        "AssociateAddress",
        "DisassociateAddress",
        "ReleaseAddresses",
        "DescribeAddresses",
    ),
    10.0,
)


class RateLimit:
    """The buckets, each filled with the calls of one second."""

    def __init__(self, clock: Callable[[], float], per_s: float | None = None) -> None:
        """`clock` never goes back; `per_s` is for every action, the cloud's numbers if None."""
        self._clock = clock
        self.per_s = per_s
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}  # calls left, and since when

    def take(self, secret_id: str, action: str) -> None:
        """Count one call. Raises `ApiError` if it is one too many."""
        per_s = self.per_s or PER_S.get(action, DEFAULT_PER_S)
        most = max(per_s, 1.0)
        now = self._clock()
        left, since = self._buckets.get((secret_id, action), (most, now))
        left = min(most, left + (now - since) * per_s)
        if left < 1.0:
            self._buckets[secret_id, action] = (left, now)
            raise ApiError(
                "RequestLimitExceeded", f"{action} may be called {per_s:g} times a second"
            )
        self._buckets[secret_id, action] = (left - 1.0, now)
