"""Unfinished checksums, finished: Scapy says what they are.

The same through the rules, interpreted and compiled: `tests/vectors/unfinished.py`.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP, IPOption_NOP
from scapy.layers.sctp import SCTP, SCTPChunkData
from scapy.packet import Raw
from vectors.unfinished import PLACE, left, pseudo_header_sum

from gateway.packet.unfinished import crc32c, finish, is_own

OPTIONS = [IPOption_NOP()] * 8


def wire(above: Any, **header: Any) -> bytearray:
    return bytearray(bytes(IP(src="198.51.100.10", dst="203.0.113.9", **header) / above))


DATA = st.binary(max_size=61).map(Raw)
PORT = st.integers(0, 0xFFFF)
TRANSPORT = st.one_of(
    st.builds(lambda a, b, data: TCP(sport=a, dport=b) / data, PORT, PORT, DATA),
    st.builds(lambda a, b, data: UDP(sport=a, dport=b) / data, PORT, PORT, DATA),
    st.builds(
        lambda tag, data: SCTP(tag=tag) / SCTPChunkData(data=data), PORT, st.binary(max_size=61)
    ),
)


@given(transport=TRANSPORT, options=st.sampled_from(([], OPTIONS)), padding=st.binary(max_size=9))
def test_a_finished_checksum_is_the_one_that_scapy_computes(
    transport: Any, options: list[Any], padding: bytes
) -> None:
    expected = wire(transport, options=options)
    packet = bytearray(left(expected)) + padding
    assert is_own(packet)
    finish(packet, aggregate=False)
    assert packet == expected + padding


@pytest.mark.parametrize("data", [b"", b"o", b"even", b"odd"])
@pytest.mark.parametrize("header", [TCP(), UDP()], ids=["tcp", "udp"])
def test_any_length_can_be_finished(header: Any, data: bytes) -> None:
    expected = wire(header / Raw(data))
    packet = bytearray(left(expected))
    finish(packet, aggregate=False)
    assert packet == expected


def data_for_zero(header: Any) -> bytes:
    """The data that makes the checksum 0."""
    place = 20 + PLACE[6 if isinstance(header, TCP) else 17]
    return bytes(wire(header / Raw(b"\0\0"))[place : place + 2])


def test_a_udp_checksum_of_zero_is_sent_as_ffff() -> None:
    expected = wire(UDP(sport=1, dport=2) / Raw(data_for_zero(UDP(sport=1, dport=2))))
    assert expected[26:28] == b"\xff\xff"
    packet = bytearray(left(expected))
    finish(packet, aggregate=False)
    assert packet == expected


def test_a_tcp_checksum_of_zero_stays_zero() -> None:
    expected = wire(TCP(sport=1, dport=2) / Raw(data_for_zero(TCP(sport=1, dport=2))))
    assert expected[36:38] == b"\0\0"
    packet = bytearray(left(expected))
    finish(packet, aggregate=False)
    assert packet == expected


@pytest.mark.parametrize("header", [TCP(), UDP()], ids=["tcp", "udp"])
@pytest.mark.parametrize("size", [0, 1, 1460, 65_000])
def test_an_aggregate_keeps_the_sum_of_the_pseudo_header_it_has_now(header: Any, size: int) -> None:
    packet = bytearray(left(wire(header / Raw(bytes(size)))))
    assert is_own(packet)
    packet[16:20] = b"\x0a\0\0\2"  # rewritten, and the sum with it, somehow
    packet[20 + PLACE[packet[9]]] ^= 0xFF
    before = bytes(packet)
    finish(packet, aggregate=True)
    place = 20 + PLACE[packet[9]]
    assert packet[place : place + 2] == pseudo_header_sum(packet).to_bytes(2)
    assert packet[:place] == before[:place]
    assert packet[place + 2 :] == before[place + 2 :]
    assert is_own(packet)


def test_the_checksum_of_an_sctp_aggregate_is_finished_all_the_same() -> None:
    expected = wire(SCTP(tag=7) / SCTPChunkData(data=b"some data"))
    packet = bytearray(left(expected))
    finish(packet, aggregate=True)
    assert packet == expected


def test_what_the_field_of_an_sctp_checksum_held_before_makes_no_difference() -> None:
    expected = wire(SCTP(tag=7) / SCTPChunkData(data=b"some data"))
    packet = bytearray(expected)
    packet[28:32] = b"\xde\xad\xbe\xef"
    assert is_own(packet)
    finish(packet, aggregate=False)
    assert packet == expected


@pytest.mark.parametrize(
    ("raw", "crc"),
    [
        pytest.param(b"123456789", 0xE3069283, id="check-value"),
        pytest.param(b"", 0, id="nothing"),
        # RFC 7143 (iSCSI), A.4; the same polynomial
        pytest.param(bytes(32), 0x8A9136AA, id="zeros"),
        pytest.param(b"\xff" * 32, 0x62A8AB43, id="ones"),
        pytest.param(bytes(range(32)), 0x46DD794E, id="up"),
        pytest.param(bytes(reversed(range(32))), 0x113FDB5C, id="down"),
    ],
)
def test_crc32c(raw: bytes, crc: int) -> None:
    assert crc32c(bytearray(raw), 0, len(raw)) == crc
    assert crc32c(bytearray(b"before" + raw + b"behind"), 6, 6 + len(raw)) == crc


def test_only_tcp_udp_and_sctp_can_be_finished() -> None:
    finished = []
    for protocol in range(256):
        packet = wire(Raw(bytes(40)), proto=protocol)
        for place in (6, 16):
            packet[20 + place : 22 + place] = pseudo_header_sum(packet).to_bytes(2)
        if is_own(packet):
            finished.append(protocol)
    assert finished == [6, 17, 132]


INNER = bytes(IP(src="10.9.9.9", dst="10.9.9.8") / TCP())
VXLAN = Raw(b"\x08\0\0\0\0\0\x07\0" + bytes(12) + b"\x08\0" + INNER)


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(wire(Raw(INNER), proto=4), id="ip-in-ip"),
        pytest.param(wire(Raw(b"\0\0\x08\0" + INNER), proto=47), id="gre"),
        pytest.param(wire(UDP(dport=4789, chksum=0) / VXLAN), id="vxlan-without-a-checksum"),
        pytest.param(wire(UDP(dport=4789) / VXLAN), id="vxlan-with-a-whole-one"),
        pytest.param(wire(TCP()), id="tcp-with-a-whole-one"),
        pytest.param(wire(TCP(chksum=0)), id="tcp-without"),
        pytest.param(wire(Raw(bytes(40)), proto=6, frag=1), id="later-fragment"),
        pytest.param(wire(Raw(bytes(40)), proto=132, frag=1), id="later-fragment-of-sctp"),
    ],
)
def test_a_checksum_inside_a_tunnel_or_a_fragment_is_not_the_packets_own(packet: bytearray) -> None:
    assert not is_own(packet)


@pytest.mark.parametrize(("protocol", "least"), [(6, 20), (17, 8), (132, 12)])
def test_a_header_that_isnt_whole_has_no_checksum_to_finish(protocol: int, least: int) -> None:
    for length in range(least + 1):
        packet = wire(Raw(bytes(length)), proto=protocol)
        behind = packet + bytes(40)  # what follows is padding, and must not be taken for more
        place = 20 + PLACE[protocol]
        if protocol != 132:
            behind[place : place + 2] = pseudo_header_sum(packet).to_bytes(2)
        assert is_own(behind) is (length == least)


@given(st.binary(min_size=12, max_size=60))
def test_nothing_behind_the_packet_is_touched(data: bytes) -> None:
    packet = wire(Raw(data), proto=132)
    other = packet + b"\xaa" * 20
    finish(other, aggregate=False)
    assert other[len(packet) :] == b"\xaa" * 20
    assert other[:28] == packet[:28]
