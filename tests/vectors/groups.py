"""Packets of an instance that security groups filter: A is one, and B isn't.

A's groups: the first drops TCP of one client to port 80; the second admits TCP to 80 to 90, UDP
to 53 from a set of addresses, and echo; out goes all but UDP to 53.
"""

from typing import Final

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Raw
from vectors.row import CLIENT, GATEWAY, POOL, ROUTER, A, B, Build, Vector, ip

from gateway.nat.outcome import NO_SLOT, Direction
from gateway.nat.policy import ANY_PROTOCOL, Group, Member, Policies, RemoteSet, Rule
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, build

_MAPPINGS: Final = [
    Mapping(0xCB007109, 0x0A000002, A.slot),
    Mapping(0xCB00710A, 0x0A000003, B.slot),
]
BARRED: Final = "198.51.100.66"
_POLICIES: Final = Policies(
    groups=(
        Group(1, (Rule(False, 6, 80, 80, 1, 0),)),
        Group(
            2,
            (
                Rule(True, 6, 80, 90, 0, 0),
                Rule(True, 17, 53, 53, 2, 1),
                Rule(True, 1, 0, 65535, 0, 2),
            ),
            (Rule(False, 17, 53, 53, 0, 0), Rule(True, ANY_PROTOCOL, 0, 65535, 0, 1)),
        ),
    ),
    remotes=(
        RemoteSet(1, ((0xC6336442, 0xC6336442),)),
        RemoteSet(2, ((0, 1), (0xC6336408, 0xC633640B), (0xC6336450, 0xC6336460))),
    ),
    members=(Member(0x0A000002, (1, 2)),),
)
TABLE: Final = build(1, 8, _MAPPINGS, pools=[POOL], policies=_POLICIES)


def _admitted(
    name: str,
    direction: Direction,
    before: bytes,
    after: bytes,
    sender: int = NO_SLOT,
    receiver: int = NO_SLOT,
) -> Vector:
    named = f"groups: {name}"
    return Vector(named, direction, before, after, Reason.TRANSLATED, sender, receiver, table=TABLE)


def _refused(name: str, direction: Direction, packet: bytes) -> Vector:
    return Vector(f"groups: {name}", direction, packet, None, Reason.SECURITY_GROUP, table=TABLE)


def _in(name: str, make: Build, source: str = CLIENT) -> Vector:
    before, after = make(source, A.public), make(source, A.private)
    return _admitted(name, Direction.INBOUND, before, after, NO_SLOT, A.slot)


def _not_in(name: str, make: Build, source: str = CLIENT) -> Vector:
    return _refused(name, Direction.INBOUND, make(source, A.public))


def _tcp(port: int) -> Build:
    return lambda source, destination: ip(source, destination, TCP(sport=4000, dport=port))


def _udp(port: int) -> Build:
    return lambda source, destination: ip(source, destination, UDP(sport=4000, dport=port) / b"x")


def _echo(source: str, destination: str) -> bytes:
    return ip(source, destination, ICMP(id=1) / b"x")


def _too_long(source: str, about: str) -> bytes:
    """An error of a router about a datagram of A's, which no known flow is of."""
    quoted = IP(src=about, dst=CLIENT, len=1500) / UDP(sport=1, dport=2, len=1480)
    return ip(source, about, ICMP(type=3, code=4) / Raw(bytes(quoted)[:28]))


def _about(source: str, to: str, quoted: str, went_to: str) -> bytes:
    """An error about a datagram between these two."""
    datagram = bytes(IP(src=quoted, dst=went_to) / UDP(sport=1, dport=2))
    return ip(source, to, ICMP(type=3, code=3) / Raw(datagram))


def _error(about: bytes) -> bytes:
    """An error of B's to A's private address."""
    return ip(B.private, A.private, ICMP(type=3, code=3) / Raw(about[:28]))


