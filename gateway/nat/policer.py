"""Policing: what an address has bought, and not more.

A token bucket per public address and direction, and one per bandwidth package and direction. Tokens
are IP bytes. A packet passes if each of its buckets has enough for all of it, and takes from all of
them or from none. Rates are the table's: a new table's rate counts from the next packet on, and
buckets outlive tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.nat.reasons import Reason
from gateway.nat.table import Rewrite

BYTES_PER_KBIT: Final = 125  # 1,000 bits
BURST_S: Final = 0.2  # of the rate: so long TCP waits (its least RTO) before it tries again
BURST_MIN: Final = 2 * 65535  # bytes: two of the largest packets, or aggregates, there are


@dataclass(slots=True)
class Bucket:
    """Tokens there were at a time; what has come since is reckoned when it is asked for."""

    tokens: float
    at: float

    def fill(self, rate: float, now: float) -> None:
        """Bring it to `now` at `rate` bytes a second. A clock set back adds nothing."""
        gained = max(0.0, now - self.at) * rate
        self.tokens = min(self.tokens + gained, max(rate * BURST_S, BURST_MIN))
        self.at = max(self.at, now)


class Policer:
    """The buckets of one worker."""

    def __init__(self) -> None:
        """All buckets are full."""
        self._addresses: dict[tuple[int, bool], Bucket] = {}
        self._packages: dict[tuple[int, bool], Bucket] = {}

    def admits(
        self,
        sender: Rewrite | None,
        receiver: Rewrite | None,
        package_kbps: Mapping[int, int],
        length: int,
        now: float,
    ) -> Reason:
        """Whether `length` bytes may pass at `now`, seconds; `TRANSLATED`, or why not.

        The sender's outbound buckets are asked and the receiver's inbound ones.
        """
        asked = []
        for rewrite, outbound in ((sender, True), (receiver, False)):
            if rewrite and rewrite.kbps:
                own = _filled(self._addresses, (rewrite.slot, outbound), rewrite.kbps, now)
                if own.tokens < length:
                    return Reason.POLICED
                asked.append(own)
            if rewrite and rewrite.package:
                kbps = package_kbps[rewrite.package]
                shared = _filled(self._packages, (rewrite.package, outbound), kbps, now)
                if shared.tokens < length:
                    return Reason.PACKAGE_POLICED
                asked.append(shared)
        for bucket in asked:
            bucket.tokens -= length
        return Reason.TRANSLATED


def _filled(
    buckets: dict[tuple[int, bool], Bucket], key: tuple[int, bool], kbps: int, now: float
) -> Bucket:
    rate = kbps * BYTES_PER_KBIT
    bucket = buckets.get(key)
    if bucket is None:
        bucket = buckets[key] = Bucket(max(rate * BURST_S, BURST_MIN), now)
    else:
        bucket.fill(rate, now)
    return bucket
