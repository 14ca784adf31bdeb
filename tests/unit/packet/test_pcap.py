"""Captures are written by Scapy, in each form the format has, and what we write Scapy reads."""

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw
from scapy.utils import PcapReader, PcapWriter, rdpcap, wrpcap

from gateway.packet import pcap
from gateway.packet.pcap import (
    CAPTURED_MAX,
    LINK_ETHERNET,
    LINK_RAW,
    LINKS_RAW,
    Captured,
    Format,
    PcapError,
    Reader,
    Writer,
)

PACKETS = [bytes(IP(dst="203.0.113.9", id=n) / UDP() / Raw(b"x" * n)) for n in range(3)]
FRAME = b"\x02" * 12 + b"\x08\x00"
AT = 1_700_000_000.25
U32 = st.integers(0, 0xFFFFFFFF)

linked = pytest.mark.parametrize("link", [LINK_RAW, LINK_ETHERNET], ids=["raw", "ethernet"])
ordered = pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
in_units = pytest.mark.parametrize("nano", [False, True], ids=["micro", "nano"])


def write(path: Path, link: int = LINK_RAW, *, order: str = "<", nano: bool = False) -> Path:
    with PcapWriter(str(path), linktype=link, endianness=order, nano=nano) as writer:
        writer.write_header(None)
        for number, packet in enumerate(PACKETS):
            raw = FRAME + packet if link == LINK_ETHERNET else packet
            fraction = 250_000_000 if nano else 250_000
            writer.write_packet(raw, sec=1_700_000_000 + number, usec=fraction)
    return path


def file_header(version: tuple[int, int] = (2, 4), link: int = LINK_RAW) -> bytes:
    return struct.pack("<IHHIIII", 0xA1B2C3D4, *version, 0, 0, 65535, link)


def packet_header(captured: int, length: int) -> bytes:
    return struct.pack("<IIII", 0, 0, captured, length)


def parsed(raw: bytes) -> list[Captured]:
    return list(Reader(BytesIO(raw)))


def written(form: Format, packets: list[Captured]) -> bytes:
    file = BytesIO()
    writer = Writer(file, form)
    for one in packets:
        writer.write(one)
    return file.getvalue()


def rewritten(raw: bytes) -> bytes:
    reader = Reader(BytesIO(raw))
    return written(reader.format, list(reader))


@linked
@ordered
@in_units
def test_packets_are_read_from_their_ipv4_header_on(
    tmp_path: Path, link: int, order: str, nano: bool
) -> None:
    seen = pcap.read(write(tmp_path / "capture", link, order=order, nano=nano))
    assert [one.packet for one in seen] == PACKETS
    assert [one.at for one in seen] == pytest.approx([AT, AT + 1, AT + 2])
    assert all(one.is_complete for one in seen)


@linked
@ordered
@in_units
def test_what_is_written_is_what_was_read(
    tmp_path: Path, link: int, order: str, nano: bool
) -> None:
    raw = write(tmp_path / "capture", link, order=order, nano=nano).read_bytes()
    assert rewritten(raw) == raw


@linked
@ordered
@in_units
def test_scapy_reads_what_is_written(tmp_path: Path, link: int, order: str, nano: bool) -> None:
    link_layer = FRAME if link == LINK_ETHERNET else b""
    fraction = 123_456_789 if nano else 123_456
    path = tmp_path / "capture"
    path.write_bytes(
        written(
            Format(link, order, nano),
            [Captured(9, fraction, 0.0, len(link_layer) + len(p), link_layer, p) for p in PACKETS],
        )
    )
    assert [bytes(packet) for packet in rdpcap(str(path))] == [link_layer + p for p in PACKETS]
    with PcapReader(str(path)) as reader:
        assert (reader.linktype, reader.nano, reader.endian) == (link, nano, order)
        assert [round(packet.time * 10**9) for packet in reader] == [
            9_123_456_789 if nano else 9_123_456_000
        ] * 3


