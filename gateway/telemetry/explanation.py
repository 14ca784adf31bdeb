"""Why a packet was accepted or dropped: in one line, for programs, and as a capture's comment."""

from ipaddress import IPv4Address
from typing import Any, Final

from gateway.nat.outcome import NO_SLOT, Direction, Outcome
from gateway.nat.reasons import Reason
from gateway.nat.table import Table
from gateway.nat.view import TableView
from gateway.packet.frame import Frame
from gateway.packet.link import IPV4
from gateway.telemetry.packet_text import DIRECTIONS, ends, fields, what

ENDS_WIDTH: Final = 46


def verdict(reason: Reason) -> str:
    """What is done with a packet for this reason."""
    return "accept" if reason is Reason.TRANSLATED else "drop"


def comment(direction: Direction, outcome: Outcome, generation: int) -> str:
    """Direction, reason, generation and slots, beside the packet in a capture."""
    parts = [f"{outcome.reason.label} ({DIRECTIONS[direction]})", f"generation {generation}"]
    for name, slot in (("sender", outcome.sender), ("receiver", outcome.receiver)):
        if slot != NO_SLOT:
            parts.append(f"{name}'s slot {slot}")
    return ", ".join(parts)


class Explanation:
    """What the mappings of one table did to packets that all have one direction."""

    def __init__(self, table: Table, direction: Direction) -> None:
        """`table` is the one that the packets are translated by."""
        self._view = TableView(table.memory)
        self._generation = table.generation
        self._direction = direction

    def comment(self, outcome: Outcome) -> str:
        """The comment for a packet of this outcome."""
        return comment(self._direction, outcome, self._generation)

    def as_line(self, number: int, frame: Frame, outcome: Outcome, after: Frame | None) -> str:
        """Number, packet before, packet after or why there is none, and the rules."""
        rules = "; ".join(self._rules(outcome))
        head = f"{number:>6}  {_ends(frame):<{ENDS_WIDTH}}  {what(_packet(frame)):<20}"
        if after is None:
            reason = f"✗ {outcome.reason.label}: {outcome.reason.doc}"
            return f"{head}  {reason}; {rules}" if rules else f"{head}  {reason}"
        return f"{head}  ✓ {_ends(after):<{ENDS_WIDTH}}  {rules or outcome.reason.label}"

    def as_json(
        self, number: int, frame: Frame, outcome: Outcome, after: Frame | None
    ) -> dict[str, Any]:
        """The same for programs; packets are counted from 0."""
        slots = (slot for slot in (outcome.sender, outcome.receiver) if slot != NO_SLOT)
        return {
            "index": number - 1,
            "verdict": verdict(outcome.reason),
            "reason": outcome.reason.label,
            "generation": self._generation,
            "mappings": [
                {"public": self._public(slot), "private": self._private(slot), "slot": slot}
                for slot in slots
            ],
            "before": fields(_packet(frame)),
            "after": fields(_packet(after)) if after else None,
        }

    def _rules(self, outcome: Outcome) -> list[str]:
        """What the mappings of the packet say, in the direction that they are used in."""
        rules = []
        if outcome.sender != NO_SLOT:
            private, public = self._private(outcome.sender), self._public(outcome.sender)
            rules.append(f"source {private} is {public} outside, slot {outcome.sender}")
        if outcome.receiver != NO_SLOT:
            private, public = self._private(outcome.receiver), self._public(outcome.receiver)
            rules.append(f"destination {public} is {private} inside, slot {outcome.receiver}")
        return rules

    def _public(self, slot: int) -> str:
        return str(IPv4Address(self._view.public(slot)))

    def _private(self, slot: int) -> str:
        return str(IPv4Address(self._view.private(slot)))


def _packet(frame: Frame) -> bytearray:
    """The packet if it may be IPv4; of another one, bytes of the same number."""
    packet = bytearray(frame.packet)
    return packet if frame.ethertype in (None, IPV4) else bytearray(len(packet))


def _ends(frame: Frame) -> str:
    if frame.ethertype not in (None, IPV4):
        return f"type 0x{frame.ethertype:04x}"
    return ends(_packet(frame))
