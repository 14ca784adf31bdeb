"""Expected packets are Scapy's: built anew with the other address, all checksums computed anew.

What each rule does to whole packets of its own stands in the vectors (`test_vectors.py`).
"""

from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP
from scapy.packet import Packet as ScapyPacket
from scapy.packet import Raw
from support.rules import translate, with_both_kinds

from gateway.engine.rules import Rules
from gateway.nat.outcome import NO_SLOT, Checksum, Direction, Outcome
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, build, empty
from gateway.nat.tally import Tally
from gateway.nat.view import TableView

CLIENT, PUBLIC, PRIVATE = "198.51.100.10", "203.0.113.9", "10.0.0.2"
OTHER = "192.0.2.77"
SLOT = 3
TABLE = build(1, 8, [Mapping(0xCB007109, 0x0A000002, SLOT), Mapping(0xCB00710A, 0x0A000003, 4)])
IN, OUT = Direction.INBOUND, Direction.OUTBOUND

TRANSPORTS = [
    pytest.param(TCP(sport=40000, dport=80, flags="S", options=[("MSS", 1460)]), id="tcp-syn"),
    pytest.param(TCP(sport=80, dport=40000, flags="PA") / Raw(b"odd"), id="tcp-odd-data"),
    pytest.param(TCP(), id="tcp-bare-header"),
    pytest.param(UDP(sport=5000, dport=53) / Raw(b"question"), id="udp"),
    pytest.param(UDP(sport=5000, dport=53), id="udp-empty"),
    pytest.param(UDP(chksum=0) / Raw(b"unsummed"), id="udp-no-checksum"),
    pytest.param(ICMP(type=8, id=7, seq=1) / Raw(b"ping"), id="echo"),
    pytest.param(ICMP(type=0, id=7, seq=1) / Raw(b"ping"), id="echo-reply"),
]
HEADERS = [
    pytest.param({}, id="plain"),
    pytest.param({"tos": 0xB9, "flags": "DF", "ttl": 1, "id": 0xBEEF}, id="other-fields-set"),
    pytest.param({"options": [IPOption_NOP()] * 40}, id="longest-options"),
]


def wire(source: str, destination: str, transport: ScapyPacket, **header: Any) -> bytes:
    return bytes(IP(src=source, dst=destination, **header) / transport)


def udp_inbound(**fields: Any) -> bytes:
    return wire(CLIENT, PUBLIC, UDP(sport=1, dport=2) / Raw(b"four"), **fields)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("header", HEADERS)
def test_inbound_the_public_destination_becomes_private(
    transport: ScapyPacket, header: dict[str, Any]
) -> None:
    packet = bytearray(wire(CLIENT, PUBLIC, transport, **header))
    assert translate(packet, IN, TABLE) == Outcome(Reason.TRANSLATED, receiver=SLOT)
    assert packet == wire(CLIENT, PRIVATE, transport, **header)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("header", HEADERS)
def test_outbound_the_private_source_becomes_public(
    transport: ScapyPacket, header: dict[str, Any]
) -> None:
    packet = bytearray(wire(PRIVATE, CLIENT, transport, **header))
    assert translate(packet, OUT, TABLE) == Outcome(Reason.TRANSLATED, sender=SLOT)
    assert packet == wire(PUBLIC, CLIENT, transport, **header)


@pytest.mark.parametrize("padding", [b"\0", b"\xaa" * 26], ids=["one", "ethernet"])
def test_link_layer_padding_is_left_alone(padding: bytes) -> None:
    packet = bytearray(udp_inbound() + padding)
    assert translate(packet, IN, TABLE).reason is Reason.TRANSLATED
    assert packet == wire(CLIENT, PRIVATE, UDP(sport=1, dport=2) / Raw(b"four")) + padding


@pytest.fixture(scope="module")
def data_for_zero() -> bytes:
    """The data for which the checksum over the private address is computed as 0."""
    # Summed with a word of zeros; a word that equals the checksum then makes it zero.
    zeros = wire(CLIENT, PRIVATE, UDP(sport=1, dport=2) / Raw(b"\0\0"))
    return zeros[26:28]


