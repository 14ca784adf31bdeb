"""What goes into the rules with a packet, and what comes out: its direction, and its outcome."""

from enum import IntEnum
from typing import Final, NamedTuple

from gateway.nat.reasons import Reason

NO_SLOT: Final = -1


class Direction(IntEnum):
    """Seen from the instance; the values are the marks that steering gives to packets."""

    INBOUND = 1
    OUTBOUND = 2
    HAIRPIN = 3


class Outcome(NamedTuple):
    """What became of a packet, and the slots to count it under: who sent it, who receives it.

    `NO_SLOT` stands for whoever has none: the internet, or an address without a mapping.
    """

    reason: Reason
    sender: int = NO_SLOT
    receiver: int = NO_SLOT
