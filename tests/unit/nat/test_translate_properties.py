"""What holds for every packet, whatever is in it."""

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP
from scapy.layers.sctp import SCTP, SCTPChunkData
from scapy.packet import Raw
from support.near_packets import nearly_packets
from support.rules import translate
from vectors.row import Build
from vectors.transports import dccp, layer, piece, raw, udp_lite
from vectors.unfinished import left

from gateway.nat.checks import is_martian
from gateway.nat.outcome import NO_SLOT, Checksum, Direction, Outcome
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, build

CLIENT, PUBLIC, PRIVATE = 0xC633640A, 0xCB007109, 0x0A000002
OTHER_PUBLIC, OTHER_PRIVATE = 0xCB00710A, 0x0A000003
TABLE = build(1, 8, [Mapping(PUBLIC, PRIVATE, 3), Mapping(OTHER_PUBLIC, OTHER_PRIVATE, 4)])
SLOTS = {PUBLIC: 3, PRIVATE: 3, OTHER_PUBLIC: 4, OTHER_PRIVATE: 4}
IN, OUT = Direction.INBOUND, Direction.OUTBOUND
# TCP, UDP, DCCP, UDP-Lite: where the checksum is in the transport header
SCTP_PROTOCOL = 132
SUM_FIELD = {6: 16, 17: 6, 33: 6, 136: 6}

WORD = st.integers(0, 0xFFFF)
ADDRESS = st.integers(0, 0xFFFFFFFF)
# Unicast that isn't of a martian range: most of it
FROM_OUTSIDE = st.integers(0x01000000, 0xDFFFFFFF).filter(lambda address: not is_martian(address))
DATA = st.binary(max_size=40).map(Raw)
TRANSPORT = st.one_of(
    st.builds(
        lambda sport, dport, seq, data: TCP(sport=sport, dport=dport, seq=seq) / data,
        WORD, WORD, ADDRESS, DATA,
    ),
    st.builds(lambda sport, dport, data: UDP(sport=sport, dport=dport) / data, WORD, WORD, DATA),
    st.builds(lambda dport, data: UDP(dport=dport, chksum=0) / data, WORD, DATA),
    st.builds(
        lambda kind, data: ICMP(type=kind, id=1, seq=2) / data, st.sampled_from((0, 8)), DATA
    ),
)  # fmt: skip


def dotted(address: int) -> str:
    return ".".join(map(str, address.to_bytes(4, "big")))


def wire(source: int, destination: int, transport: Any, **header: Any) -> bytearray:
    return bytearray(bytes(IP(src=dotted(source), dst=dotted(destination), **header) / transport))


def rewritable(packet: bytes, at: int) -> set[int]:
    """Where the header at `at`, and the transport header behind it, have checksums to rewrite."""
    fields = {at + 10, at + 11}
    if packet[at + 9] in SUM_FIELD and not int.from_bytes(packet[at + 6 : at + 8], "big") & 0x1FFF:
        place = at + (packet[at] & 15) * 4 + SUM_FIELD[packet[at + 9]]
        fields |= {place, place + 1}
    return fields


def documented(packet: bytes, outcome: Outcome, checksum: Checksum) -> set[int]:
    """Every offset that may differ after a translation."""
    fields = rewritable(packet, 0)
    if checksum and packet[9] == SCTP_PROTOCOL:
        start = (packet[0] & 15) * 4
        fields |= set(range(start + 8, start + 12))
    if outcome.sender != NO_SLOT:
        fields |= set(range(12, 16))
    if outcome.receiver != NO_SLOT:
        fields |= set(range(16, 20))
    icmp = (packet[0] & 15) * 4
    first = not int.from_bytes(packet[6:8], "big") & 0x1FFF
    if packet[9] == 1 and first and packet[icmp] in (3, 11, 12):
        quote = icmp + 8
        fields |= {icmp + 2, icmp + 3} | rewritable(packet, quote)
        fields |= set(range(quote + 12, quote + 20))
    return fields


def checksum_fields(packet: bytes | bytearray) -> dict[int, int]:
    """Offset → value of the checksums that cover an address."""
    offsets = [10]
    if packet[9] in SUM_FIELD:
        offsets.append((packet[0] & 15) * 4 + SUM_FIELD[packet[9]])
    return {at: int.from_bytes(packet[at : at + 2], "big") for at in offsets}