def test_udp_checksum_computed_as_zero_is_sent_as_ffff(data_for_zero: bytes) -> None:
    packet = bytearray(wire(CLIENT, PUBLIC, UDP(sport=1, dport=2) / Raw(data_for_zero)))
    assert packet[26:28] != b"\xff\xff"
    assert translate(packet, IN, TABLE).reason is Reason.TRANSLATED
    assert packet[26:28] == b"\xff\xff"
    assert packet == wire(CLIENT, PRIVATE, UDP(sport=1, dport=2) / Raw(data_for_zero))


def test_udp_checksum_received_as_ffff_stands_for_zero(data_for_zero: bytes) -> None:
    datagram = UDP(sport=2, dport=1) / Raw(data_for_zero)
    packet = bytearray(wire(PRIVATE, CLIENT, datagram))
    assert packet[26:28] == b"\xff\xff"
    assert translate(packet, OUT, TABLE).reason is Reason.TRANSLATED
    assert packet == wire(PUBLIC, CLIENT, datagram)


def test_tcp_checksum_computed_as_zero_stays_zero() -> None:
    without = int.from_bytes(wire(CLIENT, PRIVATE, TCP(sport=1, dport=2))[36:38], "big")
    segment = TCP(sport=1, dport=2, urgptr=without)
    expected = wire(CLIENT, PRIVATE, segment)
    assert expected[36:38] == b"\0\0"
    packet = bytearray(wire(CLIENT, PUBLIC, segment))
    assert translate(packet, IN, TABLE).reason is Reason.TRANSLATED
    assert packet == expected


def test_icmp_checksum_is_not_touched_even_if_wrong() -> None:
    message = ICMP(type=8, chksum=0x1234)
    packet = bytearray(wire(CLIENT, PUBLIC, message))
    assert translate(packet, IN, TABLE).reason is Reason.TRANSLATED
    assert packet == wire(CLIENT, PRIVATE, message)


