"""A capture through the rules: no queue, no root, no clock but the capture's own.

An *engine* that can be fed packets is made for one table and direction and keeps its own policer.
What the gateway would never get, because its hooks see whole IPv4 packets only, is dropped before
the engine: a frame of another protocol (a VLAN's tag counts as one: the gateway's links have none)
and a packet that the capture's snap length cut.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from gateway.nat.policer import Policer
from gateway.nat.reasons import Reason
from gateway.nat.table import Table
from gateway.nat.translate import NO_SLOT, Direction, Outcome, translate
from gateway.packet.ipv4 import Packet
from gateway.packet.pcap import ETHERTYPE_IPV4, Captured

# Translates the packet in place, at a time in seconds that doesn't go back.
Feed = Callable[[Packet, float], Outcome]
Engine = Callable[[Table, Direction], Feed]


class Replayed(NamedTuple):
    """What became of one captured packet, and what leaves the gateway; none if it was dropped."""

    outcome: Outcome
    sent: Captured | None


def replay(
    packets: Iterable[Captured], engine: Engine, table: Table, direction: Direction
) -> Iterator[Replayed]:
    """Each packet's outcome, in order.

    Time is the capture's. A stamp before an earlier one counts as that: several queues of one card
    may deliver a little out of order, and buckets must not be filled twice for one second.
    """
    feed = engine(table, direction)
    now = 0.0
    for captured in packets:
        now = max(now, captured.at)
        packet = bytearray(captured.packet)
        reason = _unseen(captured)
        outcome = Outcome(reason, NO_SLOT, NO_SLOT) if reason else feed(packet, now)
        accepted = outcome.reason is Reason.TRANSLATED
        yield Replayed(outcome, replace(captured, packet=bytes(packet)) if accepted else None)


def _unseen(captured: Captured) -> Reason:
    """Why the gateway's rules would never see it; `TRANSLATED` if they would."""
    if captured.ethertype not in (None, ETHERTYPE_IPV4):
        return Reason.NOT_IPV4
    return Reason.TRANSLATED if captured.is_complete else Reason.TRUNCATED


def _python(table: Table, direction: Direction) -> Feed:
    """The rules as every engine of Python runs them."""
    policer = Policer()

    def feed(packet: Packet, now: float) -> Outcome:
        return translate(packet, direction, table, policer, now)

    return feed


DEFAULT_ENGINE: Final = "python"
ENGINES: Final[Mapping[str, Engine]] = {DEFAULT_ENGINE: _python}
