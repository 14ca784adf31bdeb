"""Captures are made by hand and by Scapy, in each form there is, and what is read is put back."""

import gzip
import struct
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw
from scapy.utils import PcapNgReader, PcapNgWriter, PcapWriter, wrpcap
from support.captures import (
    COOKED_1,
    ETHERNET,
    LINK_LAYERS,
    MACS,
    OLD_PACKET,
    block,
    interface,
    option,
    packet,
    pcap_head,
    pcap_record,
    section,
    simple_packet,
)

from gateway.packet import capture, pcapng
from gateway.packet.frame import CAPTURED_MAX, CaptureError, CutError, Frame

PACKETS = [bytes(IP(dst="203.0.113.9", id=n) / UDP() / Raw(b"x" * n)) for n in range(3)]
COMMENTED = option(1, b"kept") + option(0, b"")

ordered = pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
linked = pytest.mark.parametrize(
    ("kind", "link_layer"), LINK_LAYERS.values(), ids=list(LINK_LAYERS)
)


def parsed(raw: bytes) -> list[Frame]:
    return list(capture.read(BytesIO(raw)))


def rewritten(raw: bytes) -> bytes:
    out = bytearray()
    for frame in capture.read(BytesIO(raw), out.extend):
        out += frame.record
    return bytes(out)


def classic(
    kind: int, frames: list[bytes], order: str = "<", *, nanoseconds: bool = False
) -> bytes:
    head = pcap_head(kind, order, nanoseconds=nanoseconds)
    return head + b"".join(pcap_record(frame, order) for frame in frames)


def modern(kind: int, frames: list[bytes], order: str = "<") -> bytes:
    """All that a file may have: comments, statistics, a block of somebody's own."""
    blocks = [packet(frame, order, options=COMMENTED) for frame in frames]
    others = [block(5, bytes(12), order), block(0x0BAD, b"a custom block", order)]
    return b"".join([section(order), interface(kind, order), others[0], *blocks, others[1]])


FORMATS = {"pcap": classic, "pcapng": modern}
formats = pytest.mark.parametrize("make", FORMATS.values(), ids=FORMATS)


@formats
@ordered
@linked
def test_packets_are_read_from_their_ipv4_header_on_and_put_back(
    make: Any, order: str, kind: int, link_layer: bytes
) -> None:
    if make is modern:
        kind &= 0xFFFF  # all that an interface has room for
    raw = make(kind, [link_layer + one + b"behind" for one in PACKETS], order)
    seen = parsed(raw)
    assert [one.packet for one in seen] == [one + b"behind" for one in PACKETS]
    assert {one.link_layer for one in seen} == {link_layer}
    assert {one.ethertype for one in seen} == {0x0800 if link_layer else None}
    assert {one.link for one in seen} == {kind & 0xFFFF}
    assert [one.at for one in seen] == pytest.approx([5.000007] * 3)
    assert all(one.is_complete for one in seen)
    assert rewritten(raw) == raw


@pytest.mark.parametrize(
    ("frame", "ethertype", "start"),
    [
        pytest.param(Ether() / IP(), 0x0800, 14, id="ipv4"),
        pytest.param(Ether() / ARP(), 0x0806, 14, id="arp"),
        pytest.param(Ether() / Dot1Q(vlan=7) / ARP(), 0x0806, 18, id="arp-in-a-vlan"),
        pytest.param(Ether(type=46) / Raw(bytes(46)), 46, 14, id="a-length-in-its-place"),
        pytest.param(MACS + b"\x08\0", 0x0800, 14, id="nothing-behind-it"),
        pytest.param(MACS + b"\x08", None, 13, id="cut-in-it"),
        pytest.param(b"", None, 0, id="empty"),
        pytest.param(MACS + b"\x81\0\0\7\x08", 0x8100, 14, id="cut-in-a-tag"),
        pytest.param(MACS + b"\x81\0\0\7" * 9 + b"\x08\0", 0x0800, 50, id="nine-tags"),
    ],
)
def test_what_a_frame_says_it_carries(frame: Any, ethertype: int | None, start: int) -> None:
    (seen,) = parsed(classic(ETHERNET, [bytes(frame)]))
    assert (seen.ethertype, len(seen.link_layer)) == (ethertype, start)
    assert seen.content == bytes(frame)


