"""Captures that want to do harm: memory stays bounded, and nothing undeclared is raised."""

import gzip
import tracemalloc
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.captures import (
    block,
    interface,
    option,
    packet,
    pcap_head,
    pcap_record,
    section,
    simple_packet,
)

from gateway.packet import capture
from gateway.packet.frame import CaptureError


@pytest.mark.parametrize("newer", [False, True], ids=["pcap", "pcapng"])
def test_memory_is_bounded_whatever_the_size(newer: bool) -> None:
    """Packets, other blocks, comments and sections without end, and a bomb of gzip's."""
    unit = bytes(64 * 1024)
    head, piece = pcap_head(), pcap_record(unit)
    if newer:
        comment = option(1, b"kept") + option(0, b"")
        head = section() + interface()
        piece = packet(unit, options=comment) + block(5, unit) + head
    bomb = gzip.compress(head + piece * 400)  # some 26 MB and 52 MB
    tracemalloc.start()
    try:
        for _ in capture.read(BytesIO(bomb)):
            pass
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2 << 20


BLOCKS = st.one_of(
    st.builds(packet, st.binary(max_size=40), st.sampled_from("<>"), st.integers(0, 2)),
    st.builds(simple_packet, st.binary(max_size=40), length=st.integers(0, 50)),
    st.builds(interface, st.sampled_from((1, 101, 113, 276, 127)), options=st.binary(max_size=9)),
    st.builds(section, st.sampled_from("<>")),
    st.builds(block, st.integers(0, 9), st.binary(max_size=40)),
    st.binary(max_size=16),
)
STARTS = st.sampled_from(
    (b"", section(), section() + interface(), section(">"), pcap_head(), pcap_head(1), b"\x1f\x8b")
)


@settings(max_examples=500)
@given(start=STARTS, blocks=st.lists(BLOCKS, max_size=6), packed=st.booleans())
def test_no_content_raises_anything_else(start: bytes, blocks: list[bytes], packed: bool) -> None:
    raw = start + b"".join(blocks)
    try:
        file = BytesIO(gzip.compress(raw) if packed else raw)
        again = bytearray()
        for frame in capture.read(file, again.extend):
            again += frame.record
    except CaptureError:
        return
    assert len(again) == len(raw)
    assert again == raw or section()[:4] in raw, "all but the length of a section is kept"