def test_an_ip_packet_that_scapy_wrote_is_raw(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    wrpcap(str(path), [IP(packet) for packet in PACKETS])
    assert [one.packet for one in pcap.read(path)] == PACKETS


@pytest.mark.parametrize("link", LINKS_RAW)
def test_raw_ip_has_several_numbers(tmp_path: Path, link: int) -> None:
    assert [one.packet for one in pcap.read(write(tmp_path / "capture", link))] == PACKETS


@pytest.mark.parametrize(
    ("frame", "ethertype"),
    [
        pytest.param(Ether() / IP(), 0x0800, id="ipv4"),
        pytest.param(Ether() / ARP(), 0x0806, id="arp"),
        pytest.param(Ether() / Dot1Q(vlan=7) / IP(), 0x8100, id="vlan"),
        pytest.param(Ether(type=46) / Raw(bytes(46)), 46, id="a-length-in-its-place"),
        pytest.param(FRAME, 0x0800, id="nothing-behind-it"),
        pytest.param(FRAME[:13], None, id="cut-in-it"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_what_a_frame_says_it_carries(frame: Any, ethertype: int | None) -> None:
    raw = bytes(frame)
    head = file_header(link=LINK_ETHERNET)
    (seen,) = parsed(head + packet_header(len(raw), len(raw)) + raw)
    assert seen.ethertype == ethertype
    assert seen.link_layer + seen.packet == raw


def test_raw_ip_does_not_say_what_it_carries() -> None:
    (seen,) = parsed(file_header() + packet_header(20, 20) + bytes(20))
    assert seen.ethertype is None


def test_a_packet_cut_by_the_snap_length_is_not_complete() -> None:
    raw = file_header() + packet_header(20, 21) + bytes(20)
    (seen,) = parsed(raw)
    assert (seen.is_complete, seen.length, len(seen.packet)) == (False, 21, 20)
    assert rewritten(raw) == raw


def test_a_capture_of_nothing_has_no_packets(tmp_path: Path) -> None:
    path = write(tmp_path / "capture")
    path.write_bytes(path.read_bytes()[:24])
    assert pcap.read(path) == []


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        pytest.param(0, "not a pcap file", id="empty"),
        pytest.param(4, "not a pcap file", id="magic-only"),
        pytest.param(23, "not a pcap file", id="cut-in-the-file-header"),
        pytest.param(25, "inside a packet's header", id="one-byte-of-a-packet-header"),
        pytest.param(39, "inside a packet's header", id="all-but-one-byte-of-a-packet-header"),
        pytest.param(40, "inside a packet", id="header-without-packet"),
        pytest.param(-1, "inside a packet", id="last-byte-missing"),
    ],
)
def test_a_capture_cut_short_is_refused(tmp_path: Path, kept: int, message: str) -> None:
    path = write(tmp_path / "capture")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(PcapError, match=f"^{path}: .*{message}"):
        pcap.read(path)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        pytest.param(file_header(link=113), "link type 113", id="linux-cooked"),
        pytest.param(file_header(link=229), "link type 229", id="raw-ipv6"),
        pytest.param(file_header(link=0x14000001), "link type", id="frame-check-sequences"),
        pytest.param(file_header((2, 3)), "version 2.3", id="older-version"),
        pytest.param(file_header((3, 4)), "version 3.4", id="newer-version"),
        pytest.param(b"\x0a\x0d\x0d\x0a" + bytes(60), "a pcapng file", id="pcapng"),
        pytest.param(b"\x0a\x0d\x0d\x0a", "a pcapng file", id="pcapng-cut"),
        pytest.param(b"\x34\xcd" + file_header()[2:], "not a pcap file", id="kuznetzov"),
        pytest.param(
            file_header() + packet_header(CAPTURED_MAX + 1, CAPTURED_MAX + 1),
            "262145 bytes of one packet",
            id="one-byte-too-large",
        ),
        pytest.param(
            file_header() + packet_header(0xFFFFFFFF, 0xFFFFFFFF),
            "4294967295 bytes of one packet",
            id="garbage-length",
        ),
        pytest.param(
            file_header() + packet_header(21, 20) + bytes(21),
            "21 bytes captured of a packet of 20",
            id="more-than-there-was",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(PcapError, match=message):
        parsed(raw)


def test_the_largest_packet_is_read() -> None:
    raw = file_header() + packet_header(CAPTURED_MAX, CAPTURED_MAX) + bytes(CAPTURED_MAX)
    assert [len(one.packet) for one in parsed(raw)] == [CAPTURED_MAX]


def test_packets_are_read_one_at_a_time() -> None:
    file = BytesIO(file_header() + (packet_header(20, 20) + bytes(20)) * 2 + b"cut")
    packets = iter(Reader(file))
    assert len(next(packets).packet) == 20
    assert file.tell() == 24 + 36
    assert len(next(packets).packet) == 20
    with pytest.raises(PcapError):
        next(packets)


@given(
    form=st.builds(
        Format,
        st.sampled_from([LINK_ETHERNET, *LINKS_RAW]),
        st.sampled_from("<>"),
        st.booleans(),
        U32,
        U32,
        U32,
    ),
    packets=st.lists(st.tuples(U32, U32, st.binary(max_size=80), st.integers(0, 9)), max_size=5),
)
def test_whatever_is_written_is_read_again(
    form: Format, packets: list[tuple[int, int, bytes, int]]
) -> None:
    skip = 14 if form.link == LINK_ETHERNET else 0
    unit = 1e-9 if form.nanoseconds else 1e-6
    given_ones = [
        Captured(seconds, part, seconds + part * unit, len(raw) + cut, raw[:skip], raw[skip:])
        for seconds, part, raw, cut in packets
    ]
    reader = Reader(BytesIO(written(form, given_ones)))
    assert (reader.format, list(reader)) == (form, given_ones)


@given(raw=st.binary(max_size=80))
def test_no_content_raises_anything_else(raw: bytes) -> None:
    try:
        again = rewritten(raw)
    except PcapError:
        return
    assert again == raw


@given(
    tail=st.binary(max_size=80), captured=st.integers(0, 60), cut=U32.map(lambda n: n & 0xFFFFFF)
)
def test_no_packets_raise_anything_else(tail: bytes, captured: int, cut: int) -> None:
    raw = file_header() + packet_header(captured, captured + cut) + tail
    try:
        again = rewritten(raw)
    except PcapError:
        return
    assert again == raw
