"""Why a packet was accepted or dropped: the whole catalogue.

A verdict is a reason: `TRANSLATED` accepts, every other one drops. A drop without a reason can't
be expressed, and the worker counts each reason it returns. Values are positions in the counters'
shared memory: append, never renumber.
"""

from enum import IntEnum
from typing import Final, Self


class Documented(IntEnum):
    """A number with a line about it; each class of such numbers is a catalogue."""

    doc: str

    def __new__(cls, value: int, doc: str) -> Self:
        """Keep the line of documentation beside the value."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.doc = doc
        return member

    @property
    def label(self) -> str:
        """The name in counters and traces, e.g. `unknown-public`."""
        return self.name.lower().replace("_", "-")


class Reason(Documented):
    """The outcome of `translate`; `doc` says what happened to the packet."""

    TRANSLATED = 0, "accepted: address and checksums rewritten"
    HEADER_TRUNCATED = 1, "shorter than an IPv4 header"
    BAD_VERSION = 2, "the IP version is not 4"
    BAD_HEADER_LENGTH = 3, "the header length is below 20 bytes"
    BAD_TOTAL_LENGTH = 4, "the total length is below the header length"
    TRUNCATED = 5, "fewer bytes than the total length says, or than the queue can copy"
    LAND = 6, "source and destination are the same address"
    MARTIAN = 7, "inbound: from an address of our own, or one that can't be on the internet"
    UNKNOWN_PUBLIC = 8, "no mapping for the destination, a public address"
    UNKNOWN_PRIVATE = 9, "no mapping for the source, a private address"
    TRANSPORT_TRUNCATED = 10, "too short for the transport header it says it has"
    AUTHENTICATION_HEADER = 11, "AH covers the addresses with its digest: it can't survive NAT"
    UNSUPPORTED_ICMP = 12, "a redirect or source quench: meant for a neighbour, not for far away"
    QUOTE_TRUNCATED = 13, "an ICMP error that quotes less than an IPv4 header"
    QUOTE_UNKNOWN = 14, "an ICMP error about a packet of no mapping"
    QUOTE_MISMATCH = 15, "an ICMP error about another address's packet than its own"
    POLICED = 16, "over the address's bandwidth in this direction"
    PACKAGE_POLICED = 17, "over the bandwidth of the address's package in this direction"
    NOT_IPV4 = 18, "not an IPv4 packet: the gateway translates nothing else"
    UNKNOWN_DIRECTION = 19, "queued without a mark that says its direction: the steering is wrong"
    MISDIRECTED = 20, "outbound: to an address of our own, or one that can't be on the internet"
    PRIVATE_OPTION = 21, "outbound: an IP option has recorded an address that isn't the internet's"
    UNFINISHED = (
        22,
        "a checksum left to a network card, inside a tunnel, that the kernel can't finish",
    )
    BLOCKED = 23, "to or from a public address that is blocked for a time"
    PRIVATE_ROUTERS_POLICED = 24, "inbound: over the rate of ICMP errors from private addresses"
    SLOW_PATH_LIMITED = 25, "over what one address may have of the queue's time"
    SECURITY_GROUP = 26, "the instance's security groups don't admit it"


REASONS: Final = tuple(Reason)