DROPPED = [
    pytest.param(b"", Reason.HEADER_TRUNCATED, NO_SLOT, id="empty"),
    pytest.param(udp_inbound()[:19], Reason.HEADER_TRUNCATED, NO_SLOT, id="19-bytes"),
    pytest.param(udp_inbound(version=6), Reason.BAD_VERSION, NO_SLOT, id="version-6"),
    pytest.param(udp_inbound(version=0), Reason.BAD_VERSION, NO_SLOT, id="version-0"),
    pytest.param(udp_inbound(version=15), Reason.BAD_VERSION, NO_SLOT, id="version-15"),
    pytest.param(udp_inbound(ihl=4), Reason.BAD_HEADER_LENGTH, NO_SLOT, id="header-16"),
    pytest.param(udp_inbound(ihl=0), Reason.BAD_HEADER_LENGTH, NO_SLOT, id="header-0"),
    pytest.param(udp_inbound(ihl=9), Reason.BAD_TOTAL_LENGTH, NO_SLOT, id="header-above-total"),
    pytest.param(udp_inbound(len=0), Reason.BAD_TOTAL_LENGTH, NO_SLOT, id="total-0"),
    pytest.param(udp_inbound(len=19), Reason.BAD_TOTAL_LENGTH, NO_SLOT, id="total-19"),
    pytest.param(udp_inbound(len=33), Reason.TRUNCATED, NO_SLOT, id="one-byte-missing"),
    pytest.param(udp_inbound(len=0xFFFF), Reason.TRUNCATED, NO_SLOT, id="total-65535"),
    pytest.param(
        wire(CLIENT, OTHER, UDP()), Reason.UNKNOWN_PUBLIC, NO_SLOT, id="unknown-destination"
    ),
    pytest.param(
        wire(CLIENT, PRIVATE, UDP()), Reason.UNKNOWN_PUBLIC, NO_SLOT, id="private-destination"
    ),
    pytest.param(
        wire(PUBLIC, OTHER, UDP()), Reason.MARTIAN, NO_SLOT, id="own-public-source-before-lookup"
    ),
    pytest.param(
        wire("10.0.0.2", OTHER, UDP()), Reason.MARTIAN, NO_SLOT, id="martian-before-lookup"
    ),
    pytest.param(wire(OTHER, OTHER, UDP()), Reason.LAND, NO_SLOT, id="land-before-lookup"),
    pytest.param(wire(PUBLIC, PUBLIC, UDP()), Reason.LAND, NO_SLOT, id="land-before-martian"),
    pytest.param(
        wire(CLIENT, OTHER, Raw(b""), proto=51),
        Reason.UNKNOWN_PUBLIC,
        NO_SLOT,
        id="lookup-before-transport",
    ),
    pytest.param(
        wire(CLIENT, PUBLIC, Raw(bytes(24)), proto=51),
        Reason.AUTHENTICATION_HEADER,
        SLOT,
        id="ah",
    ),
    pytest.param(
        wire(CLIENT, PUBLIC, Raw(b""), proto=51, frag=1),
        Reason.AUTHENTICATION_HEADER,
        SLOT,
        id="ah-later-fragment",
    ),
    pytest.param(
        wire(CLIENT, PUBLIC, Raw(bytes(19)), proto=6, flags="MF"),
        Reason.TRANSPORT_TRUNCATED,
        SLOT,
        id="tiny-first-fragment",
    ),
    pytest.param(wire(CLIENT, PUBLIC, ICMP(type=5)), Reason.UNSUPPORTED_ICMP, SLOT, id="redirect"),
    pytest.param(
        wire(CLIENT, PUBLIC, ICMP(type=4)), Reason.UNSUPPORTED_ICMP, SLOT, id="source-quench"
    ),
    pytest.param(
        bytes(IP(src=CLIENT, dst=PUBLIC, proto=6) / Raw(bytes(TCP())[:19])),
        Reason.TRANSPORT_TRUNCATED,
        SLOT,
        id="tcp-19",
    ),
    pytest.param(
        bytes(IP(src=CLIENT, dst=PUBLIC, proto=17) / Raw(bytes(UDP())[:7])),
        Reason.TRANSPORT_TRUNCATED,
        SLOT,
        id="udp-7",
    ),
    pytest.param(
        bytes(IP(src=CLIENT, dst=PUBLIC, proto=1) / Raw(bytes(ICMP())[:7])),
        Reason.TRANSPORT_TRUNCATED,
        SLOT,
        id="icmp-7",
    ),
    pytest.param(
        wire(CLIENT, PUBLIC, Raw(b""), proto=1), Reason.TRANSPORT_TRUNCATED, SLOT, id="icmp-empty"
    ),
    pytest.param(
        bytes(IP(src=CLIENT, dst=PUBLIC, proto=17, len=27) / UDP()),
        Reason.TRANSPORT_TRUNCATED,
        SLOT,
        id="udp-header-ends-in-the-padding",
    ),
    pytest.param(
        wire(CLIENT, PUBLIC, TCP(), options=[IPOption_NOP()] * 4, len=43),
        Reason.TRANSPORT_TRUNCATED,
        SLOT,
        id="tcp-short-because-of-options",
    ),
]


@pytest.mark.parametrize(("raw", "reason", "slot"), DROPPED)
def test_a_packet_is_dropped_with_its_reason_and_left_as_it_is(
    raw: bytes, reason: Reason, slot: int
) -> None:
    packet = bytearray(raw)
    assert translate(packet, IN, TABLE) == Outcome(reason, receiver=slot)
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
    ("source", "destination"),
    [
        pytest.param(OTHER, CLIENT, id="unknown-source"),
        pytest.param(PUBLIC, CLIENT, id="source-is-public-already"),
    ],
)
def test_outbound_a_source_without_mapping_is_dropped(source: str, destination: str) -> None:
    raw = wire(source, destination, UDP())
    packet = bytearray(raw)
    assert translate(packet, OUT, TABLE) == Outcome(Reason.UNKNOWN_PRIVATE)
    assert packet == raw


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        pytest.param(OTHER, PRIVATE, id="private-is-only-the-destination"),
        pytest.param(PRIVATE, PUBLIC, id="to-itself"),
        pytest.param(OTHER, PUBLIC, id="before-the-source-is-looked-up"),
    ],
)
def test_outbound_nothing_leads_to_what_is_not_outside(source: str, destination: str) -> None:
    raw = wire(source, destination, UDP())
    packet = bytearray(raw)
    assert translate(packet, OUT, TABLE) == Outcome(Reason.MISDIRECTED)
    assert packet == raw


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
