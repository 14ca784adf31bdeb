"""The rewrite of one header, and the delta that it says it made."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.packet import Packet, Raw
from scapy.utils import checksum as full_checksum

from gateway.nat.rewrite import rewrite_address, update_icmp
from gateway.packet import ipv4
from gateway.packet.checksum import address_delta

OLD, NEW = 0xCB007109, 0x0A000002
DELTA = address_delta(OLD, NEW)


def packet_of(above: Packet, **header: Any) -> bytearray:
    return bytearray(bytes(IP(src="198.51.100.10", dst="203.0.113.9", **header) / above))


@pytest.mark.parametrize("above", [TCP(), UDP(), UDP(chksum=0)], ids=["tcp", "udp", "udp-none"])
@pytest.mark.parametrize("start", [0, 28], ids=["outer", "quoted"])
def test_it_says_how_the_sum_of_all_words_changed(above: Packet, start: int) -> None:
    packet = bytearray(start) + packet_of(above / Raw(b"even"))
    ipv4.set_u16(packet, ipv4.TOTAL_LENGTH, len(packet))
    before = full_checksum(bytes(packet))
    changed = rewrite_address(packet, start, ipv4.DESTINATION, NEW, DELTA)
    assert ipv4.u32(packet, start + ipv4.DESTINATION) == NEW
    assert (before - full_checksum(bytes(packet)) - changed) % 0xFFFF == 0


@given(st.integers(20, 48))
def test_nothing_behind_the_end_is_touched(end: int) -> None:
    packet = packet_of(TCP() / Raw(b"some data"))
    ipv4.set_u16(packet, ipv4.TOTAL_LENGTH, end)
    before = bytes(packet)
    rewrite_address(packet, 0, ipv4.DESTINATION, NEW, DELTA)
    assert packet[end:] == before[end:]
    assert (packet[36:38] != before[36:38]) is (end >= 38)


@given(st.integers(20, 48))
def test_nothing_behind_the_end_of_a_quote_is_touched(end: int) -> None:
    packet = bytearray(28) + packet_of(TCP() / Raw(b"some data"))
    ipv4.set_u16(packet, ipv4.TOTAL_LENGTH, 28 + end)
    before = bytes(packet)
    rewrite_address(packet, 28, ipv4.DESTINATION, NEW, DELTA)
    assert packet[28 + end :] == before[28 + end :]
    assert (packet[64:66] != before[64:66]) is (end >= 38)


def test_a_later_fragment_has_no_checksum_to_touch() -> None:
    packet = packet_of(UDP() / Raw(b"some data"), frag=1)
    before = bytes(packet)
    rewrite_address(packet, 0, ipv4.DESTINATION, NEW, DELTA)
    assert packet[20:] == before[20:]


def test_the_icmp_checksum_is_behind_the_options() -> None:
    packet = bytearray(60)
    packet[0] = 0x46
    packet[26:28] = b"\x12\x34"
    update_icmp(packet, 1)
    assert packet[26:28] == b"\x12\x33"
    assert not any(packet[1:26])
    assert not any(packet[28:])
