"""Why a packet was accepted or dropped: the whole catalogue.

A verdict is a reason: `TRANSLATED` accepts, every other one drops. A drop without a reason can't
be expressed, and the worker counts each reason it returns. Values are positions in the counters'
shared memory: append, never renumber.
"""

from enum import IntEnum


class Reason(IntEnum):
    """The outcome of `translate`; `doc` says what happened to the packet."""

    doc: str

    def __new__(cls, value: int, doc: str) -> "Reason":
        """Keep the line of documentation beside the value."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.doc = doc
        return member

    TRANSLATED = 0, "accepted: address and checksums rewritten"
    HEADER_TRUNCATED = 1, "shorter than an IPv4 header"
    BAD_VERSION = 2, "the IP version is not 4"
    BAD_HEADER_LENGTH = 3, "the header length is below 20 bytes or above the total length"
    TRUNCATED = 4, "fewer bytes than the total length says, or than the queue can copy"
    TRANSPORT_TRUNCATED = 5, "too short for the transport header it says it has"
    UNKNOWN_PUBLIC = 6, "inbound: no mapping for this public address"
    UNKNOWN_PRIVATE = 7, "outbound: no mapping for this source address"
    UNSUPPORTED_PROTOCOL = 8, "not TCP, UDP or ICMP"
    UNSUPPORTED_ICMP = 9, "an ICMP message other than echo and echo reply"
    UNSUPPORTED_FRAGMENT = 10, "a fragment of a larger datagram"
    UNKNOWN_HOOK = 11, "queued from a hook that has no direction: the steering is wrong"

    @property
    def label(self) -> str:
        """The name in counters and traces, e.g. `unknown-public`."""
        return self.name.lower().replace("_", "-")
