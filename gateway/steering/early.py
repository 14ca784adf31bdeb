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
from enum import Enum
from typing import Final

from gateway.nat.reasons import Reason
from gateway.net import nftables
from gateway.net.nftables import Change
from gateway.steering.kernel import run_nft

TABLE: Final = "tgw_early"
CHAIN: Final = "in"
GENERATION: Final = "generation"  # a set of one number
COUNTERS: Final[Mapping[str, Reason]] = {
    "early_blocked": Reason.BLOCKED,
    "early_unknown_public": Reason.UNKNOWN_PUBLIC,
    "early_slow_path_limited": Reason.SLOW_PATH_LIMITED,
}
SHOWN_PER_SECOND: Final = 100  # packets that go on to the rules all the same
SENTINEL: Final = 0  # in the open set, to see whether somebody has emptied it
SYNS_PER_S: Final = 10_000  # to one address: a worker carries many times as many packets
SYN_BURST_S: Final = 0.2  # of these at once: half of what the queue holds
COUNTED_MAX: Final = 65_535  # addresses whose SYNs are counted at once; others have no limit
GENERATIONS: Final = 1 << 32  # an element has 32 bits


class Place(Enum):
    """What becomes of packets to an address that has a mapping."""

    OPEN = "open"
    BLOCKED = "blocked"


def fill(pool: Sequence[str], places: Mapping[int, Place], generation: int) -> None:
    """Begin anew in this thread's namespace, with these addresses.

    All goes on to the queue until the sets are whole. Raises `SteeringError` or `OSError`.
    """
    run_nft(emptied())
    nftables.change(
        [
            *(_are_in(place.value, _all_at(place, places)) for place in Place),
            _are_in(Place.OPEN.value, [SENTINEL]),
            _are_in(GENERATION, [generation % GENERATIONS]),
        ]
    )
    run_nft(armed(pool))


def change(changes: Mapping[int, Place | None], before: int, generation: int) -> None:
    """Put each address into its place, None without a mapping; `before` is the generation now.

    Raises `OSError`, also if the sets aren't there.
    """
    steps = []
    for place in Place:
        # Only what is there can be taken out.
        others = [address for address, wanted in changes.items() if wanted is not place]
        steps += [_are_in(place.value, list(changes)), _are_out(place.value, others)]
    numbers = [before % GENERATIONS, generation % GENERATIONS]
    steps += [_are_in(GENERATION, numbers), _are_out(GENERATION, [numbers[0]])]
    steps.append(_are_in(GENERATION, [numbers[1]]))
    nftables.change(steps)


def generation() -> int | None:
    """The generation that the sets follow; None without sets, or if they were emptied.

    Raises `OSError`.
    """
    try:
        found = next(iter(nftables.elements(TABLE, GENERATION)), None)
    except FileNotFoundError:
        return None
    return found if nftables.has(TABLE, Place.OPEN.value, SENTINEL) else None


def drops() -> dict[Reason, int]:
    """How many packets were dropped here, by reason. Raises `OSError`."""
    counted = nftables.counters()
    return {reason: counted.get((TABLE, name), 0) for name, reason in COUNTERS.items()}


def emptied() -> str:
    """A script for nft after which all goes on: the table with empty sets, and no rules."""
    counters = "".join(f"add counter ip {TABLE} {name}\n" for name in COUNTERS)
    sets = "".join(f"add set ip {TABLE} {name} {{ type ipv4_addr; }}\n" for name in _sets())
    return (
        f"add table ip {TABLE}\n{counters}{sets}"
        f"add set ip {TABLE} syns {{ type ipv4_addr; size {COUNTED_MAX}; "
        "flags dynamic,timeout; timeout 10s; }\n"
        f"add chain ip {TABLE} {CHAIN} "
        "{ type filter hook prerouting priority -299; policy accept; }\n"
        f"flush chain ip {TABLE} {CHAIN}\n"
        + "".join(f"flush set ip {TABLE} {name}\n" for name in _sets())
    )


def armed(pool: Sequence[str], syns_per_s: int = SYNS_PER_S) -> str:
    """A script for nft after which the sets decide, and an address gets so many SYNs a second."""
    burst = max(1, int(syns_per_s * SYN_BURST_S))
    rules = (
        f"ip daddr != {{ {', '.join(pool)} }} accept",
        "tcp flags & (fin | syn | rst | ack) == syn "
        f"ip daddr @{Place.OPEN.value} update @syns {{ ip daddr limit rate over "
        f"{syns_per_s}/second burst {burst} packets }} "
        "counter name early_slow_path_limited drop",
        f"ip daddr @{Place.OPEN.value} accept",
        f"limit rate {SHOWN_PER_SECOND}/second burst {SHOWN_PER_SECOND} packets accept",
        f"ip daddr @{Place.BLOCKED.value} counter name early_blocked drop",
        "counter name early_unknown_public drop",
    )
    return f"flush chain ip {TABLE} {CHAIN}\n" + "".join(
        f"add rule ip {TABLE} {CHAIN} {rule}\n" for rule in rules
    )


def _sets() -> list[str]:
    return [*(place.value for place in Place), GENERATION]


def _all_at(place: Place, places: Mapping[int, Place]) -> list[int]:
    return [address for address, found in places.items() if found is place]


def _are_in(name: str, elements: Sequence[int]) -> Change:
    return Change(TABLE, name, is_in=True, elements=elements)


def _are_out(name: str, elements: Sequence[int]) -> Change:
    return Change(TABLE, name, is_in=False, elements=elements)
