"""Offsets are compared with where Scapy puts a mark."""

import pytest
from scapy.layers.inet import ICMP, TCP, UDP
from scapy.packet import Packet

from gateway.packet import transport

MARK = 0xA55A


@pytest.mark.parametrize(
    ("header", "offset", "size"),
    [
        pytest.param(TCP(chksum=MARK), transport.TCP_CHECKSUM, transport.TCP_MIN_HEADER, id="tcp"),
        pytest.param(UDP(chksum=MARK), transport.UDP_CHECKSUM, transport.UDP_HEADER, id="udp"),
    ],
)
def test_the_checksum_is_where_scapy_puts_it(header: Packet, offset: int, size: int) -> None:
    raw = bytes(header)
    assert raw[offset : offset + 2] == MARK.to_bytes(2, "big")
    assert len(raw) == size


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        pytest.param("echo-request", transport.ICMP_ECHO, id="echo"),
        pytest.param("echo-reply", transport.ICMP_ECHO_REPLY, id="echo-reply"),
    ],
)
def test_the_icmp_type_is_where_scapy_puts_it(kind: str, number: int) -> None:
    raw = bytes(ICMP(type=kind))
    assert raw[transport.ICMP_TYPE] == number
    assert len(raw) == transport.ICMP_MIN_HEADER
