"""The netlink socket of a queue and its finishing queue (linux/netfilter/nfnetlink_queue.h)."""

import os
import socket
import struct
from typing import Final

from gateway.engine.message import FINISHING

NETLINK_NETFILTER: Final = 12
SOL_NETLINK: Final = 270
NETLINK_NO_ENOBUFS: Final = 5
SO_SNDBUFFORCE: Final = 32
SO_RCVBUFFORCE: Final = 33

CONFIGURE: Final = 0x0302  # NFQNL_MSG_CONFIG
REQUEST: Final = 1  # NLM_F_REQUEST
ACKNOWLEDGED: Final = 4  # NLM_F_ACK

COMMAND, PARAMETERS, LENGTH, MASK, FLAGS = 1, 2, 3, 4, 5  # attributes of CONFIGURE
BIND: Final = 1
COPY_PACKET: Final = 2
AGGREGATES: Final = 4  # NFQA_CFG_F_GSO: uncut, their checksums unfinished

COPY_RANGE: Final = 65_531  # bytes: the kernel's bound, as an attribute's length has 16 bits
QUEUE_LENGTH: Final = 4_096  # packets: more of them fall out of the cache before they are judged
RECEIVE_BUFFER: Final = 128 << 20  # bytes
SEND_BUFFER: Final = 32 << 20
ANSWER_WITHIN_S: Final = 5.0
ANSWER_BYTES: Final = 4096
IDLE_LOOK_US: Final = 250_000  # a loop without packets goes round as often

_HEADER: Final = struct.Struct("=IHHII")
_FAMILY: Final = struct.Struct("!BBH")
_ATTRIBUTE: Final = struct.Struct("=HH")
_ERROR_AT: Final = 16
_TIME: Final = struct.Struct("@ll")  # struct timeval: seconds, microseconds


def open_queue(number: int) -> socket.socket:
    """Bind queue `number` in this thread's namespace, for whole packets and uncut aggregates.

    Its finishing queue is bound to the same socket, and before: nothing can be sent on to a queue
    that isn't there. Raises `OSError`: the queue is another process's, or the kernel can't do it.
    """
    queue = socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER
    )
    try:
        queue.bind((0, 0))
        queue.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        queue.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER)
        # Without this a full buffer makes the next call fail; the kernel counts it anyway.
        queue.setsockopt(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1)
        queue.settimeout(ANSWER_WITHIN_S)
        parameters = struct.pack("!IBxxx", COPY_RANGE, COPY_PACKET)
        bind = struct.pack("!BxH", BIND, socket.AF_INET)
        length = struct.pack("!I", QUEUE_LENGTH)
        for kind, value in ((COMMAND, bind), (LENGTH, length), (PARAMETERS, parameters)):
            _configure(queue, number | FINISHING, kind, value)
        aggregates = struct.pack("!I", AGGREGATES)
        for kind, value in ((COMMAND, bind), (FLAGS, aggregates), (LENGTH, length)):
            _configure(queue, number, kind, value)
        # Packets come from now on. An acknowledgement might come behind one, which would be lost.
        queue.send(_request(number, PARAMETERS, parameters, REQUEST))
        queue.settimeout(None)
        queue.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TIME.pack(0, IDLE_LOOK_US))
    except OSError:
        queue.close()
        raise
    return queue


def _configure(queue: socket.socket, number: int, kind: int, value: bytes) -> None:
    """Set something and wait for the answer, which is the only message that can come."""
    queue.send(_request(number, kind, value, REQUEST | ACKNOWLEDGED))
    answer = queue.recv(ANSWER_BYTES)
    (error,) = struct.unpack_from("=i", answer, _ERROR_AT)
    if error:
        raise OSError(-error, f"queue {number}: {os.strerror(-error)}")


def _request(number: int, kind: int, value: bytes, flags: int) -> bytes:
    body = _FAMILY.pack(socket.AF_UNSPEC, 0, number) + _attribute(kind, value)
    if kind == FLAGS:
        body += _attribute(MASK, value)
    return _HEADER.pack(_HEADER.size + len(body), CONFIGURE, flags, kind, 0) + body


def _attribute(kind: int, value: bytes) -> bytes:
    padding = bytes(-len(value) % 4)
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + padding