@given(transport=TRANSPORT, public=ADDRESS, private=ADDRESS, client=FROM_OUTSIDE)
def test_the_result_is_what_scapy_builds_for_any_addresses(
    transport: Any, public: int, private: int, client: int
) -> None:
    assume(client != public)
    table = build(1, 1, [Mapping(public, private, 0)])
    packet = wire(client, public, transport)
    assert translate(packet, IN, table).reason is Reason.TRANSLATED
    assert packet == wire(client, private, transport)


@given(transport=TRANSPORT, public=ADDRESS, private=ADDRESS)
def test_out_then_in_restores_the_packet(transport: Any, public: int, private: int) -> None:
    # The peer of one direction is a second address of the same table, in the other place.
    assume(CLIENT not in (public, private))
    table = build(1, 1, [Mapping(public, private, 0)])
    packet = wire(private, CLIENT, transport)
    original = bytes(packet)
    assert translate(packet, OUT, table).reason is Reason.TRANSLATED
    packet[12:16], packet[16:20] = packet[16:20], packet[12:16]  # as a reply: no sum changes
    assert translate(packet, IN, table).reason is Reason.TRANSLATED
    packet[12:16], packet[16:20] = packet[16:20], packet[12:16]
    assert packet == original


UNFINISHED = st.one_of(
    TRANSPORT.filter(
        lambda transport: not isinstance(transport, ICMP) and transport.chksum is None
    ),
    st.builds(
        lambda tag, data: SCTP(tag=tag) / SCTPChunkData(data=data), ADDRESS, st.binary(max_size=99)
    ),
)


@given(transport=UNFINISHED, padding=st.binary(max_size=9))
@pytest.mark.parametrize("checksum", [Checksum.UNFINISHED, Checksum.UNFINISHED_AGGREGATE])
def test_an_unfinished_checksum_is_the_one_that_scapy_computes(
    transport: Any, padding: bytes, checksum: Checksum
) -> None:
    packet = bytearray(left(wire(PRIVATE, CLIENT, transport)) + padding)
    expected = wire(PUBLIC, CLIENT, transport)
    if checksum is Checksum.UNFINISHED_AGGREGATE and packet[9] != SCTP_PROTOCOL:
        expected = bytearray(left(expected))
    assert translate(packet, OUT, TABLE, checksum=checksum).reason is Reason.TRANSLATED
    assert packet == expected + padding


PROTOCOLS = st.one_of(
    st.builds(layer, TRANSPORT),
    st.builds(udp_lite, st.binary(max_size=40), st.sampled_from((0, 8))),
    st.builds(dccp, st.binary(max_size=40)),
    st.builds(raw, st.sampled_from((2, 4, 41, 47, 50, 132, 253)), st.binary(max_size=40)),
    st.builds(lambda data: raw(17, data, frag=9), st.binary(max_size=40)),
    st.builds(lambda data: piece(UDP() / Raw(data), 0, 16), st.binary(min_size=20, max_size=60)),
    st.builds(lambda count: layer(TCP(), options=[IPOption_NOP()] * count), st.integers(0, 40)),
)


@given(make=PROTOCOLS, padding=st.binary(max_size=20))
def test_out_then_in_restores_a_packet_of_any_protocol(make: Build, padding: bytes) -> None:
    packet = bytearray(make(dotted(PRIVATE), dotted(CLIENT)) + padding)
    original = bytes(packet)
    assert translate(packet, OUT, TABLE) == Outcome(Reason.TRANSLATED, sender=3)
    assert packet == make(dotted(PUBLIC), dotted(CLIENT)) + padding
    packet[12:16], packet[16:20] = packet[16:20], packet[12:16]
    assert translate(packet, IN, TABLE) == Outcome(Reason.TRANSLATED, receiver=3)
    packet[12:16], packet[16:20] = packet[16:20], packet[12:16]
    assert packet == original


@given(make=PROTOCOLS, callee=st.sampled_from((OTHER_PUBLIC, PUBLIC)))
def test_a_hairpin_is_outbound_and_then_inbound(make: Build, callee: int) -> None:
    packet = bytearray(make(dotted(PRIVATE), dotted(callee)))
    private = {OTHER_PUBLIC: OTHER_PRIVATE, PUBLIC: PRIVATE}[callee]
    there = Outcome(Reason.TRANSLATED, 3, SLOTS[callee])
    assert translate(packet, Direction.HAIRPIN, TABLE) == there
    assert packet == make(dotted(PUBLIC), dotted(private))