@formats
def test_a_packet_cut_by_the_snap_length_is_not_complete(make: Any) -> None:
    record: Any = pcap_record if make is classic else packet
    raw = make(101, []) + record(bytes(20), length=21)
    (seen,) = parsed(raw)
    assert (seen.is_complete, seen.length, len(seen.packet)) == (False, 21, 20)
    assert rewritten(raw) == raw


def test_a_capture_without_packets_has_none() -> None:
    for raw in (pcap_head(), section(), section() + interface() + section(">")):
        assert parsed(raw) == []
        assert rewritten(raw) == raw


@pytest.mark.parametrize("nano", [False, True], ids=["micro", "nano"])
@ordered
def test_what_scapy_writes_is_read(tmp_path: Path, order: str, nano: bool) -> None:
    path = tmp_path / "capture"
    with PcapWriter(str(path), linktype=101, endianness=order, nano=nano) as writer:
        writer.write_header(None)
        for one in PACKETS:
            writer.write_packet(one, sec=1_700_000_000, usec=250_000_000 if nano else 250_000)
    seen = parsed(path.read_bytes())
    assert [one.packet for one in seen] == PACKETS
    assert [one.at for one in seen] == pytest.approx([1_700_000_000.25] * 3)
    wrpcap(str(path), [IP(one) for one in PACKETS])
    assert [one.packet for one in parsed(path.read_bytes())] == PACKETS
    with PcapNgWriter(str(path)) as newer:
        for one in PACKETS:
            newer.write(Ether() / IP(one))
    assert [one.packet for one in parsed(path.read_bytes())] == PACKETS


@pytest.mark.parametrize(
    ("options", "stamp", "at"),
    [
        pytest.param(b"", 5_000_007, 5.000007, id="microseconds"),
        pytest.param(option(9, b"\x09"), 5_000_000_007, 5.000000007, id="nanoseconds"),
        pytest.param(option(9, b"\x80"), 5, 5.0, id="seconds"),
        pytest.param(option(9, b"\x8a"), 5 * 1024 + 512, 5.5, id="powers-of-two"),
        pytest.param(option(14, b"\xff" * 8), 5_000_000, 4.0, id="offset"),
        pytest.param(option(9, b"\xff"), 2**64 - 1, 2.0**-63, id="smallest-unit"),
        pytest.param(option(9, b"12") + option(14, b"1"), 5_000_000, 5.0, id="of-wrong-length"),
        pytest.param(option(0, b"") + option(9, b"\x00"), 5_000_000, 5.0, id="behind-the-end"),
        pytest.param(option(2, b"eth0") + option(9, b"\x03"), 5_000, 5.0, id="behind-a-name"),
        pytest.param(struct.pack("<HH", 9, 99) + b"\x00\0\0\0", 5_000_000, 5.0, id="too-long"),
    ],
)
def test_stamps_have_a_unit_and_an_offset(options: bytes, stamp: int, at: float) -> None:
    raw = section() + interface(options=options) + packet(PACKETS[0], stamp=stamp)
    (seen,) = parsed(raw)
    assert seen.at == pytest.approx(at)
    assert rewritten(raw) == raw


@ordered
def test_packets_of_older_and_simpler_blocks(order: str) -> None:
    raw = section(order) + interface(order=order, snap=25)
    raw += packet(PACKETS[0], order, kind=OLD_PACKET) + simple_packet(PACKETS[1][:25], order, 29)
    raw += simple_packet(PACKETS[0][:20], order)
    seen = parsed(raw)
    assert [one.packet for one in seen] == [PACKETS[0], PACKETS[1][:25], PACKETS[0][:20]]
    assert [one.at for one in seen] == pytest.approx([5.000007] * 3), "the last stamp counts on"
    assert [one.is_complete for one in seen] == [True, False, True]
    assert rewritten(raw) == raw


def test_each_interface_has_its_own_link_and_each_section_its_own_interfaces() -> None:
    cooked = LINK_LAYERS["cooked-1"][1]
    raw = section() + interface(ETHERNET) + interface(COOKED_1)
    raw += packet(cooked + PACKETS[0], number=1)
    raw += packet(MACS + b"\x08\0" + PACKETS[1], number=0)
    raw += section(">") + interface(101, ">") + packet(PACKETS[2], ">")
    assert [one.packet for one in parsed(raw)] == PACKETS
    assert rewritten(raw) == raw


