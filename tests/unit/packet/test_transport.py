"""Offsets are compared with where Scapy puts a mark."""

import struct

import pytest
from scapy.layers.inet import ICMP, TCP, UDP, ICMPerror

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
    offset = transport.PSEUDO_HEADER_CHECKSUM[protocol]
    assert protocol == number
    assert header[offset : offset + 2] == MARKED
    assert header.count(MARKED) == 1
    assert len(header) == transport.MIN_HEADER[protocol]


def test_no_other_protocol_has_such_a_checksum() -> None:
    assert set(transport.PSEUDO_HEADER_CHECKSUM) == {6, 17, 33, 136}


def test_every_checksum_is_inside_the_shortest_header() -> None:
    for protocol, offset in transport.PSEUDO_HEADER_CHECKSUM.items():
        assert offset + 2 <= transport.MIN_HEADER[protocol]


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        pytest.param("dest-unreach", transport.ICMP_DESTINATION_UNREACHABLE, id="unreachable"),
        pytest.param("source-quench", transport.ICMP_SOURCE_QUENCH, id="source-quench"),
        pytest.param("redirect", transport.ICMP_REDIRECT, id="redirect"),
        pytest.param("time-exceeded", transport.ICMP_TIME_EXCEEDED, id="time-exceeded"),
        pytest.param("parameter-problem", transport.ICMP_PARAMETER_PROBLEM, id="parameter"),
    ],
)
def test_the_icmp_fields_are_where_scapy_puts_them(kind: str, number: int) -> None:
    raw = bytes(ICMP(type=kind, chksum=MARK) / ICMPerror(type=0xEE))
    assert raw[transport.ICMP_TYPE] == number
    assert raw[transport.ICMP_CHECKSUM : transport.ICMP_CHECKSUM + 2] == MARKED
    assert raw[transport.ICMP_QUOTE] == 0xEE
    assert transport.MIN_HEADER[transport.ICMP] == transport.ICMP_QUOTE == 8


def test_an_error_is_for_the_sender_or_for_a_neighbour_and_not_both() -> None:
    assert sorted(transport.ICMP_ERRORS) == [3, 11, 12]
    assert sorted(transport.ICMP_FOR_NEIGHBOURS) == [4, 5]
