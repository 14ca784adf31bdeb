"""Expected packets are Scapy's: built anew with the other address, all checksums computed anew.

What each rule does to whole packets of its own stands in the vectors (`test_vectors.py`).
"""

from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.packet import Packet as ScapyPacket
from scapy.packet import Raw
from support.rules import translate, with_both_kinds

from gateway.engine.rules import Rules
from gateway.nat.outcome import Checksum, Direction, Outcome
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, build, empty
from gateway.nat.tally import Tally
from gateway.nat.view import TableView

CLIENT, PUBLIC, PRIVATE = "198.51.100.10", "203.0.113.9", "10.0.0.2"
OTHER = "192.0.2.77"
SLOT = 3
TABLE = build(1, 8, [Mapping(0xCB007109, 0x0A000002, SLOT), Mapping(0xCB00710A, 0x0A000003, 4)])
IN, OUT = Direction.INBOUND, Direction.OUTBOUND


def wire(source: str, destination: str, transport: ScapyPacket, **header: Any) -> bytes:
    return bytes(IP(src=source, dst=destination, **header) / transport)


def udp_inbound(**fields: Any) -> bytes:
    return wire(CLIENT, PUBLIC, UDP(sport=1, dport=2) / Raw(b"four"), **fields)


def test_icmp_checksum_is_not_touched_even_if_wrong() -> None:
    message = ICMP(type=8, chksum=0x1234)
    packet = bytearray(wire(CLIENT, PUBLIC, message))
    assert translate(packet, IN, TABLE).reason is Reason.TRANSLATED
    assert packet == wire(CLIENT, PRIVATE, message)


@pytest.mark.parametrize(
    ("raw", "direction", "reason"),
    [
        pytest.param(wire(PUBLIC, OTHER, UDP()), IN, Reason.MARTIAN, id="martian-ours-then-lookup"),
        pytest.param(wire(PRIVATE, OTHER, UDP()), IN, Reason.MARTIAN, id="martian-then-lookup"),
        pytest.param(wire(OTHER, OTHER, UDP()), IN, Reason.LAND, id="land-then-lookup"),
        pytest.param(wire(PUBLIC, PUBLIC, UDP()), IN, Reason.LAND, id="land-then-martian"),
        pytest.param(
            wire(CLIENT, OTHER, Raw(b""), proto=51),
            IN,
            Reason.UNKNOWN_PUBLIC,
            id="lookup-then-transport",
        ),
        pytest.param(wire(OTHER, PUBLIC, UDP()), OUT, Reason.MISDIRECTED, id="target-then-lookup"),
    ],
)
def test_of_two_reasons_the_first_one_counts(
    raw: bytes, direction: Direction, reason: Reason
) -> None:
    packet = bytearray(raw)
    assert translate(packet, direction, TABLE) == Outcome(reason)
    assert packet == raw


NOT_PASSED = {
    3: Reason.QUOTE_TRUNCATED,  # an error about nothing
    4: Reason.UNSUPPORTED_ICMP,
    5: Reason.UNSUPPORTED_ICMP,
    11: Reason.QUOTE_TRUNCATED,
    12: Reason.QUOTE_TRUNCATED,
}


def test_icmp_messages_pass_but_those_for_neighbours_and_errors_about_nothing() -> None:
    for kind in range(256):
        # Raw, because Scapy gives some types a body of their own.
        message = Raw(bytes([kind]) + bytes(7))
        packet = bytearray(wire(CLIENT, PUBLIC, message, proto=1))
        reason = NOT_PASSED.get(kind, Reason.TRANSLATED)
        assert translate(packet, IN, TABLE) == Outcome(reason, receiver=SLOT), kind
        assert packet == wire(CLIENT, PUBLIC if reason else PRIVATE, message, proto=1), kind


OTHER_PROTOCOLS = [n for n in range(256) if n not in (1, 6, 17, 33, 51, 136)]


@pytest.mark.parametrize("data", [b"", b"\xff" * 23], ids=["empty", "data"])
def test_every_other_protocol_passes_with_the_address_rewritten(data: bytes) -> None:
    for protocol in OTHER_PROTOCOLS:
        packet = bytearray(wire(CLIENT, PUBLIC, Raw(data), proto=protocol))
        assert translate(packet, IN, TABLE) == Outcome(Reason.TRANSLATED, receiver=SLOT), protocol
        assert packet == wire(CLIENT, PRIVATE, Raw(data), proto=protocol), protocol
        packet = bytearray(wire(PRIVATE, CLIENT, Raw(data), proto=protocol))
        assert translate(packet, OUT, TABLE) == Outcome(Reason.TRANSLATED, sender=SLOT), protocol
        assert packet == wire(PUBLIC, CLIENT, Raw(data), proto=protocol), protocol


@pytest.mark.parametrize(
    ("direction", "reason"),
    [
        (IN, Reason.UNKNOWN_PUBLIC),
        (OUT, Reason.UNKNOWN_PRIVATE),
        (Direction.HAIRPIN, Reason.UNKNOWN_PUBLIC),
    ],
    ids=["inbound", "outbound", "hairpin"],
)
def test_before_anything_is_published_every_packet_is_unknown(
    direction: Direction, reason: Reason
) -> None:
    packet = bytearray(udp_inbound())
    assert translate(packet, direction, empty()) == Outcome(reason)


@with_both_kinds
@pytest.mark.parametrize("direction", [0, 4, 0x80000000])
def test_without_a_direction_nothing_passes(rules: Rules, direction: int) -> None:
    raw = udp_inbound()
    packet = bytearray(raw)
    found = rules.for_table(TABLE).feed(memoryview(packet), direction, 0, Checksum.FINISHED)
    assert found == Outcome(Reason.UNKNOWN_DIRECTION)
    assert packet == raw


def test_what_is_only_expected_changes_nothing() -> None:
    """Each is a word to the processor of what is looked up, or counted, soon."""
    view, page = TableView(TABLE.memory), memoryview(bytearray(8 * (72 + 8 * 4)))
    before = bytes(TABLE.memory)
    for address in (0, 0xCB007109, 0xFFFFFFFF):
        view.expect_public(address)
        view.expect_private(address)
    for slot in range(TABLE.slots):
        view.expect(slot)
        Tally(page).expect(slot)
    assert (bytes(TABLE.memory), bytes(page)) == (before, bytes(len(page)))


def test_a_table_is_large_when_its_index_does_not_fit_into_the_first_cache() -> None:
    for mappings, is_large in ((8, False), (16_000, True)):
        table = build(1, mappings, [Mapping(n, n, n) for n in range(mappings)])
        assert TableView(table.memory).is_large() is is_large
