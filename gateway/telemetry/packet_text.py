"""A packet in words: its ends, its protocol, its length."""

from ipaddress import IPv4Address
from typing import Any, Final

from gateway.nat.outcome import Direction
from gateway.packet import ipv4, transport

DIRECTIONS: Final = {
    Direction.INBOUND: "in",
    Direction.OUTBOUND: "out",
    Direction.HAIRPIN: "hairpin",
}
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


def is_ipv4(packet: bytearray) -> bool:
    """Whether the packet has a header that can be put in words."""
    return len(packet) >= ipv4.MIN_HEADER and ipv4.version(packet, 0) == 4


def fields(packet: bytearray) -> dict[str, Any] | None:
    """The packet for programs; none if it has no IPv4 header."""
    if not is_ipv4(packet):
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


def ends(packet: bytearray) -> str:
    """Where the packet comes from and goes to, with ports if it has some."""
    if not is_ipv4(packet):
        return "?"
    ports = ("" if port is None else f":{port}" for port in _ports(packet))
    addresses = (_dotted(packet, ipv4.SOURCE), _dotted(packet, ipv4.DESTINATION))
    return " → ".join(end + port for end, port in zip(addresses, ports, strict=True))


def what(packet: bytearray) -> str:
    """Protocol, what is special about the packet, and its length."""
    if not is_ipv4(packet):
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
