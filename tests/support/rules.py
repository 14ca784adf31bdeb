"""The rules, interpreted and compiled: tests put packets through both, and both must agree."""

from typing import Final

import pytest

from gateway.engine.rules import INTERPRETED, Rules, compiled
from gateway.nat.outcome import Checksum, Direction, Outcome
from gateway.nat.table import Table

KINDS: Final[dict[str, Rules]] = {"interpreted": INTERPRETED, "compiled": compiled()}

with_both_kinds = pytest.mark.parametrize("rules", KINDS.values(), ids=KINDS)


def translate(
    packet: bytearray,
    direction: Direction,
    table: Table,
    now_ns: int = 0,
    checksum: Checksum = Checksum.FINISHED,
) -> Outcome:
    """The packet through rules of both kinds, with full buckets: one outcome and the same bytes.

    Rewrites it in place.
    """
    other = bytearray(packet)
    outcome = INTERPRETED.for_table(table).feed(memoryview(packet), direction, now_ns, checksum)
    again = KINDS["compiled"].for_table(table).feed(memoryview(other), direction, now_ns, checksum)
    assert (again, other) == (outcome, packet), "compiled and interpreted rules differ"
    return outcome
