"""What holds for every packet, whatever is in it."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Raw

from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, build
from gateway.nat.translate import NO_SLOT, Direction, translate

CLIENT, PUBLIC, PRIVATE = 0xC633640A, 0xCB007109, 0x0A000002
TABLE = build(1, 8, [Mapping(PUBLIC, PRIVATE, 3)])
IN, OUT = Direction.INBOUND, Direction.OUTBOUND
SUM_FIELD = {6: 16, 17: 6}  # TCP, UDP: where the checksum is in the transport header

WORD = st.integers(0, 0xFFFF)
ADDRESS = st.integers(0, 0xFFFFFFFF)
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


@st.composite
def nearly_packets(draw: st.DrawFn) -> bytearray:
    """Bytes that get past the first checks often enough to reach the last ones."""
    packet = bytearray(draw(st.binary(max_size=80)))
    if len(packet) >= 20 and draw(st.booleans()):
        packet[0] = 0x40 | draw(st.integers(4, 7))
        packet[2:4] = draw(st.integers(18, len(packet) + 1)).to_bytes(2, "big")
        packet[6:8] = draw(st.sampled_from((b"\0\0", b"@\0", b" \0")))
        packet[9] = draw(st.sampled_from((1, 6, 17, 50)))
        packet[12:16] = draw(st.sampled_from((PRIVATE, CLIENT))).to_bytes(4, "big")
        packet[16:20] = draw(st.sampled_from((PUBLIC, CLIENT))).to_bytes(4, "big")
    return packet


def checksum_fields(packet: bytes | bytearray) -> dict[int, int]:
    """Offset → value of the checksums that cover an address."""
    offsets = [10]
    if packet[9] in SUM_FIELD:
        offsets.append((packet[0] & 15) * 4 + SUM_FIELD[packet[9]])
    return {at: int.from_bytes(packet[at : at + 2], "big") for at in offsets}


@given(transport=TRANSPORT, public=ADDRESS, private=ADDRESS, client=ADDRESS)
def test_the_result_is_what_scapy_builds_for_any_addresses(
    transport: Any, public: int, private: int, client: int
) -> None:
    table = build(1, 1, [Mapping(public, private, 0)])
    packet = wire(client, public, transport)
    assert translate(packet, IN, table).reason is Reason.TRANSLATED
    assert packet == wire(client, private, transport)


@given(transport=TRANSPORT, public=ADDRESS, private=ADDRESS)
def test_out_then_in_restores_the_packet(transport: Any, public: int, private: int) -> None:
    # The peer of one direction is a second address of the same table, in the other place.
    table = build(1, 1, [Mapping(public, private, 0)])
    packet = wire(private, CLIENT, transport)
    original = bytes(packet)
    assert translate(packet, OUT, table).reason is Reason.TRANSLATED
    packet[12:16], packet[16:20] = packet[16:20], packet[12:16]  # as a reply: no sum changes
    assert translate(packet, IN, table).reason is Reason.TRANSLATED
    packet[12:16], packet[16:20] = packet[16:20], packet[12:16]
    assert packet == original


@given(packet=nearly_packets(), direction=st.sampled_from(Direction))
def test_any_bytes_have_an_outcome_and_only_the_documented_fields_change(
    packet: bytearray, direction: Direction
) -> None:
    before = bytes(packet)
    outcome = translate(packet, direction, TABLE)
    assert len(packet) == len(before)
    if outcome.reason is not Reason.TRANSLATED:
        assert packet == before
        return
    assert outcome.slot == 3
    at = 16 if direction is IN else 12
    old, new = (PUBLIC, PRIVATE) if direction is IN else (PRIVATE, PUBLIC)
    assert before[at : at + 4] == old.to_bytes(4, "big")
    assert packet[at : at + 4] == new.to_bytes(4, "big")
    may_change = {at, at + 1, at + 2, at + 3}
    for field in checksum_fields(before):
        may_change |= {field, field + 1}
    assert {n for n, byte in enumerate(before) if packet[n] != byte} <= may_change


@given(packet=nearly_packets(), direction=st.sampled_from(Direction))
def test_a_slot_is_known_exactly_from_the_lookup_on(
    packet: bytearray, direction: Direction
) -> None:
    reason, slot = translate(packet, direction, TABLE)
    before_lookup = reason in {
        Reason.HEADER_TRUNCATED, Reason.BAD_VERSION, Reason.BAD_HEADER_LENGTH, Reason.TRUNCATED,
        Reason.UNKNOWN_PUBLIC, Reason.UNKNOWN_PRIVATE,
    }  # fmt: skip
    assert (slot == NO_SLOT) is before_lookup


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


@pytest.mark.parametrize("checksum", range(1, 0x10000, 0x101))
def test_udp_with_a_checksum_never_becomes_one_without(checksum: int) -> None:
    packet = wire(CLIENT, PUBLIC, UDP(chksum=checksum))
    assert translate(packet, IN, TABLE).reason is Reason.TRANSLATED
    assert packet[26:28] != b"\0\0"
