"""Captures are written by Scapy, in each form the format has."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw
from scapy.utils import PcapWriter

from gateway.packet import pcap
from gateway.packet.pcap import LINK_ETHERNET, LINK_RAW, PcapError

PACKETS = [bytes(IP(dst="203.0.113.9", id=n) / UDP() / Raw(b"x" * n)) for n in range(3)]
FRAME = b"\x02" * 12 + b"\x08\x00"
AT = 1_700_000_000.25


def write(path: Path, link: int = LINK_RAW, *, order: str = "<", nano: bool = False) -> Path:
    with PcapWriter(str(path), linktype=link, endianness=order, nano=nano) as writer:
        writer.write_header(None)
        for number, packet in enumerate(PACKETS):
            raw = packet if link == LINK_RAW else FRAME + packet
            fraction = 250_000_000 if nano else 250_000
            writer.write_packet(raw, sec=1_700_000_000 + number, usec=fraction)
    return path


@pytest.mark.parametrize("link", [LINK_RAW, LINK_ETHERNET], ids=["raw", "ethernet"])
@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("nano", [False, True], ids=["micro", "nano"])
def test_packets_are_read_from_their_ipv4_header_on(
    tmp_path: Path, link: int, order: str, nano: bool
) -> None:
    seen = pcap.read(write(tmp_path / "capture", link, order=order, nano=nano))
    assert [one.packet for one in seen] == PACKETS
    assert [one.at for one in seen] == pytest.approx([AT, AT + 1, AT + 2])


def test_a_capture_of_nothing_has_no_packets(tmp_path: Path) -> None:
    path = write(tmp_path / "capture")
    path.write_bytes(path.read_bytes()[:24])
    assert pcap.read(path) == []


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        pytest.param(0, "not a pcap file", id="empty"),
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
    with pytest.raises(PcapError, match=message):
        pcap.read(path)


def test_another_link_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PcapError, match="link type 113"):
        pcap.read(write(tmp_path / "capture", 113))


def test_pcapng_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_bytes(b"\x0a\x0d\x0d\x0a" + bytes(60))
    with pytest.raises(PcapError, match="not a pcap file"):
        pcap.read(path)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pcap") / "capture"


@given(tail=st.binary(max_size=80))
def test_no_content_raises_anything_else(scratch: Path, tail: bytes) -> None:
    write(scratch)
    scratch.write_bytes(scratch.read_bytes()[:24] + tail)
    try:
        packets = pcap.read(scratch)
    except PcapError:
        return
    assert sum(16 + len(one.packet) for one in packets) == len(tail)
