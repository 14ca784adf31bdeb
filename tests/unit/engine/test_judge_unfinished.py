"""Packets whose checksum was left to somebody, over the queue, interpreted and compiled."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP, IPOption_NOP
from scapy.layers.sctp import SCTP, SCTPChunkData
from scapy.packet import Raw
from scapy.utils import checksum as full_checksum
from support.queue import AGGREGATE, ID, LOOPS, NOT_FINISHED, Kernel, Verdict, message, running
from vectors.row import CLIENT, TABLE, A, B

from gateway.nat import exchange
from gateway.nat.reasons import Reason
from gateway.nat.worker_page import Traffic, counts

PLACE = {6: 16, 17: 6, 132: 8}
SIZE = {6: 2, 17: 2, 132: 4}
# mark, the addresses before, and after
WAYS = {
    "inbound": (1, (CLIENT, A.public), (CLIENT, A.private)),
    "outbound": (2, (A.private, CLIENT), (A.public, CLIENT)),
    "hairpin": (3, (A.private, B.public), (A.public, B.private)),
}
TRANSPORTS = {
    "tcp": TCP(sport=1, dport=2, flags="PA") / Raw(b"even"),
    "tcp-odd": TCP(sport=1, dport=2, flags="PA") / Raw(b"odd"),
    "tcp-bare": TCP(sport=1, dport=2),
    "udp": UDP(sport=1, dport=2) / Raw(b"even"),
    "udp-odd": UDP(sport=1, dport=2) / Raw(b"odd"),
    "udp-bare": UDP(sport=1, dport=2),
    "sctp": SCTP(tag=7) / SCTPChunkData(data=b"some data"),
}


@pytest.fixture(params=LOOPS)
def kernel(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Kernel]:
    exchange.publish(tmp_path, TABLE)
    with running(tmp_path, request.param) as opened:
        yield opened


def wire(ends: tuple[str, str], above: Any, **header: Any) -> bytearray:
    return bytearray(bytes(IP(src=ends[0], dst=ends[1], **header) / above))


def pseudo_header_sum(packet: bytes | bytearray) -> int:
    length = int.from_bytes(packet[2:4]) - (packet[0] & 15) * 4
    covered = bytes(packet[12:20]) + struct.pack("!BBH", 0, packet[9], length)
    return ~full_checksum(covered) & 0xFFFF


def left(packet: bytearray) -> bytes:
    """The packet as its sender leaves it to a card."""
    other, protocol = bytearray(packet), packet[9]
    place = (packet[0] & 15) * 4 + PLACE[protocol]
    value = 0 if protocol == 132 else pseudo_header_sum(packet)
    other[place : place + SIZE[protocol]] = value.to_bytes(SIZE[protocol])
    return bytes(other)


@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS)
@pytest.mark.parametrize(("mark", "before", "after"), WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("options", [0, 1, 10], ids=["plain", "options", "all-options"])
@pytest.mark.parametrize("padding", [b"", b"\xaa\xbb\xcc"], ids=["", "padded"])
def test_it_goes_on_as_scapy_would_build_it(
    kernel: Kernel,
    transport: Any,
    mark: int,
    before: tuple[str, str],
    after: tuple[str, str],
    options: int,
    padding: bytes,
) -> None:
    header = {"options": [IPOption_NOP()] * options * 4}
    queued = left(wire(before, transport, **header)) + padding
    expected = bytes(wire(after, transport, **header)) + padding
    assert kernel.turn(message(queued, mark, NOT_FINISHED)) == [Verdict(ID, True, expected)]


@pytest.mark.parametrize(("mark", "before", "after"), WAYS.values(), ids=WAYS)
def test_udps_zero_is_sent_as_ffff(
    kernel: Kernel, mark: int, before: tuple[str, str], after: tuple[str, str]
) -> None:
    zeros = wire(after, UDP(sport=1, dport=2) / Raw(b"\0\0"))
    datagram = UDP(sport=1, dport=2) / Raw(bytes(zeros[26:28]))
    expected = bytes(wire(after, datagram))
    assert expected[26:28] == b"\xff\xff"
    queued = left(wire(before, datagram))
    assert kernel.turn(message(queued, mark, NOT_FINISHED)) == [Verdict(ID, True, expected)]


@pytest.mark.parametrize("header", [TCP(flags="A"), UDP()], ids=["tcp", "udp"])
@pytest.mark.parametrize(("mark", "before", "after"), WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("size", [1, 2920, 65_400])
def test_an_aggregate_keeps_the_sum_of_its_new_pseudo_header(
    tmp_path: Path,
    kernel: Kernel,
    header: Any,
    mark: int,
    before: tuple[str, str],
    after: tuple[str, str],
    size: int,
) -> None:
    body = header / Raw(bytes(range(256)) * (size // 256) + bytes(size % 256))
    queued, expected = left(wire(before, body)), left(wire(after, body))
    found = kernel.turn(message(queued, mark, NOT_FINISHED | AGGREGATE))
    assert found == [Verdict(ID, True, expected)]
    counted = Traffic(*map(sum, zip(*counts(tmp_path).slots.values(), strict=True)))
    ways = 2 if mark == 3 else 1
    assert counted.bytes_in + counted.bytes_out == ways * len(queued)


def test_a_finished_aggregate_is_rewritten_like_any_packet(kernel: Kernel) -> None:
    """Another flag than that of the checksum: a card has checked it and left it whole."""
    body = TCP(flags="A") / Raw(bytes(3000))
    queued = bytes(wire((CLIENT, A.public), body))
    expected = bytes(wire((CLIENT, A.private), body))
    for offload in (AGGREGATE, 4, AGGREGATE | 4):  # 4: NFQA_SKB_CSUM_NOTVERIFIED
        assert kernel.turn(message(queued, 1, offload)) == [Verdict(ID, True, expected)]


INNER = bytes(IP(src="10.9.9.9", dst="10.9.9.8") / TCP())
TUNNELS = {
    "ip-in-ip": (Raw(INNER), {"proto": 4}),
    "gre": (Raw(b"\0\0\x08\0" + INNER), {"proto": 47}),
    "vxlan": (UDP(dport=4789, chksum=0) / Raw(bytes(22) + INNER), {}),
    "vxlan-with-a-checksum": (UDP(dport=4789) / Raw(bytes(22) + INNER), {}),
    "icmp": (Raw(b"\x08" + bytes(30)), {"proto": 1}),
    "later-fragment": (Raw(bytes(40)), {"proto": 17, "frag": 3}),
    "sctp-of-11-bytes": (Raw(bytes(11)), {"proto": 132}),
}


@pytest.mark.parametrize(("above", "header"), TUNNELS.values(), ids=TUNNELS)
@pytest.mark.parametrize("offload", [NOT_FINISHED, NOT_FINISHED | AGGREGATE])
def test_what_cant_be_finished_is_dropped_and_counted(
    tmp_path: Path, kernel: Kernel, above: Any, header: dict[str, Any], offload: int
) -> None:
    queued = bytes(wire((CLIENT, A.public), above, **header))
    assert kernel.turn(message(queued, 1, offload)) == [Verdict(ID, False, None)]
    found = counts(tmp_path)
    assert {reason: n for reason, n in found.reasons.items() if n} == {Reason.UNFINISHED: 1}
    assert found.slots == {}
    # What is finished already is none of ours, and goes on.
    expected = bytes(wire((CLIENT, A.private), above, **header))
    assert kernel.turn(message(queued, 1, AGGREGATE)) == [Verdict(ID, True, expected)]


def test_what_the_rules_drop_is_dropped_for_their_reason(tmp_path: Path, kernel: Kernel) -> None:
    queued = left(wire((CLIENT, "203.0.113.77"), TCP()))
    assert kernel.turn(message(queued, 1, NOT_FINISHED)) == [Verdict(ID, False, None)]
    found = counts(tmp_path).reasons
    assert {reason: n for reason, n in found.items() if n} == {Reason.UNKNOWN_PUBLIC: 1}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    transport=st.one_of(
        st.builds(
            lambda sport, data: TCP(sport=sport) / Raw(data),
            st.integers(0, 0xFFFF),
            st.binary(max_size=99),
        ),
        st.builds(
            lambda sport, data: UDP(sport=sport) / Raw(data),
            st.integers(0, 0xFFFF),
            st.binary(max_size=99),
        ),
        st.builds(
            lambda tag, data: SCTP(tag=tag) / SCTPChunkData(data=data),
            st.integers(0, 2**32 - 1),
            st.binary(max_size=99),
        ),
    ),
    way=st.sampled_from(list(WAYS.values())),
)
def test_any_packet_goes_on_as_scapy_would_build_it(
    kernel: Kernel, transport: Any, way: tuple[int, tuple[str, str], tuple[str, str]]
) -> None:
    mark, before, after = way
    queued = left(wire(before, transport))
    expected = bytes(wire(after, transport))
    assert kernel.turn(message(queued, mark, NOT_FINISHED)) == [Verdict(ID, True, expected)]