def test_the_length_of_a_section_is_left_unsaid() -> None:
    """What is dropped will lack."""
    assert rewritten(section(length=4000) + interface()) == section() + interface()


@formats
def test_a_compressed_capture_is_read(make: Any) -> None:
    raw = make(101, PACKETS)
    packed = gzip.compress(raw)
    assert rewritten(packed) == raw
    assert rewritten(gzip.compress(raw[:100]) + gzip.compress(raw[100:])) == raw


@formats
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "compressed"])
def test_a_capture_cut_anywhere_gives_what_is_whole(make: Any, pack: Any) -> None:
    frames = [one + bytes(range(256)) for one in PACKETS]
    raw = pack(make(101, frames))
    numbers = []
    for kept in range(len(raw)):
        seen = whole_before_the_cut(raw[:kept])
        assert seen == frames[: len(seen)]
        numbers.append(len(seen))
    assert numbers == sorted(numbers)
    assert numbers[-1] == (3 if make is modern or pack is gzip.compress else 2)


def whole_before_the_cut(raw: bytes) -> list[bytes]:
    seen = []
    with suppress(CaptureError):
        for frame in capture.read(BytesIO(raw)):
            seen.append(frame.packet)  # noqa: PERF401  # what came before the error counts
    return seen


CUT = [
    pytest.param(classic(101, PACKETS)[:-1], "inside a packet$", id="last-byte"),
    pytest.param(classic(101, PACKETS) + b"1", "inside a packet's header", id="record-header"),
    pytest.param(modern(101, PACKETS)[:-1], "inside a block", id="block"),
    pytest.param(modern(101, PACKETS) + bytes(7), "inside a block", id="block-header"),
    pytest.param(section() + section()[:9], "inside a block", id="section"),
    pytest.param(gzip.compress(classic(101, PACKETS))[:-8], "its compressed data", id="gzip"),
]


@pytest.mark.parametrize(("raw", "message"), CUT)
def test_where_a_capture_is_cut_is_said(raw: bytes, message: str) -> None:
    with pytest.raises(CutError, match=message):
        parsed(raw)


