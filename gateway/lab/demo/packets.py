"""What the demo reads off the wire: one packet on both sides of the gateway, and silences."""

import re
import socket
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from itertools import pairwise
from statistics import median
from typing import Final

from gateway.lab.demo.stage import Stage
from gateway.net import namespace, offload
from gateway.packet import capture, ipv4, transport
from gateway.packet.checksum import fold

FILTER: Final = "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn"
CAPTURED_WITHIN_S: Final = 10.0
TCP_CHECKSUM: Final = transport.checksum_place(transport.TCP)

ANSWER: Final = re.compile(r"^\[(\d+\.\d+)\] .*icmp_seq=", re.MULTILINE)
TOOK: Final = re.compile(r" time=([0-9.]+) ms")
RAW: Final = 255  # the protocol of a socket that takes whole packets
SUMMARY: Final = re.compile(r"(\d+) packets transmitted, (\d+) received")


@dataclass(frozen=True, slots=True)
class Row:
    """One field before and after the gateway; `right` unless it is a checksum that is wrong."""

    field: str
    before: str
    after: str
    right: bool = True

    @property
    def changed(self) -> bool:
        """Whether the gateway has changed the field's value."""
        return self.before != self.after

    def __str__(self) -> str:
        """The field as a line of the printed comparison."""
        mark = "→" if self.changed and self.before[0].isdigit() else " "
        verdict = "" if self.right else "  WRONG"
        return f"{self.field:<17} {self.before:<16} {mark} {self.after}{verdict}"


@dataclass(frozen=True, slots=True)
class Silence:
    """How an address answered a row of pings."""

    sent: int
    lost: int
    longest_ms: float


def capture_one(
    stage: Stage,
    sender: str,
    sides: Mapping[str, tuple[str, str]],
    send: Callable[[], object],
) -> dict[str, bytes]:
    """The first TCP SYN on each side while `send` runs; a side is a namespace and an interface.

    The sender finishes its checksums meanwhile: else the first capture would show half a checksum.
    """
    with ExitStack() as stack:
        stack.enter_context(offload.finished_checksums(sender, "eth0"))
        dumps = {side: _tcpdump(stage, side, *where) for side, where in sides.items()}
        send()
        packets = {}
        for side, dump in dumps.items():
            dump.wait(CAPTURED_WITHIN_S)
            with (stage.folder / f"{side}.pcap").open("rb") as file:
                packets[side] = next(capture.read(file)).packet
    return packets


def send_again(host: str, packet: bytes) -> None:
    """Send a captured packet once more from a host, as it is. Raises `OSError`."""
    with namespace.inside(host), socket.socket(socket.AF_INET, socket.SOCK_RAW, RAW) as link:
        destination = _dotted(bytearray(packet), ipv4.DESTINATION)
        link.sendto(packet, (destination, 0))


def median_ms(ping_output: str) -> float:
    """The median time in which `ping` had its answers; infinite without one."""
    times = [float(took) for took in TOOK.findall(ping_output)]
    return median(times) if times else float("inf")


def compared(before: bytes, after: bytes) -> list[Row]:
    """The fields of one TCP packet before and after, in the order of the headers."""
    first, second = bytearray(before), bytearray(after)

    def row(name: str, show: Callable[[bytearray], str]) -> Row:
        return Row(name, show(first), show(second))

    def checked(name: str, offset: int, is_right: Callable[[bytearray], bool]) -> Row:
        shown = row(name, lambda packet: f"0x{ipv4.u16(packet, offset):04x}")
        return replace(shown, right=is_right(first) and is_right(second))

    start = ipv4.header_length(first, 0)
    return [
        row("total length", lambda p: str(ipv4.total_length(p))),
        row("identification", lambda p: f"0x{ipv4.u16(p, 4):04x}"),
        row("time to live", lambda p: str(p[8])),
        checked("IPv4 checksum", ipv4.HEADER_CHECKSUM, _ipv4_is_right),
        row("source", lambda p: _dotted(p, ipv4.SOURCE)),
        row("destination", lambda p: _dotted(p, ipv4.DESTINATION)),
        row("source port", lambda p: str(ipv4.u16(p, start))),
        row("destination port", lambda p: str(ipv4.u16(p, start + 2))),
        row("sequence number", lambda p: str(ipv4.u32(p, start + 4))),
        checked("TCP checksum", start + TCP_CHECKSUM, _tcp_is_right),
    ]


def silence(ping_output: str) -> Silence:
    """What `ping -D` saw: its answers' times, and the count of its last lines."""
    times = [float(at) for at in ANSWER.findall(ping_output)]
    sent, received = map(int, SUMMARY.findall(ping_output)[0])
    longest = max((later - earlier for earlier, later in pairwise(times)), default=float("inf"))
    return Silence(sent, sent - received, longest * 1000)


def _tcpdump(stage: Stage, side: str, host: str, interface: str) -> "subprocess.Popen[str]":
    log = stage.folder / f"{side}.log"
    command = ["tcpdump", "-i", interface, "-n", "-U", "--immediate-mode", "-c", "1", "-Z", "root"]
    with namespace.inside(host), log.open("w") as output:
        process = subprocess.Popen(
            [*command, "-w", str(stage.folder / f"{side}.pcap"), FILTER],
            stderr=output,
            text=True,
        )
    stage.adopt(process)
    stage.wait_for("listening on", log, process)
    return process


def _ipv4_is_right(packet: bytearray) -> bool:
    return _sum(packet[: ipv4.header_length(packet, 0)]) == 0xFFFF


def _tcp_is_right(packet: bytearray) -> bool:
    segment = packet[ipv4.header_length(packet, 0) : ipv4.total_length(packet)]
    addresses = packet[ipv4.SOURCE : ipv4.DESTINATION + 4]
    return fold(_sum(segment) + _sum(addresses) + transport.TCP + len(segment)) == 0xFFFF


def _sum(data: bytearray) -> int:
    padded = data + b"\0" * (len(data) % 2)
    return fold(sum(ipv4.u16(padded, at) for at in range(0, len(padded), 2)))


def _dotted(packet: bytearray, offset: int) -> str:
    return str(IPv4Address(ipv4.u32(packet, offset)))