def _error_of_ours(about: str) -> bytes:
    """An error of our own kernel, to the client, about a datagram for A that it couldn't send."""
    quoted = IP(src=CLIENT, dst=about, len=1500) / UDP(sport=1, dport=2, len=1480)
    return ip(GATEWAY, CLIENT, ICMP(type=3, code=4) / Raw(bytes(quoted)[:28]))


VECTORS: Final = [
    _in("tcp to the first port", _tcp(80)),
    _in("tcp to the last port", _tcp(90)),
    _not_in("tcp to the port before", _tcp(79)),
    _not_in("tcp to the port behind", _tcp(91)),
    _not_in("tcp of a client that the first group bars", _tcp(80), BARRED),
    _in("tcp of that client to another port", _tcp(81), BARRED),
    _in("udp of the last address of a range", _udp(53), "198.51.100.11"),
    _in("udp of the first address of a range", _udp(53), "198.51.100.8"),
    _not_in("udp of the address before a range", _udp(53), "198.51.100.7"),
    _not_in("udp of the address behind a range", _udp(53), "198.51.100.97"),
    _not_in("udp to another port", _udp(54)),
    _in("echo", _echo),
    _in("an error about no known flow, as icmp", lambda _, to: _too_long(ROUTER, to)),
    _not_in("another protocol", lambda source, to: ip(source, to, Raw(b"x"), proto=47)),
    _refused("udp out to a barred port", Direction.OUTBOUND, _udp(53)(A.private, CLIENT)),
    _admitted(
        "tcp out",
        Direction.OUTBOUND,
        _tcp(53)(A.private, CLIENT),
        _tcp(53)(A.public, CLIENT),
        A.slot,
    ),
    _admitted(
        "of who is no member",
        Direction.OUTBOUND,
        _udp(53)(B.private, CLIENT),
        _udp(53)(B.public, CLIENT),
        B.slot,
    ),
    _refused("hairpin to a port", Direction.HAIRPIN, _tcp(22)(B.private, A.public)),
    _admitted(
        "hairpin",
        Direction.HAIRPIN,
        _tcp(80)(B.private, A.public),
        _tcp(80)(B.public, A.private),
        B.slot,
        A.slot,
    ),
    _admitted(
        "hairpin, an error about no known flow",
        Direction.HAIRPIN,
        _about(B.private, A.public, A.public, B.private),
        _about(B.public, A.private, A.private, B.public),
        B.slot,
        A.slot,
    ),
    _refused("hairpin out of a member", Direction.HAIRPIN, _udp(53)(A.private, B.public)),
    _admitted(
        "an error of our own kernel",
        Direction.OUTBOUND,
        _error_of_ours(A.private),
        _error_of_ours(A.public),
    ),
    _admitted(
        "private to a member",
        Direction.HAIRPIN,
        _tcp(80)(B.private, A.private),
        _tcp(80)(B.private, A.private),
    ),
    _refused("private to a member's port", Direction.HAIRPIN, _tcp(22)(B.private, A.private)),
    _refused("private out of a member", Direction.HAIRPIN, _udp(53)(A.private, B.private)),
    _admitted(
        "private between others",
        Direction.HAIRPIN,
        _udp(53)(B.private, "10.0.0.9"),
        _udp(53)(B.private, "10.0.0.9"),
    ),
    # It was queued when there was a member still.
    Vector(
        "groups: private without a member",
        Direction.HAIRPIN,
        _udp(53)(B.private, "10.0.0.9"),
        _udp(53)(B.private, "10.0.0.9"),
    ),
    *(
        Vector(f"groups: private, {name}", Direction.HAIRPIN, packet, None, reason, table=TABLE)
        for name, packet, reason in (
            ("to itself", _tcp(80)(B.private, B.private), Reason.LAND),
            (
                "too short for TCP",
                ip(B.private, A.private, Raw(bytes(19)), proto=6),
                Reason.TRANSPORT_TRUNCATED,
            ),
            ("an error about nothing", _error(b""), Reason.QUOTE_TRUNCATED),
            ("an error about another's", _error(_tcp(1)(B.private, CLIENT)), Reason.QUOTE_MISMATCH),
        )
    ),
]
