"""Bytes that are nearly packets, by Hypothesis: they get past the first checks often enough."""

from hypothesis import strategies as st

CLIENT, PUBLIC, PRIVATE = 0xC633640A, 0xCB007109, 0x0A000002
OTHER_PUBLIC, OTHER_PRIVATE = 0xCB00710A, 0x0A000003
ADDRESSES = st.sampled_from((PRIVATE, PUBLIC, OTHER_PRIVATE, OTHER_PUBLIC, CLIENT))


def put_header(draw: st.DrawFn, packet: bytearray, at: int) -> None:
    """A header that gets past the first checks often enough to reach the last ones."""
    left = len(packet) - at
    packet[at] = 0x40 | draw(st.integers(4, 7))
    packet[at + 2 : at + 4] = draw(st.integers(18, left + 1)).to_bytes(2, "big")
    packet[at + 6 : at + 8] = draw(st.sampled_from((b"\0\0", b"@\0", b" \0", b"\0\x01")))
    packet[at + 9] = draw(st.sampled_from((1, 1, 6, 17, 33, 50, 51, 132, 136)))
    packet[at + 12 : at + 16] = draw(ADDRESSES).to_bytes(4, "big")
    packet[at + 16 : at + 20] = draw(ADDRESSES).to_bytes(4, "big")


@st.composite
def nearly_packets(draw: st.DrawFn) -> bytearray:
    """Any bytes, and bytes that look like packets, and like ICMP errors."""
    packet = bytearray(draw(st.binary(max_size=100)))
    if len(packet) >= 20 and draw(st.booleans()):
        put_header(draw, packet, 0)
        at = (packet[0] & 15) * 4
        if packet[9] == 1 and len(packet) >= at + 28:
            packet[at] = draw(st.sampled_from((0, 3, 4, 5, 8, 11, 12)))
            put_header(draw, packet, at + 8)
            if draw(st.booleans()):  # an error about a packet that was sent by who gets the error
                packet[at + 20 : at + 24] = packet[16:20]
                packet[at + 24 : at + 28] = packet[12:16]
    return packet
