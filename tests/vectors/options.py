"""IP options: left alone, but for one that would carry a private address out (RFC 791, 3.1)."""

from typing import Final

from scapy.layers.inet import ICMP, IPOption_LSRR, IPOption_NOP, IPOption_RR, IPOption_SSRR
from scapy.packet import Packet, Raw
from vectors.row import CLIENT, ROUTER, A, Vector, dropped, ip

from gateway.nat.outcome import Direction
from gateway.nat.reasons import Reason

IN, OUT = Direction.INBOUND, Direction.OUTBOUND
NONE: Final = "0.0.0.0"  # noqa: S104  an empty place, not bound to
PAYLOAD: Final = ICMP() / Raw(b"four")  # a source route changes what a pseudo-header is


def _timestamp(*words: str) -> Packet:
    """Type 68, flag 1: an address and a time in turn."""
    value = bytes((5 + 4 * len(words), 1)) + b"".join(
        bytes(map(int, word.split("."))) for word in words
    )
    return Raw(b"\x44" + bytes((2 + len(value),)) + value)


# Options → whether they may leave.
_OPTIONS: Final[dict[str, tuple[list[Packet], bool]]] = {
    "record route, empty": ([IPOption_RR(routers=[NONE] * 3)], True),
    "record route, with routers": ([IPOption_RR(routers=[ROUTER, CLIENT, NONE])], True),
    "record route, with the sender": ([IPOption_RR(routers=[A.private, NONE])], False),
    "record route, with the gateway inside": ([IPOption_RR(routers=[ROUTER, "10.0.0.1"])], False),
    "behind a no-operation": ([IPOption_NOP(), IPOption_RR(routers=[A.private])], False),
    "loose source route inside": ([IPOption_LSRR(routers=["192.168.7.7"])], False),
    "strict source route inside": ([IPOption_SSRR(routers=["172.16.0.1"])], False),
    "timestamps, with routers": ([_timestamp(ROUTER, "1.2.3.4")], True),
    "timestamps, with the sender": ([_timestamp(A.private, "1.2.3.4")], False),
    "security, not looked into": ([Raw(b"\x82\x0b" + bytes((1, 2, 3, 4)) + bytes(5))], True),
    "a length below 2": ([Raw(b"\x07\x01\x04\x0a")], True),
    "a length beyond the header": ([Raw(b"\x07\x27\x04\x0a")], True),
    "the end before it": ([Raw(b"\x00"), IPOption_RR(routers=["192.168.7.7"])], True),
}


def _row(name: str, options: list[Packet], *, leaves: bool) -> list[Vector]:
    packet = ip(A.private, CLIENT, PAYLOAD, options=options)
    arriving = Vector(
        f"RFC 791 3.1: {name}, inbound",
        IN,
        ip(CLIENT, A.public, PAYLOAD, options=options),
        ip(CLIENT, A.private, PAYLOAD, options=options),
        receiver=A.slot,
    )
    title = f"RFC 791 3.1: {name}, outbound"
    if not leaves:
        return [arriving, dropped(title, OUT, packet, Reason.PRIVATE_OPTION)]
    out = ip(A.public, CLIENT, PAYLOAD, options=options)
    return [arriving, Vector(title, OUT, packet, out, sender=A.slot)]


VECTORS: Final[list[Vector]] = [
    row
    for name, (options, leaves) in _OPTIONS.items()
    for row in _row(name, options, leaves=leaves)
]
