"""Offsets are compared with where Scapy puts a mark."""

import struct

import pytest
from scapy.layers.inet import ICMP, TCP, UDP, ICMPerror
from scapy.layers.sctp import SCTP, SCTPChunkHeartbeatReq

from gateway.packet import transport

MARK = 0xA55A
MARKED = struct.pack("!H", MARK)

# Scapy has neither: RFC 3828, 3.1 (ports, coverage, checksum) and RFC 4340, 5.1 with X = 0 (ports,
# data offset, CCVal and CsCov, checksum, type, sequence number).
UDP_LITE = struct.pack("!HHHH", 1, 2, 8, MARK)
DCCP = struct.pack("!HHBBHI", 1, 2, 3, 0, MARK, 0)


@pytest.mark.parametrize(
    ("protocol", "number", "header"),
    [
        pytest.param(transport.TCP, 6, bytes(TCP(chksum=MARK)), id="tcp"),
        pytest.param(transport.UDP, 17, bytes(UDP(chksum=MARK)), id="udp"),
        pytest.param(transport.UDP_LITE, 136, UDP_LITE, id="udp-lite"),
        pytest.param(transport.DCCP, 33, DCCP, id="dccp"),
    ],
)
def test_the_checksum_over_the_addresses_is_where_scapy_puts_it(
    protocol: int, number: int, header: bytes
) -> None:
    offset = transport.checksum_place(protocol)
    assert protocol == number
    assert header[offset : offset + 2] == MARKED
    assert header.count(MARKED) == 1
    assert len(header) == transport.min_transport_header(protocol)


def test_no_other_protocol_has_such_a_checksum() -> None:
    places = {number: transport.checksum_place(number) for number in range(256)}
    assert {number for number, at in places.items() if at >= 0} == {6, 17, 33, 136}
    assert set(places.values()) == {6, 16, transport.NO_CHECKSUM}


def test_every_checksum_is_inside_the_shortest_header() -> None:
    for protocol in (6, 17, 33, 136):
        assert transport.checksum_place(protocol) + 2 <= transport.min_transport_header(protocol)


def test_of_no_other_protocol_a_header_is_asked_for() -> None:
    lengths = {number: transport.min_transport_header(number) for number in range(256)}
    assert {number for number, length in lengths.items() if length} == {1, 6, 17, 33, 136}


def test_the_sctp_checksum_is_the_last_word_of_its_header() -> None:
    raw = bytes(SCTP(chksum=0xA55A_A55A) / SCTPChunkHeartbeatReq())
    place = transport.SCTP_CHECKSUM
    assert raw[place : place + 4] == MARKED * 2
    assert place + 4 == transport.SCTP_HEADER == len(bytes(SCTP()))


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        pytest.param("dest-unreach", transport.DESTINATION_UNREACHABLE, id="unreachable"),
        pytest.param("source-quench", transport.SOURCE_QUENCH, id="source-quench"),
        pytest.param("redirect", transport.REDIRECT, id="redirect"),
        pytest.param("time-exceeded", transport.TIME_EXCEEDED, id="time-exceeded"),
        pytest.param("parameter-problem", transport.PARAMETER_PROBLEM, id="parameter"),
    ],
)
def test_the_icmp_fields_are_where_scapy_puts_them(kind: str, number: int) -> None:
    raw = bytes(ICMP(type=kind, chksum=MARK) / ICMPerror(type=0xEE))
    assert raw[0] == number
    assert raw[transport.ICMP_CHECKSUM : transport.ICMP_CHECKSUM + 2] == MARKED
    assert raw[transport.ICMP_QUOTE] == 0xEE
    assert transport.min_transport_header(transport.ICMP) == transport.ICMP_QUOTE == 8


def test_an_error_is_for_the_sender_or_for_a_neighbour_and_not_both() -> None:
    assert [kind for kind in range(256) if transport.is_icmp_error(kind)] == [3, 11, 12]
    assert [kind for kind in range(256) if transport.is_for_neighbours(kind)] == [4, 5]
