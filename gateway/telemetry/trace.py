"""The live trace: what the workers tell, told for people.

::

    09:15:02.123456  in       198.51.100.10:33266 → 203.0.113.1:80    TCP SYN 60 B
                     ✓        198.51.100.10:33266 → 10.0.0.2:80       generation 4
    09:15:03.000200  out      10.0.0.9:5353 → 198.51.100.10:53        UDP 44 B
                     ✗        unknown-private: no mapping for the source, a private address
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, Final

from gateway.engine.trace import Record, decode
from gateway.exchange import generations
from gateway.nat.outcome import NO_SLOT, Direction
from gateway.nat.reasons import Reason
from gateway.net import privileges
from gateway.packet import ipv4, transport

RECORD_MAX: Final = 256 * 1024
BUFFER: Final = 8 << 20  # bytes of records that may wait for us
LOOK_S: Final = 0.2

WORDS: Final = {Direction.INBOUND: "in", Direction.OUTBOUND: "out", Direction.HAIRPIN: "hairpin"}
PROTOCOLS: Final = {
    transport.ICMP: "ICMP",
    transport.TCP: "TCP",
    transport.UDP: "UDP",
    transport.DCCP: "DCCP",
    transport.UDP_LITE: "UDP-Lite",
    transport.AUTHENTICATION_HEADER: "AH",
    4: "IPIP",
    47: "GRE",
    50: "ESP",
    132: "SCTP",
}
ICMP_WORDS: Final = {0: "echo reply", 3: "unreachable", 8: "echo", 11: "time exceeded"}
TCP_FLAGS: Final = ("FIN", "SYN", "RST", "PSH", "ACK", "URG")
TCP_FLAGS_BYTE: Final = 13
# Of protocols that have ports: both are the first words of the header.
WITH_PORTS: Final = (transport.TCP, transport.UDP, transport.DCCP, transport.UDP_LITE, 132)


@contextmanager
def listening(directory: Path) -> Iterator[Iterator[Record | None]]:
    """The records of all workers from now on; None whenever there was none for a moment.

    Raises `OSError` if the directory isn't there.
    """
    path = directory / f"trace-{os.getpid()}.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        listener.settimeout(LOOK_S)
        listener.bind(str(path))
        try:
            # A worker may be of a user of its own.
            os.chown(path, -1, privileges.worker_group())
            path.chmod(0o660)
            generations.wake_workers(directory)
            yield _records(listener, directory)
        finally:
            path.unlink(missing_ok=True)


def _records(listener: socket.socket, directory: Path) -> Iterator[Record | None]:
    while True:
        try:
            raw = listener.recv(RECORD_MAX)
        except TimeoutError:
            generations.wake_workers(directory)  # the wake-up before may have been lost
            yield None
        else:
            yield decode(raw)


def concerns(record: Record, addresses: set[int]) -> bool:
    """Whether the packet, before or after, is from or to one of the addresses."""
    return any(
        len(packet) >= ipv4.MIN_HEADER
        and (
            ipv4.u32(packet, ipv4.SOURCE) in addresses
            or ipv4.u32(packet, ipv4.DESTINATION) in addresses
        )
        for packet in map(bytearray, (record.before, record.after))
    )


def as_json(record: Record, pool: str) -> dict[str, Any]:
    """The record for programs."""
    network, outcome = IPv4Network(pool), record.outcome
    slots = (slot for slot in (outcome.sender, outcome.receiver) if slot != NO_SLOT)
    return {
        "at": record.at,
        "direction": WORDS[record.direction],
        "verdict": "accept" if outcome.reason is Reason.TRANSLATED else "drop",
        "reason": outcome.reason.label,
        "generation": record.generation,
        "mappings": [{"public": str(network[slot]), "slot": slot} for slot in slots],
        "missed": record.missed,
        "before": _fields(bytearray(record.before)),
        "after": _fields(bytearray(record.after)),
    }


def as_lines(record: Record) -> str:
    """The record for people: two lines, and one more if packets were missed."""
    at = datetime.fromtimestamp(record.at).astimezone().strftime("%H:%M:%S.%f")
    before, after = bytearray(record.before), bytearray(record.after)
    indent = " " * len(at)
    lines = [f"{at}  {WORDS[record.direction]:<7}  {_ends(before):<46}  {_what(before)}"]
    if record.outcome.reason is Reason.TRANSLATED:
        lines.append(f"{indent}  ✓        {_ends(after):<46}  generation {record.generation}")
    else:
        reason = record.outcome.reason
        lines.append(f"{indent}  ✗        {reason.label}: {reason.doc}")
    if record.missed:
        lines.insert(0, f"{indent}  …        {record.missed} packets came too fast to be shown")
    return "\n".join(lines)


def _fields(packet: bytearray) -> dict[str, Any] | None:
    if len(packet) < ipv4.MIN_HEADER:
        return None
    source, destination = _ports(packet)
    return {
        "source": _dotted(packet, ipv4.SOURCE),
        "destination": _dotted(packet, ipv4.DESTINATION),
        "protocol": PROTOCOLS.get(packet[ipv4.PROTOCOL], str(packet[ipv4.PROTOCOL])),
        "source_port": source,
        "destination_port": destination,
        "length": ipv4.total_length(packet),
        "ttl": packet[ipv4.TTL],
    }


def _ends(packet: bytearray) -> str:
    if len(packet) < ipv4.MIN_HEADER:
        return "?"
    ports = ("" if port is None else f":{port}" for port in _ports(packet))
    ends = (_dotted(packet, ipv4.SOURCE), _dotted(packet, ipv4.DESTINATION))
    return " → ".join(end + port for end, port in zip(ends, ports, strict=True))


def _what(packet: bytearray) -> str:
    """Protocol, what is special about the packet, and its length."""
    if len(packet) < ipv4.MIN_HEADER:
        return f"{len(packet)} B"
    protocol, start = packet[ipv4.PROTOCOL], ipv4.header_length(packet, 0)
    words = [PROTOCOLS.get(protocol, f"protocol {protocol}")]
    if ipv4.is_later_fragment(packet, 0):
        words.append("later fragment")
    elif protocol == transport.TCP and len(packet) > start + TCP_FLAGS_BYTE:
        flags = packet[start + TCP_FLAGS_BYTE]
        words += [name for bit, name in enumerate(TCP_FLAGS) if flags >> bit & 1]
    elif protocol == transport.ICMP and len(packet) > start:
        words.append(ICMP_WORDS.get(packet[start], f"type {packet[start]}"))
    return f"{' '.join(words)} {ipv4.total_length(packet)} B"


def _ports(packet: bytearray) -> tuple[int | None, int | None]:
    start = ipv4.header_length(packet, 0)
    if packet[ipv4.PROTOCOL] not in WITH_PORTS or ipv4.is_later_fragment(packet, 0):
        return None, None
    if len(packet) < start + 4:
        return None, None
    return ipv4.u16(packet, start), ipv4.u16(packet, start + 2)


def _dotted(packet: bytearray, field: int) -> str:
    return str(IPv4Address(ipv4.u32(packet, field)))
