"""A capture through the rules: no queue, no root, no clock but the capture's own.

An *engine* that can be fed packets is made for one table and direction and keeps its own policer.
What the gateway would never get, because its hooks see whole IPv4 packets only, is dropped before
the engine: a frame of another protocol, and a packet that the capture's snap length cut. Tags of
VLANs are skipped, as a port of the gateway takes them off.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from gateway.engine import rules
from gateway.nat.outcome import Checksum, Direction, Outcome
from gateway.nat.reasons import Reason
from gateway.nat.table import Table
from gateway.packet.frame import Frame
from gateway.packet.link import IPV4

NS_PER_S: Final = 1_000_000_000
NOW_MAX_S: Final = 8 * 365 * 86_400.0  # a clock of 64 bits that counts 1/16 ns holds twice that
PAUSE_MAX_S: Final = 3600.0  # more than fills any bucket; a clock that was set can skip decades

# Translates the packet in place: its checksum's state, and a time in seconds that doesn't go back.
Feed = Callable[[bytearray, Checksum, float], Outcome]
Engine = Callable[[Table, Direction], Feed]


class Replayed(NamedTuple):
    """One captured packet, what became of it, and what leaves the gateway; none if dropped."""

    frame: Frame
    outcome: Outcome
    sent: Frame | None


def replay(
    frames: Iterable[Frame], engine: Engine, table: Table, direction: Direction
) -> Iterator[Replayed]:
    """Each packet's outcome, in order.

    Time is the capture's, from its first packet on. A stamp before an earlier one counts as that:
    several queues of one card may deliver a little out of order, and buckets must not be filled
    twice for one second. A pause of more than an hour counts as one.
    """
    feed = engine(table, direction)
    now = 0.0
    latest = None
    for frame in frames:
        if latest is not None and frame.at > latest:
            now = min(now + min(frame.at - latest, PAUSE_MAX_S), NOW_MAX_S)
        latest = frame.at if latest is None else max(latest, frame.at)
        packet = bytearray(frame.packet)
        reason = _unseen(frame)
        outcome = Outcome(reason) if reason else feed(packet, Checksum.FINISHED, now)
        accepted = outcome.reason is Reason.TRANSLATED
        yield Replayed(frame, outcome, replace(frame, packet=bytes(packet)) if accepted else None)


def _unseen(frame: Frame) -> Reason:
    """Why the gateway's rules would never see the packet; `TRANSLATED` if they would."""
    if frame.ethertype not in (None, IPV4):
        return Reason.NOT_IPV4
    return Reason.TRANSLATED if frame.is_complete else Reason.TRUNCATED


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