HUGE = 0xFFFFFFFC
REFUSED = [
    pytest.param(b"", "not a pcap or pcapng file", id="empty"),
    pytest.param(pcap_head()[:4], "not a pcap or pcapng file", id="magic-only"),
    pytest.param(pcap_head()[:23], "not a pcap or pcapng file", id="cut-in-the-file-header"),
    pytest.param(section()[:20], "not a pcap or pcapng file", id="cut-in-the-first-section"),
    pytest.param(gzip.compress(pcap_head())[:12], "not a pcap or", id="cut-in-the-compressed"),
    pytest.param(gzip.compress(b""), "not a pcap or pcapng file", id="compressed-nothing"),
    pytest.param(b"\x1f\x8b" + bytes(40), "gzip says", id="no-gzip"),
    pytest.param(gzip.compress(pcap_head())[:-8] + bytes(8), "gzip says", id="gzip-sum"),
    pytest.param(pcap_head(127), "link type 127", id="radio"),
    pytest.param(pcap_head(229), "link type 229", id="raw-ipv6"),
    pytest.param(pcap_head(version=(2, 3)), "version 2.3", id="older-version"),
    pytest.param(pcap_head(version=(3, 4)), "version 3.4", id="newer-version"),
    pytest.param(b"\x34\xcd" + pcap_head()[2:], "not a pcap or", id="kuznetzov"),
    pytest.param(
        pcap_head() + pcap_record(bytes(CAPTURED_MAX + 1)), "262145 bytes of one", id="too-large"
    ),
    pytest.param(
        pcap_head() + struct.pack("<IIII", 0, 0, 2**32 - 1, 2**32 - 1),
        "4294967295 bytes of one packet",
        id="garbage-length",
    ),
    pytest.param(
        pcap_head() + pcap_record(bytes(21), length=20),
        "21 bytes captured of a packet of 20",
        id="more-than-there-was",
    ),
    pytest.param(section(version=(2, 0)), "version 2.0", id="pcapng-newer"),
    pytest.param(section()[:8] + bytes(20), "in no byte order", id="no-byte-order"),
    pytest.param(block(0x0A0D0D0A, b"\x4d\x3c\x2b\x1a"), "block of 16 bytes", id="short-section"),
    pytest.param(
        section() + struct.pack("<II", 5, HUGE), "a block of 4294967292", id="block-of-4-gb"
    ),
    pytest.param(section() + struct.pack("<II", 5, 0), "a block of 0 bytes", id="block-of-none"),
    pytest.param(section() + struct.pack("<II", 5, 8), "a block of 8 bytes", id="block-of-8"),
    pytest.param(section() + struct.pack("<II", 5, 13), "a block of 13 bytes", id="block-of-13"),
    pytest.param(
        section() + struct.pack("<III", 5, 12, 16), "one length before it", id="two-lengths"
    ),
    pytest.param(section() + packet(PACKETS[0]), "interface 0, which", id="no-interface"),
    pytest.param(section() + simple_packet(b""), "interface 0, which", id="simple-no-interface"),
    pytest.param(
        section() + interface() + section() + packet(b""), "interface 0", id="of-the-last-section"
    ),
    pytest.param(
        section() + interface() + packet(b"", number=HUGE), "interface 4294967292", id="no-such"
    ),
    pytest.param(
        section() + interface() + packet(b"", size=HUGE, length=HUGE), "one packet", id="4-gb"
    ),
    pytest.param(
        section() + interface() + packet(bytes(20), size=24, length=24),
        "24 bytes of a packet in a block of 52",
        id="more-than-the-block",
    ),
    pytest.param(
        section() + interface() + packet(bytes(20), length=19), "of a packet of 19", id="lying"
    ),
    pytest.param(section() + interface() + block(6, bytes(16)), "too short for", id="short"),
    pytest.param(section() + interface() + block(2, bytes(16)), "too short for", id="short-old"),
    pytest.param(section() + interface() + block(3, b""), "too short for", id="short-simple"),
    pytest.param(section() + block(1, bytes(4)), "too short for", id="short-interface"),
    pytest.param(section() + interface(127) + packet(b""), "link type 127", id="radio-packet"),
    pytest.param(
        section() + interface() * (pcapng.INTERFACES_MAX + 1), "65536 interfaces", id="interfaces"
    ),
]


@pytest.mark.parametrize(("raw", "message"), REFUSED)
def test_what_cannot_be_read_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(CaptureError, match=message) as raised:
        parsed(raw)
    assert not isinstance(raised.value, CutError)


def test_an_interface_that_cannot_be_read_is_no_trouble_without_packets() -> None:
    raw = section() + interface(127) + interface(101) + packet(PACKETS[0], number=1)
    assert [one.packet for one in parsed(raw)] == PACKETS[:1]


@formats
def test_the_largest_packet_is_read(make: Any) -> None:
    assert [len(one.packet) for one in parsed(make(101, [bytes(CAPTURED_MAX)]))] == [CAPTURED_MAX]


def test_packets_are_read_one_at_a_time() -> None:
    file = BytesIO(pcap_head() + pcap_record(bytes(20)) * 2 + b"cut")
    packets = capture.read(file)
    assert len(next(packets).packet) == 20
    assert file.tell() == 24 + 36
    assert len(next(packets).packet) == 20
    with pytest.raises(CutError):
        next(packets)


def test_scapy_reads_the_comments_that_are_written(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    frames = [
        Frame(1_700_000_000.25, 40, b"", PACKETS[0]),
        Frame(-1.0, 42, MACS + b"\x08\0", PACKETS[0], ETHERNET),
        Frame(2.0, 29, b"", PACKETS[1]),
    ]
    with path.open("wb") as file:
        writer = pcapng.Writer(file.write)
        for number, frame in enumerate(frames):
            writer.write(frame, f"no. {number} — kept")
    with PcapNgReader(str(path)) as reader:
        seen: list[Any] = list(reader)
    assert [bytes(one) for one in seen] == [frame.content for frame in frames]
    assert [one.comments for one in seen] == [[f"no. {n} — kept".encode()] for n in range(3)]
    assert [one.wirelen for one in seen] == [40, 42, 29]
    assert seen[0].time == pytest.approx(1_700_000_000.25)
    again = parsed(path.read_bytes())
    assert [(one.content, one.link, one.length) for one in again] == [
        (frame.content, frame.link, frame.length) for frame in frames
    ]
