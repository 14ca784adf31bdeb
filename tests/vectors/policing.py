"""Policing: packets in time, and which of them pass.

The rates are chosen so that everything can be reckoned in the head: 8 Mbps are 1,000,000 bytes a
second with a burst of 200,000; 1 Mbps are 125,000 a second, and the least burst, 131,070.
"""

from dataclasses import dataclass
from itertools import chain
from typing import Final

from scapy.layers.inet import UDP
from scapy.packet import Raw
from vectors.errors import FULL, PRIVATE
from vectors.row import CLIENT, GATEWAY, POOL, ROUTER, A, B, Side, ip

from gateway.nat.outcome import Direction
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, Package, Table, build

IN, OUT, HAIRPIN = Direction.INBOUND, Direction.OUTBOUND, Direction.HAIRPIN
PASS, POLICED, PACKAGE = Reason.TRANSLATED, Reason.POLICED, Reason.PACKAGE_POLICED


@dataclass(frozen=True, slots=True)
class Timed:
    """One packet of a row: when it is seen, and what becomes of it."""

    at: float
    packet: bytes
    reason: Reason


@dataclass(frozen=True, slots=True)
class Policing:
    """Packets of one direction, in the order in which they are captured."""

    name: str
    table: Table
    direction: Direction
    packets: tuple[Timed, ...]


def table(*, out_kbps: int = 0, in_kbps: int = 0, package_kbps: int = 0, b_kbps: int = 0) -> Table:
    """A and B; both are in the package, if there is one."""
    number = 1 if package_kbps else 0
    return build(
        1,
        8,
        [
            Mapping(0xCB007109, 0x0A000002, A.slot, out_kbps, in_kbps, number),
            Mapping(0xCB00710A, 0x0A000003, B.slot, b_kbps, b_kbps, number),
        ],
        [Package(1, package_kbps)] if number else [],
        [POOL],
    )


def sized(source: str, destination: str, size: int) -> bytes:
    """A packet of `size` IP bytes."""
    return ip(source, destination, UDP(sport=1, dport=2) / Raw(bytes(size - 28)))


def out(side: Side, size: int, at: float, reason: Reason = PASS, times: int = 1) -> list[Timed]:
    """From an instance to the internet."""
    return [Timed(at, sized(side.private, CLIENT, size), reason)] * times


def router_error(router: str, at: float, reason: Reason = PASS, times: int = 1) -> list[Timed]:
    """From a router outside, about a datagram of A."""
    return [Timed(at, FULL(router, A.public, A.public, CLIENT), reason)] * times


def in_(side: Side, size: int, at: float, reason: Reason = PASS, times: int = 1) -> list[Timed]:
    """From the internet to an instance."""
    return [Timed(at, sized(CLIENT, side.public, size), reason)] * times


def across(source: Side, to: Side, size: int, at: float, reason: Reason = PASS) -> list[Timed]:
    """From one instance to another's public address."""
    return [Timed(at, sized(source.private, to.public, size), reason)]


def row(name: str, rules: Table, direction: Direction, *packets: list[Timed]) -> Policing:
    return Policing(name, rules, direction, tuple(chain.from_iterable(packets)))


MBPS_8, MBPS_1 = 8_000, 1_000
CAPPED: Final = table(out_kbps=MBPS_8, in_kbps=MBPS_1)
SHARED: Final = table(package_kbps=MBPS_8)
BOTH: Final = table(out_kbps=MBPS_8, in_kbps=MBPS_8, b_kbps=2 * MBPS_8, package_kbps=MBPS_8)

