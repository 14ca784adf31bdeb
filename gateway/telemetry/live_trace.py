"""The live trace: what the workers tell of each packet, in lines for people.

::

    09:15:02.123456  in       198.51.100.10:33266 → 203.0.113.1:80    TCP SYN 60 B
                     ✓        198.51.100.10:33266 → 10.0.0.2:80       generation 4
    09:15:03.000200  out      10.0.0.9:5353 → 198.51.100.10:53        UDP 44 B
                     ✗        unknown-private: no mapping for the source, a private address
"""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gateway.engine.listeners import TraceRecord, decode
from gateway.exchange import generations, watching
from gateway.metering.attribution import addresses_of
from gateway.nat.outcome import NO_SLOT
from gateway.nat.reasons import Reason
from gateway.net import privileges
from gateway.packet import ipv4
from gateway.telemetry.explanation import verdict
from gateway.telemetry.packet_text import DIRECTIONS, ends, fields, what

RECORD_MAX: Final = 256 * 1024
BUFFER: Final = 8 << 20  # bytes of records that may wait for us
LOOK_S: Final = 0.2


@contextmanager
def listening(directory: Path) -> Iterator[Iterator[TraceRecord | None]]:
    """The records of all workers from now on, and None each time that there was none for a moment.

    All packets come to the workers meanwhile: the fast path carries none.

    Raises `OSError` if the directory isn't there.
    """
    path = directory / f"trace-{os.getpid()}.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        listener.settimeout(LOOK_S)
        listener.bind(str(path))
        try:
            # A worker may be of a user of its own.
            os.chown(path, -1, privileges.group_of())
            path.chmod(0o660)
            watching.begin(directory)
            generations.wake_workers(directory)
            yield _records(listener, directory)
        finally:
            path.unlink(missing_ok=True)


def _records(listener: socket.socket, directory: Path) -> Iterator[TraceRecord | None]:
    while True:
        try:
            raw = listener.recv(RECORD_MAX)
        except TimeoutError:
            generations.wake_workers(directory)  # the wake-up before may have been lost
            yield None
            continue
        try:
            record = decode(raw)
        except ValueError:  # whoever reaches the socket can send what is no record
            continue
        yield record


def concerns(record: TraceRecord, addresses: set[int]) -> bool:
    """Whether the packet, before or after, is from or to one of the addresses."""
    return any(
        len(packet) >= ipv4.MIN_HEADER
        and (
            ipv4.u32(packet, ipv4.SOURCE) in addresses
            or ipv4.u32(packet, ipv4.DESTINATION) in addresses
        )
        for packet in map(bytearray, (record.before, record.after))
    )


class PublishedAddresses:
    """The public addresses of the table that is published in a directory, by slot."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._generation = -1
        self._addresses: Mapping[int, str] = {}

    def at(self, generation: int) -> Mapping[int, str]:
        """The addresses of this generation, or of a later one that is published already."""
        if generation > self._generation:
            table = generations.load(self._directory)
            self._generation = max(generation, table.generation)
            self._addresses = addresses_of(table)
        return self._addresses


def as_json(record: TraceRecord, addresses: Mapping[int, str]) -> dict[str, Any]:
    """The record for programs; `addresses` are the public ones of the table, by slot."""
    outcome = record.outcome
    slots = (slot for slot in (outcome.sender, outcome.receiver) if slot != NO_SLOT)
    return {
        "at": record.at,
        "direction": DIRECTIONS[record.direction],
        "verdict": verdict(outcome.reason),
        "reason": outcome.reason.label,
        "generation": record.generation,
        "mappings": [{"public": addresses.get(slot), "slot": slot} for slot in slots],
        "missed": record.missed,
        "before": fields(bytearray(record.before)),
        "after": fields(bytearray(record.after)),
    }


def as_lines(record: TraceRecord) -> str:
    """The record for people: two lines, and one more if packets were missed."""
    at = datetime.fromtimestamp(record.at).astimezone().strftime("%H:%M:%S.%f")
    before, after = bytearray(record.before), bytearray(record.after)
    indent = " " * len(at)
    lines = [f"{at}  {DIRECTIONS[record.direction]:<7}  {ends(before):<46}  {what(before)}"]
    if record.outcome.reason is Reason.TRANSLATED:
        lines.append(f"{indent}  ✓        {ends(after):<46}  generation {record.generation}")
    else:
        reason = record.outcome.reason
        lines.append(f"{indent}  ✗        {reason.label}: {reason.doc}")
    if record.missed:
        lines.insert(0, f"{indent}  …        {record.missed} packets came too fast to be shown")
    return "\n".join(lines)
