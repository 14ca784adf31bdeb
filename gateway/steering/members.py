"""Which private traffic is queued: what goes between two instances, one of them a member.

::

    instance ─▶ FORWARD ─▶ another instance   from or to a member: marked, and queued as a hairpin
                                              between others: on its way, past every queue

A *member* is an instance that security groups filter. Its address is in the set before its rules
are in force, so nothing passes unjudged by then; the rules let pass what is no member's.

The mark is the hairpin's, which the queue rules look for. A hairpin that has been translated comes
by here as well, with its mark: its source is in the pool, so it isn't queued a second time.
"""

from collections.abc import Mapping
from typing import Final

from gateway.nat.outcome import Direction
from gateway.steering.kernel import run_nft
from gateway.steering.ruleset import Steering, between_instances, set_mark
from gateway.steering.sets import Sets

TABLE: Final = "tgw_members"
CHAIN: Final = "between"
MEMBER: Final = "member"
SETS: Final = Sets(TABLE, (MEMBER,))


def fill(steering: Steering, places: Mapping[int, str], generation: int) -> None:
    """Begin anew in this thread's namespace, with these members' private addresses.

    No private traffic is queued until the set is whole. Raises `SteeringError` or `OSError`.
    """
    run_nft(emptied())
    SETS.fill(places, generation)
    run_nft(armed(steering))


def emptied() -> str:
    """A script for nft after which nothing is marked: the table with an empty set, and no rules."""
    return (
        f"{SETS.emptied()}"
        f"add chain ip {TABLE} {CHAIN} "
        "{ type filter hook forward priority -160; policy accept; }\n"
        f"flush chain ip {TABLE} {CHAIN}\n"
    )


def armed(steering: Steering) -> str:
    """A script for nft after which what is from a member or to one is marked."""
    between, mark = between_instances(steering), set_mark(steering.bits, Direction.HAIRPIN)
    return "".join(
        f"add rule ip {TABLE} {CHAIN} {between} ip {side} @{MEMBER} {mark}\n"
        for side in ("saddr", "daddr")
    )
