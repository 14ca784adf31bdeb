"""Fields are compared with what Scapy put there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, UDP, IPOption_NOP

from gateway.packet import ipv4

BYTES = st.binary(min_size=ipv4.MIN_HEADER, max_size=64).map(bytearray)
EVEN_OFFSET = st.integers(0, 8).map(lambda n: n * 2)


@given(
    total=st.integers(0, 0xFFFF),
    protocol=st.integers(0, 255),
    checksum=st.integers(0, 0xFFFF),
    ihl=st.integers(0, 15),
    version=st.integers(0, 15),
)
def test_readers_find_what_scapy_wrote(
    total: int, protocol: int, checksum: int, ihl: int, version: int
) -> None:
    written = IP(
        version=version,
        ihl=ihl,
        len=total,
        proto=protocol,
        chksum=checksum,
        src="10.1.2.3",
        dst="203.0.113.9",
    )
    packet = bytearray(bytes(written))
    assert ipv4.version(packet, 0) == version
    assert ipv4.header_length(packet, 0) == 4 * ihl
    assert ipv4.total_length(packet) == total
    assert packet[ipv4.PROTOCOL] == protocol
    assert ipv4.u16(packet, ipv4.HEADER_CHECKSUM) == checksum
    assert ipv4.u32(packet, ipv4.SOURCE) == 0x0A010203
    assert ipv4.u32(packet, ipv4.DESTINATION) == 0xCB007109


def test_the_header_length_counts_options() -> None:
    packet = bytearray(bytes(IP(options=[IPOption_NOP()] * 8) / UDP()))
    assert ipv4.header_length(packet, 0) == 28


@pytest.mark.parametrize(
    ("flags", "offset", "later"),
    [
        pytest.param("", 0, False, id="whole"),
        pytest.param("DF", 0, False, id="whole-dont-fragment"),
        pytest.param("evil", 0, False, id="whole-reserved-bit"),
        pytest.param("MF", 0, False, id="first"),
        pytest.param("MF", 185, True, id="middle"),
        pytest.param("", 185, True, id="last"),
        pytest.param("", 0x1FFF, True, id="last-of-the-longest"),
        pytest.param("", 1, True, id="lowest-bit-of-the-offset"),
        pytest.param("", 0x1000, True, id="highest-bit-of-the-offset"),
    ],
)
def test_is_later_fragment(flags: str, offset: int, later: bool) -> None:
    assert ipv4.is_later_fragment(bytearray(bytes(IP(flags=flags, frag=offset))), 0) is later


def test_readers_look_at_the_header_that_starts_where_they_are_told() -> None:
    quoted = IP(options=[IPOption_NOP()] * 4, version=6, frag=9) / UDP()
    start = 28  # behind an IPv4 and an ICMP header
    packet = bytearray(bytes(IP() / ICMP(type=11)) + bytes(quoted))
    assert (ipv4.version(packet, 0), ipv4.version(packet, start)) == (4, 6)
    assert (ipv4.header_length(packet, 0), ipv4.header_length(packet, start)) == (20, 24)
    assert not ipv4.is_later_fragment(packet, 0)
    assert ipv4.is_later_fragment(packet, start)


@given(packet=BYTES, offset=EVEN_OFFSET, value=st.integers(0, 0xFFFF))
def test_a_16_bit_field_is_written_in_network_order_and_alone(
    packet: bytearray, offset: int, value: int
) -> None:
    expected = bytes(packet[:offset]) + value.to_bytes(2, "big") + bytes(packet[offset + 2 :])
    ipv4.set_u16(packet, offset, value)
    assert packet == expected
    assert ipv4.u16(packet, offset) == value


@given(packet=BYTES, offset=EVEN_OFFSET, value=st.integers(0, 0xFFFFFFFF))
def test_a_32_bit_field_is_written_in_network_order_and_alone(
    packet: bytearray, offset: int, value: int
) -> None:
    expected = bytes(packet[:offset]) + value.to_bytes(4, "big") + bytes(packet[offset + 4 :])
    ipv4.set_u32(packet, offset, value)
    assert packet == expected
    assert ipv4.u32(packet, offset) == value


@given(BYTES)
def test_no_reader_fails_once_the_minimum_is_there(packet: bytearray) -> None:
    before = bytes(packet)
    ipv4.version(packet, 0), ipv4.header_length(packet, 0), ipv4.total_length(packet)
    ipv4.is_later_fragment(packet, 0)
    assert packet == before


def options_of(raw: bytes) -> bytearray:
    """A header with these options, filled up with ends of them to a word."""
    words = -(-len(raw) // 4)
    header = bytes(IP(ihl=5 + words, len=20 + 4 * words))
    return bytearray(header + raw + bytes(4 * words - len(raw)))


@pytest.mark.parametrize(
    ("raw", "end"),
    [
        pytest.param(b"", 0, id="no-options"),
        pytest.param(b"\0\x07\x03\x04", 0, id="the-end-of-them"),
        pytest.param(b"\x01\x01\x01\x01", 21, id="no-operation"),
        pytest.param(b"\x07\x04\x04\0", 24, id="to-the-end-of-the-header"),
        pytest.param(b"\x07\x02\x01\x01", 22, id="shortest"),
        pytest.param(b"\x07\x01\x01\x01", 0, id="too-short"),
        pytest.param(b"\x07\x00\x01\x01", 0, id="of-no-length"),
        pytest.param(b"\x07\x05\x01\x01", 0, id="past-the-end"),
        pytest.param(b"\x07\xff\x01\x01", 0, id="far-past-the-end"),
    ],
)
def test_an_option_ends_where_its_length_says(raw: bytes, end: int) -> None:
    assert ipv4.option_end(options_of(raw) + b"\xff" * 300, 20) == end


def test_an_option_whose_length_would_be_behind_the_header_has_none() -> None:
    packet = options_of(b"\x01\x01\x01\x07") + b"\x02\x02"
    assert ipv4.option_end(packet, 23) == 0


@given(st.binary(max_size=40))
def test_a_walk_through_any_options_ends_inside_the_header(raw: bytes) -> None:
    packet = options_of(raw)
    at, seen = ipv4.MIN_HEADER, [ipv4.MIN_HEADER]
    while at := ipv4.option_end(packet, at):
        seen.append(at)
    assert seen == sorted(set(seen))
    assert seen[-1] <= len(packet)


def test_four_options_hold_addresses() -> None:
    found = {kind: ipv4.option_addresses(kind) for kind in range(256)}
    assert {kind: at for kind, at in found.items() if at} == {7: 3, 68: 4, 131: 3, 137: 3}
