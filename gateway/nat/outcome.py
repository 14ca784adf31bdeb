"""What goes into the rules with a packet (direction, checksum), and what comes out (outcome)."""

from enum import IntEnum
from typing import Final, NamedTuple

from gateway.nat.reasons import Reason

NO_SLOT: Final = -1


class Direction(IntEnum):
    """Seen from the instance. The value stands in the packet's mark: see `mark.py`.

    What goes from an instance to another's private address is marked as a hairpin is.
    """

    INBOUND = 1
    OUTBOUND = 2
    HAIRPIN = 3


class Checksum(IntEnum):
    """What the sender has left of the checksum over the addresses: see `packet/unfinished.py`."""

    FINISHED = 0
    UNFINISHED = 1
    UNFINISHED_AGGREGATE = 2


class Outcome(NamedTuple):
    """What became of a packet, and the slots to count it under: who sent it, who receives it.

    `NO_SLOT` stands for whoever has none: the internet, or an address without a mapping.
    """

    reason: Reason
    sender: int = NO_SLOT
    receiver: int = NO_SLOT