@settings(max_examples=1000)
@given(
    packet=nearly_packets(),
    direction=st.sampled_from(Direction),
    checksum=st.sampled_from(Checksum),
)
def test_any_bytes_have_an_outcome_and_only_the_documented_fields_change(
    packet: bytearray, direction: Direction, checksum: Checksum
) -> None:
    before = bytes(packet)
    outcome = translate(packet, direction, TABLE, checksum=checksum)
    assert len(packet) == len(before)
    if outcome.reason is not Reason.TRANSLATED:
        assert packet == before
        return
    source, destination = (int.from_bytes(before[at : at + 4], "big") for at in (12, 16))
    if direction is IN:
        assert outcome == Outcome(Reason.TRANSLATED, receiver=SLOTS[destination])
    elif direction is OUT:
        assert outcome == Outcome(Reason.TRANSLATED, sender=sender_of(source))
    else:
        assert outcome == Outcome(Reason.TRANSLATED, sender_of(source), SLOTS[destination])
    changed = {n for n, byte in enumerate(before) if packet[n] != byte}
    assert changed <= documented(before, outcome, checksum)


def sender_of(source: int) -> int:
    """Only an instance has a slot to send from; what the gateway itself sends has none."""
    return SLOTS[source] if source in (PRIVATE, OTHER_PRIVATE) else NO_SLOT


BEFORE_LOOKUP = {
    Reason.HEADER_TRUNCATED,
    Reason.BAD_VERSION,
    Reason.BAD_HEADER_LENGTH,
    Reason.BAD_TOTAL_LENGTH,
    Reason.TRUNCATED,
    Reason.LAND,
    Reason.MARTIAN,
    Reason.MISDIRECTED,
}


@given(packet=nearly_packets(), direction=st.sampled_from(Direction))
def test_a_slot_is_known_exactly_from_the_lookup_on(
    packet: bytearray, direction: Direction
) -> None:
    reason, sender, receiver = translate(packet, direction, TABLE)
    if reason in BEFORE_LOOKUP:
        assert sender == receiver == NO_SLOT
    if direction is IN:
        assert sender == NO_SLOT
    if direction is OUT:
        assert receiver == NO_SLOT
    elif reason not in BEFORE_LOOKUP:
        assert (receiver == NO_SLOT) is (reason is Reason.UNKNOWN_PUBLIC)
    if reason is Reason.UNKNOWN_PRIVATE:
        assert sender == NO_SLOT


@given(transport=TRANSPORT, ip_sum=WORD, transport_sum=st.integers(1, 0xFFFF))
def test_a_wrong_checksum_stays_wrong_by_the_same_amount(
    transport: Any, ip_sum: int, transport_sum: int
) -> None:
    right = wire(CLIENT, PUBLIC, transport)
    wrong = bytearray(right)
    fields = list(checksum_fields(right))
    sums = dict(zip(fields, (ip_sum, transport_sum), strict=False))
    if len(fields) == 2 and right[9] == 17:
        assume(right[fields[1] : fields[1] + 2] != b"\0\0")
    for at, value in sums.items():
        wrong[at : at + 2] = value.to_bytes(2, "big")
    before = {at: value - checksum_fields(right)[at] for at, value in sums.items()}
    assert translate(right, IN, TABLE).reason is Reason.TRANSLATED
    assert translate(wrong, IN, TABLE).reason is Reason.TRANSLATED
    for at in fields:
        after = checksum_fields(wrong)[at] - checksum_fields(right)[at]
        assert after % 0xFFFF == before[at] % 0xFFFF


@given(data=DATA, dport=WORD)
def test_udp_without_checksum_stays_without(data: Any, dport: int) -> None:
    packet = wire(CLIENT, PUBLIC, UDP(dport=dport, chksum=0) / data)
    assert translate(packet, IN, TABLE).reason is Reason.TRANSLATED
    assert packet[26:28] == b"\0\0"


def test_udp_with_a_checksum_never_becomes_one_without() -> None:
    for checksum in range(1, 0x10000, 0x101):
        packet = wire(CLIENT, PUBLIC, UDP(chksum=checksum))
        assert translate(packet, IN, TABLE).reason is Reason.TRANSLATED, checksum
        assert packet[26:28] != b"\0\0", checksum
