"""Each check by itself; what `translate` makes of them is in the vectors."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, UDP
from scapy.packet import Raw
from vectors.bad import MARTIANS

from gateway.nat import checks
from gateway.nat.reasons import Reason

NETWORKS = [IPv4Network(network) for network in MARTIANS]


@given(st.integers(0, 0xFFFFFFFF))
def test_a_martian_is_of_one_of_the_ranges(address: int) -> None:
    expected = any(IPv4Address(address) in network for network in NETWORKS)
    assert checks.is_martian(address) is expected


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_a_range_ends_where_it_ends(network: IPv4Network) -> None:
    first, last = int(network[0]), int(network[-1])
    assert checks.is_martian(first)
    assert checks.is_martian(last)
    outside = [address for address in (first - 1, last + 1) if 0 <= address <= 0xFFFFFFFF]
    assert not any(checks.is_martian(address) for address in outside)


@given(st.binary(max_size=80))
def test_after_the_header_check_header_and_total_length_are_there(raw: bytes) -> None:
    if not checks.check_header(bytearray(raw), len(raw)):
        header, total = (raw[0] & 15) * 4, int.from_bytes(raw[2:4], "big")
        assert raw[0] >> 4 == 4
        assert 20 <= header <= total <= len(raw)


def test_only_errors_quote() -> None:
    for kind in range(256):
        packet = bytearray(bytes(IP(proto=1) / Raw(bytes([kind]) + bytes(40))))
        assert checks.quote_of(packet) == (28 if kind in (3, 11, 12) else 0), kind


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(IP() / UDP(sport=0x0303), id="another-protocol"),
        pytest.param(IP(frag=1) / ICMP(type=3), id="a-later-fragment"),
    ],
)
def test_what_only_looks_like_an_error_quotes_nothing(packet: IP) -> None:
    assert checks.quote_of(bytearray(bytes(packet))) == 0


def test_a_first_fragment_of_an_error_quotes() -> None:
    assert checks.quote_of(bytearray(bytes(IP(flags="MF") / ICMP(type=3)))) == 28


@given(st.binary(min_size=20, max_size=80), st.integers(0, 60))
def test_after_the_quote_check_the_quoted_header_is_there(quoted: bytes, cut: int) -> None:
    packet = bytearray(bytes(IP(proto=1) / Raw(b"\x03" + bytes(7) + quoted[cut:])))
    reason = checks.check_quote(packet, 28)
    assert reason in (0, Reason.QUOTE_TRUNCATED)
    left = len(packet) - 28
    whole = left >= 20 and packet[28] >> 4 == 4 and 20 <= (packet[28] & 15) * 4 <= left
    assert (reason == 0) is whole


def test_a_quote_doesnt_reach_into_the_padding() -> None:
    error = bytes(IP() / ICMP(type=11) / Raw(bytes(IP() / UDP())[:19]))
    assert checks.check_quote(bytearray(error + bytes(20)), 28) is Reason.QUOTE_TRUNCATED
