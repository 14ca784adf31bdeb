"""NFQUEUE's messages, and how one becomes its own verdict (linux/netfilter/nfnetlink_queue.h).

::

    packet   nlmsghdr 16 | nfgenmsg 4 | attributes … | payload's header 4 | payload
    verdict       nlmsghdr 16 | nfgenmsg 4 | verdict 12 | payload's header 4 | payload

Each message says which queue it is of, and its verdict goes there. A packet may be sent on from its
queue to another one, its *finishing queue*: that doesn't take what is uncut or unfinished, so the
kernel cuts the aggregate and finishes every checksum, also one inside a tunnel.

What stands in front of a packet's payload is longer than what a verdict has in front of it: so the
verdict is written there, and the payload, rewritten in place, is never copied. Netlink's own
numbers are in the machine's byte order, which must be little-endian; NFQUEUE's are the network's.
"""

import cython

if not cython.compiled:
    from gateway.nat.translate import FINISHED, UNFINISHED, UNFINISHED_AGGREGATE
    from gateway.packet.ipv4 import set_u16, set_u32, u16, u32
    from gateway.packet.memory import Packet

NETLINK_HEADER = cython.declare(cython.int, 16)
QUEUE = cython.declare(cython.int, 18)
FIRST_ATTRIBUTE = cython.declare(cython.int, 20)
ATTRIBUTE_HEADER = cython.declare(cython.int, 4)
NUMBER_BYTES = cython.declare(cython.int, 4)
DROP_BYTES = cython.declare(cython.int, 32)
ACCEPT_BYTES = cython.declare(cython.int, 36)  # and the payload

PACKET_MESSAGE = cython.declare(cython.int, 0x0300)
VERDICT_MESSAGE = cython.declare(cython.int, 0x0301)
REQUEST = cython.declare(cython.int, 1)

PACKET_HEADER = cython.declare(cython.int, 1)
MARK = cython.declare(cython.int, 3)
PAYLOAD = cython.declare(cython.int, 10)
OFFLOAD = cython.declare(cython.int, 14)  # NFQA_SKB_INFO
VERDICT = cython.declare(cython.int, 2)

DIRECTION_MASK = cython.declare(cython.uint, 3)  # of the mark, shifted: see nat/mark.py

NOT_READY = cython.declare(cython.uint, 1)  # NFQA_SKB_CSUMNOTREADY
AGGREGATE = cython.declare(cython.uint, 2)  # NFQA_SKB_GSO

DROP = cython.declare(cython.uint, 0)
ACCEPT = cython.declare(cython.uint, 1)
SEND_ON = cython.declare(cython.uint, 3)  # NF_QUEUE, and the number of the queue above 16 bits
FINISHING = cython.declare(cython.int, 0x8000)  # the bit that a finishing queue's number has


@cython.final
@cython.cclass
class Message:
    """What the message read last says of its packet."""

    _shift: cython.int
    queue: cython.int
    queued_id: cython.uint
    direction: cython.uint
    offload: cython.uint
    payload: cython.int
    length: cython.int

    def __init__(self, shift: int = 0) -> None:
        """Begin without a message. `shift` bits of a mark are below the direction."""
        self._shift = shift
        self.queue = self.payload = self.length = 0
        self.queued_id = self.direction = self.offload = 0

    @cython.cfunc
    def read(self, buffer: Packet, received: cython.int) -> cython.bint:
        """Read a message of `received` bytes; returns whether it carries a packet."""
        if received < FIRST_ATTRIBUTE or _native16(buffer, 4) != PACKET_MESSAGE:
            return False
        self.queue = u16(buffer, QUEUE)
        self.queued_id = self.direction = self.offload = 0
        self.payload = self.length = 0
        size: cython.longlong = _native16(buffer, 2)
        end: cython.longlong = min(received, size << 16 | _native16(buffer, 0))
        at: cython.int = FIRST_ATTRIBUTE
        while at + ATTRIBUTE_HEADER <= end:
            length: cython.int = _native16(buffer, at)
            if length < ATTRIBUTE_HEADER or at + length > end:
                return False
            self._take(buffer, at + ATTRIBUTE_HEADER, length - ATTRIBUTE_HEADER)
            at += length + 3 & ~3
        return self.payload >= ACCEPT_BYTES  # the verdict has room: the kernel's own has more

    @cython.cfunc
    def finishing_queue(self) -> cython.uint:
        """The verdict that sends the packet on to its finishing queue; 0 if it was there."""
        if self.queue & FINISHING:
            return 0
        number: cython.uint = self.queue | FINISHING
        return number << 16 | SEND_ON

    @cython.cfunc
    def checksum(self) -> cython.int:
        """The state of the packet's checksum, a value of `Checksum`."""
        if not self.offload & NOT_READY:
            return FINISHED
        return UNFINISHED_AGGREGATE if self.offload & AGGREGATE else UNFINISHED

    @cython.cfunc
    @cython.exceptval(check=False)
    def _take(self, buffer: Packet, at: cython.int, length: cython.int) -> cython.void:
        kind: cython.int = _native16(buffer, at - 2)
        if kind == PAYLOAD:
            self.payload = at
            self.length = length
            return
        if length < NUMBER_BYTES:  # an attribute that is not read here
            return
        number: cython.uint = u32(buffer, at)
        if kind == PACKET_HEADER:
            self.queued_id = number
        elif kind == MARK:
            self.direction = number >> self._shift & DIRECTION_MASK
        elif kind == OFFLOAD:
            self.offload = number


@cython.cfunc
def write_verdict(
    buffer: Packet,
    message: Message,
    verdict: cython.uint,
) -> cython.int:
    """Turn the message in `buffer` into its verdict; returns where that begins, for `verdict_size`.

    Accepted, the packet goes on as it stands in the buffer.
    """
    size: cython.int = verdict_size(message, verdict)
    start: cython.int = message.payload - ACCEPT_BYTES
    _set_native16(buffer, start, size & 0xFFFF)
    _set_native16(buffer, start + 2, size >> 16)
    _set_native16(buffer, start + 4, VERDICT_MESSAGE)
    _set_native16(buffer, start + 6, REQUEST)
    set_u32(buffer, start + 8, 0)  # no sequence: only failures are answered
    set_u32(buffer, start + 12, 0)
    set_u16(buffer, start + NETLINK_HEADER, 0)  # family and version
    set_u16(buffer, start + QUEUE, message.queue)
    _set_native16(buffer, start + 20, 12)
    _set_native16(buffer, start + 22, VERDICT)
    set_u32(buffer, start + 24, verdict)
    set_u32(buffer, start + 28, message.queued_id)
    if verdict == ACCEPT:
        _set_native16(buffer, start + 32, message.length + ATTRIBUTE_HEADER)
        _set_native16(buffer, start + 34, PAYLOAD)
    return start


@cython.cfunc
def verdict_size(message: Message, verdict: cython.uint) -> cython.int:
    """How many bytes the verdict on the message's packet has."""
    return ACCEPT_BYTES + message.length if verdict == ACCEPT else DROP_BYTES


@cython.cfunc
def _native16(buffer: Packet, at: cython.int) -> cython.int:
    return buffer[at] | buffer[at + 1] << 8


@cython.cfunc
@cython.exceptval(check=False)
def _set_native16(buffer: Packet, at: cython.int, value: cython.int) -> cython.void:
    buffer[at] = value & 0xFF
    buffer[at + 1] = value >> 8
