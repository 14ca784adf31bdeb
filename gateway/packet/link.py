"""What stands before an IPv4 packet on a link: headers of link layers, and VLAN tags.

::

    Ethernet   destination 6 | source 6 | type 2                      (IEEE 802.3)
    cooked v1  packet type 2 | link 2 | length 2 | address 8 | type 2  (LINKTYPE_LINUX_SLL)
    cooked v2  type 2 | 0 2 | interface 4 | link 2 | packet type 1 | length 1 | address 8
    tag        the type of a tag, then: priority and VLAN 2 | type 2   (IEEE 802.1Q)

A tag's type takes the place of the frame's, so tags can follow one another. A port of the gateway
takes them off; whoever reads a frame here keeps them, and looks behind them.
"""

from typing import Final, NamedTuple

ETHERNET: Final = 1
RAW: Final = 101
COOKED_1: Final = 113
COOKED_2: Final = 276
# Raw IPv4 as Scapy writes it, and raw IP under the number that it has inside BSD kernels.
ALL_RAW: Final = (RAW, 228, 12)
TYPE_MASK: Final = 0xFFFF  # what is above tells the length of a frame check sequence

IPV4: Final = 0x0800
TAGS: Final = (0x8100, 0x88A8)  # 802.1Q, 802.1ad
TAG_BYTES: Final = 4


class Header(NamedTuple):
    """How long a link layer's header is, and where its two bytes of the type are."""

    length: int
    type_at: int


HEADERS: Final = {
    ETHERNET: Header(14, 12),
    COOKED_1: Header(16, 14),
    COOKED_2: Header(20, 0),
}


class Split(NamedTuple):
    """Where the packet of a frame begins, and what the frame says it is.

    `ethertype` is none if the frame doesn't say: it is raw, or too short.
    """

    start: int
    ethertype: int | None


def is_known(link: int) -> bool:
    """Whether frames of this link type can be split."""
    return link in HEADERS or link in ALL_RAW


def split(link: int, frame: bytes) -> Split:
    """The link layer and the packet of a frame; `link` must be known."""
    header = HEADERS.get(link)
    if header is None:
        return Split(0, None)
    start = header.length
    if len(frame) < start:
        return Split(len(frame), None)
    ethertype = int.from_bytes(frame[header.type_at : header.type_at + 2])
    while ethertype in TAGS and start + TAG_BYTES <= len(frame):
        ethertype = int.from_bytes(frame[start + 2 : start + TAG_BYTES])
        start += TAG_BYTES
    return Split(start, ethertype)
