"""Public addresses that can be given away, and the ids and slots that come with them."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import NamedTuple

from gateway.control import errors
from gateway.control.decisions.moment import Moment
from gateway.control.state import State


class Candidate(NamedTuple):
    """A public address that can be given away, and the slot that it gets."""

    address: str
    slot: int


def ready(state: State, at: Moment, *, without: Collection[str] = ()) -> Iterator[str]:
    """The public addresses that can be given away now, the longest free first."""
    return state.pool.free(at.now, without={*without, *state.blocked, *at.given})


def choose(
    state: State, at: Moment, count: int, *, without: Collection[str] = ()
) -> list[Candidate]:
    """Choose public addresses, the longest free first. Raises `PoolEmptyError` if too few.

    The slots are the lowest free ones. One is passed over as long as packets may still be counted
    under it for the address that had it before: in quarantine, and until no table has it.
    """
    addresses = list(islice(ready(state, at, without=without), count))
    free = state.slots.free(at.now, withheld=at.given)
    slots = list(islice((slot for slot in free if slot not in at.slots), len(addresses)))
    if len(slots) < count:
        raise errors.PoolEmptyError(
            "no public address is free: release an EIP or terminate an instance, "
            "and wait until the address has passed its quarantine"
        )
    at.given.update(addresses)
    at.slots.update(slots)
    return [Candidate(*pair) for pair in zip(addresses, slots, strict=True)]


def new_address_id(state: State, at: Moment, taken: Collection[str] = ()) -> str:
    """Draw an id for an EIP or an ordinary public IP."""
    return at.new_id("eip", state.eips, state.ordinary, taken)
