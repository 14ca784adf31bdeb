"""The early drop: what can't be wanted, or is too much, never reaches the queue.

::

    to an address of the pool ─▶ a SYN, one too many to an open address: dropped, counted as
                                 `slow-path-limited`
                                 open: on its way ─▶ the queue, and the rules
                                 a few a second ─▶ the same: so the rules count them, and a trace
                                                   sees them
                                 blocked: dropped, counted as `blocked`
                                 neither: dropped, counted as `unknown-public`

The queue is first come, first served: a flood at one address would cost others their packets. The
sets follow each generation. The rules drop what slips past them, so they may be behind for what is
no longer open, and never for what is: a generation is in force here once its addresses are open.

The counters outlive a change of the rules. Without the chain's rules all goes on to the queue.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from gateway.nat.reasons import Reason
from gateway.net import nftables
from gateway.steering.kernel import run_nft
from gateway.steering.sets import Sets

TABLE: Final = "tgw_early"
CHAIN: Final = "in"
COUNTERS: Final[Mapping[str, Reason]] = {
    "early_blocked": Reason.BLOCKED,
    "early_unknown_public": Reason.UNKNOWN_PUBLIC,
    "early_slow_path_limited": Reason.SLOW_PATH_LIMITED,
}
SHOWN_PER_SECOND: Final = 100  # packets that go on to the rules all the same
SYNS_PER_S: Final = 10_000  # to one address: a worker carries many times as many packets
SYN_BURST_S: Final = 0.2  # of these at once: half of what the queue holds
COUNTED_MAX: Final = 65_535  # addresses whose SYNs are counted at once; others have no limit


class Place(StrEnum):
    """What becomes of packets to an address that has a mapping: the set that it is in."""

    OPEN = "open"
    BLOCKED = "blocked"


SETS: Final = Sets(TABLE, tuple(Place))


def fill(pool: Sequence[str], places: Mapping[int, str], generation: int) -> None:
    """Begin anew in this thread's namespace, with these addresses.

    All goes on to the queue until the sets are whole. Raises `SteeringError` or `OSError`.
    """
    run_nft(emptied())
    SETS.fill(places, generation)
    run_nft(armed(pool))


def drops() -> dict[Reason, int]:
    """How many packets were dropped here, by reason. Raises `OSError`."""
    counted = nftables.counters()
    return {reason: counted.get((TABLE, name), 0) for name, reason in COUNTERS.items()}


def emptied() -> str:
    """A script for nft after which all goes on: the table with empty sets, and no rules."""
    counters = "".join(f"add counter ip {TABLE} {name}\n" for name in COUNTERS)
    return (
        f"{SETS.emptied()}{counters}"
        f"add set ip {TABLE} syns {{ type ipv4_addr; size {COUNTED_MAX}; "
        "flags dynamic,timeout; timeout 10s; }\n"
        f"add chain ip {TABLE} {CHAIN} "
        "{ type filter hook prerouting priority -299; policy accept; }\n"
        f"flush chain ip {TABLE} {CHAIN}\n"
    )


def armed(pool: Sequence[str], syns_per_s: int = SYNS_PER_S) -> str:
    """A script for nft after which the sets decide, and an address gets so many SYNs a second."""
    burst = max(1, int(syns_per_s * SYN_BURST_S))
    rules = (
        f"ip daddr != {{ {', '.join(pool)} }} accept",
        "tcp flags & (fin | syn | rst | ack) == syn "
        f"ip daddr @{Place.OPEN} update @syns {{ ip daddr limit rate over "
        f"{syns_per_s}/second burst {burst} packets }} "
        "counter name early_slow_path_limited drop",
        f"ip daddr @{Place.OPEN} accept",
        f"limit rate {SHOWN_PER_SECOND}/second burst {SHOWN_PER_SECOND} packets accept",
        f"ip daddr @{Place.BLOCKED} counter name early_blocked drop",
        "counter name early_unknown_public drop",
    )
    return f"flush chain ip {TABLE} {CHAIN}\n" + "".join(
        f"add rule ip {TABLE} {CHAIN} {rule}\n" for rule in rules
    )