POLICING: Final[list[Policing]] = [
    row("without a cap everything passes", table(), OUT, out(A, 50_000, 0, times=40)),
    row(
        "out: the burst, then nothing, then what time gives",
        CAPPED,
        OUT,
        out(A, 50_000, 10, times=4),
        out(A, 28, 10, POLICED),
        out(A, 50_000, 10.049, POLICED),
        out(A, 50_000, 10.0500001),
        out(A, 28, 10.0500001, POLICED),
    ),
    row(
        "in: has a cap of its own, and the least burst: two of the largest packets",
        CAPPED,
        IN,
        in_(A, 65_535, 10, times=2),
        in_(A, 28, 10, POLICED),
        in_(A, 12_500, 10.0999, POLICED),
        in_(A, 12_500, 10.1000001),
    ),
    row(
        "a full bucket doesn't grow",
        CAPPED,
        OUT,
        out(A, 28, 0),
        out(A, 50_000, 1000, times=4),
        out(A, 28, 1000, POLICED),
    ),
    row(
        "a packet too long for what is left is dropped, a shorter one passes",
        CAPPED,
        OUT,
        out(A, 50_000, 0, times=3),
        out(A, 40_000, 0),
        out(A, 10_001, 0, POLICED),
        out(A, 10_000, 0),
    ),
    row(
        "padding isn't reckoned",
        CAPPED,
        OUT,
        [Timed(p.at, p.packet + bytes(6), p.reason) for p in out(A, 50_000, 0, times=4)],
        out(A, 28, 0, POLICED),
    ),
    row(
        "what is dropped for another reason takes nothing",
        CAPPED,
        OUT,
        [Timed(0, sized(A.private, A.private, 50_000), Reason.LAND)] * 5,
        [Timed(0, sized(CLIENT, "192.0.2.1", 50_000), Reason.UNKNOWN_PRIVATE)] * 5,
        out(A, 50_000, 0, times=4),
        out(A, 50_000, 0, POLICED),
    ),
    row(
        "another address's traffic is not touched",
        table(out_kbps=MBPS_1, b_kbps=MBPS_8),
        OUT,
        out(A, 65_535, 0, times=2),
        out(A, 65_535, 0, POLICED),
        out(B, 50_000, 0, times=4),
        out(B, 28, 0, POLICED),
    ),
    row(
        "RFC 4787 REQ-12a: errors from private addresses have a rate, others have none",
        table(),
        IN,
        router_error(PRIVATE, 0, times=50),
        router_error("192.168.9.9", 0, Reason.PRIVATE_ROUTERS_POLICED, times=3),
        router_error(ROUTER, 0, times=60),
        router_error(PRIVATE, 0.0101),
        router_error(PRIVATE, 0.0101, Reason.PRIVATE_ROUTERS_POLICED),
        router_error(PRIVATE, 0.1001, times=9),
        router_error(PRIVATE, 0.1001, Reason.PRIVATE_ROUTERS_POLICED),
        router_error(PRIVATE, 60, times=50),
        router_error(PRIVATE, 60, Reason.PRIVATE_ROUTERS_POLICED),
    ),
    row(
        "package: both members together have one bucket",
        SHARED,
        OUT,
        out(A, 50_000, 0, times=2),
        out(B, 50_000, 0, times=2),
        out(A, 28, 0, PACKAGE),
        out(B, 28, 0, PACKAGE),
        out(B, 50_000, 0.0500001),
        out(A, 28, 0.0500001, PACKAGE),
    ),
    row(
        "package: inbound is a bucket of its own",
        SHARED,
        IN,
        in_(A, 50_000, 0, times=3),
        in_(B, 50_000, 0),
        in_(B, 28, 0, PACKAGE),
    ),
    row(
        "package: what its bucket refuses takes nothing from the address's",
        table(out_kbps=MBPS_8, b_kbps=2 * MBPS_8, package_kbps=MBPS_8),
        OUT,
        out(B, 50_000, 0, times=4),  # the package has 0 left, A 200,000, B 200,000
        out(A, 60_000, 0, PACKAGE, times=4),
        out(A, 60_000, 0.0600001),  # so that A isn't empty
    ),
    row(
        "package: what the address's bucket refuses takes nothing from it",
        table(out_kbps=MBPS_1, package_kbps=MBPS_8),
        OUT,
        out(A, 65_535, 0, times=2),  # A has 0 left, the package 68,930
        out(A, 65_535, 0, POLICED, times=3),
        out(B, 65_535, 0),
        out(B, 3_396, 0, PACKAGE),
        out(B, 3_395, 0),
    ),
    row(
        "hairpin: out of the caller's and into the called one's",
        table(out_kbps=MBPS_8, b_kbps=MBPS_1),
        HAIRPIN,
        across(A, B, 65_535, 0),
        across(A, B, 65_535, 0),
        across(A, B, 28, 0, POLICED),  # B has none left
    ),
    row(
        "hairpin: what one end refuses takes nothing at the other",
        table(out_kbps=MBPS_8, in_kbps=MBPS_8, b_kbps=MBPS_1),
        HAIRPIN,
        across(A, B, 65_535, 0) + across(A, B, 65_535, 0),  # A has 68,930 left, B none
        across(A, B, 40_000, 0, POLICED) * 5,
        across(A, A, 65_535, 0),
        across(A, A, 3_396, 0, POLICED),
        across(A, A, 3_395, 0),
    ),
    row(
        "hairpin to itself: both of its directions",
        table(out_kbps=MBPS_8, in_kbps=2 * MBPS_8),
        HAIRPIN,
        across(A, A, 50_000, 0) * 4,
        across(A, A, 28, 0, POLICED),
    ),
    row(
        "the gateway's own error is nobody's traffic on its way out",
        table(out_kbps=MBPS_1),
        OUT,
        out(A, 65_535, 0, times=2),
        [Timed(0, FULL(GATEWAY, CLIENT, CLIENT, A.private), PASS)],
        [Timed(0, FULL(A.private, CLIENT, CLIENT, A.private), POLICED)],
    ),
    row(
        "a capture's clock that goes back fills no bucket twice",
        CAPPED,
        OUT,
        out(A, 50_000, 10, times=4),
        out(A, 50_000, 9, POLICED),
        out(A, 50_000, 10, POLICED),
        out(A, 50_000, 9.5, POLICED),
        out(A, 50_000, 10.0500001),
        out(A, 28, 10, POLICED),
    ),
    row(
        "aggregates of 64 KB, 20 Mbps asked for at 40: one of two passes",
        table(out_kbps=20_000),
        OUT,
        # 2,500,000 bytes a second; a burst of 500,000 is 10 packets of 50,000, one more in 20 ms.
        out(A, 50_000, 0, times=10),
        *(out(A, 50_000, n * 0.0100001, PASS if n % 2 == 0 else POLICED) for n in range(1, 100)),
    ),
]
