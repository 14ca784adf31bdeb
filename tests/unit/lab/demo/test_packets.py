"""Packets are Scapy's, and so is what is right or wrong about their checksums."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP
from scapy.packet import Raw

from gateway.lab.demo.packets import Row, compared, median_ms, silence

PUBLIC, PRIVATE, CLIENT = "203.0.113.9", "10.0.0.2", "198.51.100.10"

PING = """\
PING 203.0.113.9 (203.0.113.9) 56(84) bytes of data.
[100.000000] 64 bytes from 203.0.113.9: icmp_seq=1 ttl=63 time=0.100 ms
[100.100000] 64 bytes from 203.0.113.9: icmp_seq=2 ttl=63 time=0.100 ms
[100.450000] 64 bytes from 203.0.113.9: icmp_seq=5 ttl=63 time=0.100 ms
[100.500000] 64 bytes from 203.0.113.9: icmp_seq=6 ttl=63 time=0.100 ms

--- 203.0.113.9 ping statistics ---
6 packets transmitted, 4 received, 33.3333% packet loss, time 500ms
"""
NO_ANSWER = """\
--- 203.0.113.9 ping statistics ---
3 packets transmitted, 0 received, 100% packet loss, time 2000ms
"""


def syn(destination: str, data: bytes = b"", **fields: Any) -> bytes:
    tcp = TCP(sport=40000, dport=80, seq=0xDEADBEEF, **fields) / Raw(data)
    return bytes(IP(src=CLIENT, dst=destination, id=7, ttl=63) / tcp)


def test_only_what_the_gateway_changes_is_marked() -> None:
    rows = compared(syn(PUBLIC), syn(PRIVATE))
    assert [row.field for row in rows if row.changed] == [
        "IPv4 checksum",
        "destination",
        "TCP checksum",
    ]
    assert all(row.right for row in rows)


def test_the_fields_are_those_of_the_packet() -> None:
    shown = {row.field: (row.before, row.after) for row in compared(syn(PUBLIC), syn(PRIVATE))}
    assert shown["destination"] == (PUBLIC, PRIVATE)
    assert shown["source"] == (CLIENT, CLIENT)
    assert shown["total length"] == ("40", "40")
    assert shown["identification"] == ("0x0007", "0x0007")
    assert shown["time to live"] == ("63", "63")
    assert shown["source port"] == ("40000", "40000")
    assert shown["destination port"] == ("80", "80")
    assert shown["sequence number"] == (str(0xDEADBEEF), str(0xDEADBEEF))


@given(data=st.binary(max_size=9))
def test_right_checksums_are_right(data: bytes) -> None:
    assert all(row.right for row in compared(syn(PUBLIC, data), syn(PRIVATE, data)))


@pytest.mark.parametrize("side", [0, 1], ids=["before", "after"])
@pytest.mark.parametrize(
    ("at", "field"), [(10, "IPv4 checksum"), (36, "TCP checksum")], ids=["ipv4", "tcp"]
)
def test_a_wrong_checksum_is_called_wrong(side: int, at: int, field: str) -> None:
    packets = [syn(PUBLIC), syn(PRIVATE)]
    damaged = bytearray(packets[side])
    damaged[at] ^= 1
    packets[side] = bytes(damaged)
    rows = compared(*packets)
    assert [row.field for row in rows if not row.right] == [field]
    assert [str(row).endswith("  WRONG") for row in rows] == [not row.right for row in rows]


@pytest.mark.parametrize(
    ("row", "arrow"),
    [
        (Row("source", "10.0.0.2", "203.0.113.9"), True),
        (Row("source", "1.1.1.1", "1.1.1.1"), False),
    ],
    ids=["changed", "same"],
)
def test_a_line_has_an_arrow_where_something_changed(row: Row, arrow: bool) -> None:
    assert ("→" in str(row)) is arrow


def test_the_longest_silence_is_between_two_answers() -> None:
    found = silence(PING)
    assert (found.sent, found.lost) == (6, 2)
    assert found.longest_ms == pytest.approx(350)


def test_without_two_answers_the_silence_has_no_end() -> None:
    found = silence(NO_ANSWER)
    assert (found.sent, found.lost, found.longest_ms) == (3, 3, float("inf"))


@pytest.mark.parametrize(
    ("output", "median"), [(PING.replace("0.100", "0.2", 1), 0.1), (NO_ANSWER, float("inf"))]
)
def test_the_median_of_a_row_of_pings(output: str, median: float) -> None:
    assert median_ms(output) == median
