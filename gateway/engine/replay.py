"""A capture through the rules: no queue, no root, no clock but the capture's own.

An *engine* that can be fed packets is made for one table and direction and keeps its own policer.
What the gateway would never get, because its hooks see whole IPv4 packets only, is dropped before
the engine: a frame of another protocol (a VLAN's tag counts as one: the gateway's links have none)
and a packet that the capture's snap length cut.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from gateway.engine import rules
from gateway.nat.outcome import NO_SLOT, Checksum, Direction, Outcome
from gateway.nat.reasons import Reason
from gateway.nat.table import Table
from gateway.packet.pcap import ETHERTYPE_IPV4, Captured

NS_PER_S: Final = 1_000_000_000
PAUSE_MAX_S: Final = 3600.0  # more than fills any bucket; a clock that was set can skip decades

# Translates the packet in place: its checksum's state, and a time in seconds that doesn't go back.
Feed = Callable[[bytearray, Checksum, float], Outcome]
Engine = Callable[[Table, Direction], Feed]


class Replayed(NamedTuple):
    """What became of one captured packet, and what leaves the gateway; none if it was dropped."""

    outcome: Outcome
    sent: Captured | None


def replay(
    packets: Iterable[Captured], engine: Engine, table: Table, direction: Direction
) -> Iterator[Replayed]:
    """Each packet's outcome, in order.

    Time is the capture's, from its first packet on. A stamp before an earlier one counts as that:
    several queues of one card may deliver a little out of order, and buckets must not be filled
    twice for one second. A pause of more than an hour counts as one.
    """
    feed = engine(table, direction)
    start = latest = None
    for captured in packets:
        if start is None or latest is None:
            start = latest = captured.at
        if captured.at > latest:
            start += max(0.0, captured.at - latest - PAUSE_MAX_S)
            latest = captured.at
        now = latest - start
        packet = bytearray(captured.packet)
        reason = _unseen(captured)
        outcome = (
            Outcome(reason, NO_SLOT, NO_SLOT) if reason else feed(packet, Checksum.FINISHED, now)
        )
        accepted = outcome.reason is Reason.TRANSLATED
        yield Replayed(outcome, replace(captured, packet=bytes(packet)) if accepted else None)


def _unseen(captured: Captured) -> Reason:
    """Why the gateway's rules would never see it; `TRANSLATED` if they would."""
    if captured.ethertype not in (None, ETHERTYPE_IPV4):
        return Reason.NOT_IPV4
    return Reason.TRANSLATED if captured.is_complete else Reason.TRUNCATED


def _engine(kind: Callable[[], rules.Rules]) -> Engine:
    def engine(table: Table, direction: Direction) -> Feed:
        translator = kind().for_table(table)

        def feed(packet: bytearray, checksum: Checksum, now: float) -> Outcome:
            return translator.feed(memoryview(packet), direction, int(now * NS_PER_S), checksum)

        return feed

    return engine


DEFAULT_ENGINE: Final = "python"
ENGINES: Final[Mapping[str, Engine]] = {
    DEFAULT_ENGINE: _engine(lambda: rules.INTERPRETED),
    "compiled": _engine(rules.compiled),
}
