"""What the kernel says of one namespace's network, in the messages of rtnetlink(7).

For looking only, and for taking away what was seen: to remove a thing is to send back the message
that told of it. It is made for looking at thousands of namespaces: a look is a few system calls,
and leaves nothing to the garbage collector.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Final, NamedTuple, Self

from gateway.net import namespace

NEW_LINK, GET_LINK = 16, 18
NEW_ADDRESS, DEL_ADDRESS, GET_ADDRESS = 20, 21, 22
NEW_ROUTE, DEL_ROUTE, GET_ROUTE = 24, 25, 26
NEW_NEIGHBOUR, DEL_NEIGHBOUR, GET_NEIGHBOUR = 28, 29, 30
NEW_RULE, DEL_RULE, GET_RULE = 32, 33, 34
GET_FILTER = 46
GET_NEIGHBOUR_TABLE = 66
NEW_NSID, GET_NSID = 88, 90

_HEADER: Final = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
_ATTRIBUTE: Final = struct.Struct("=HH")  # struct rtattr: length, type
_REQUEST, _ACK, _DUMP = 0x1, 0x4, 0x300
_ERROR, _DONE = 2, 3
_KIND_MASK: Final = 0x3FFF  # an attribute's two highest bits say how it is written
_SOL_NETLINK, _STRICT_CHECK = 270, 12
_RECEIVE_MAX: Final = 1 << 18
_WITHIN_S: Final = 5.0


class Message(NamedTuple):
    """One thing the kernel tells of: the family's header, the attributes by kind, and all of it."""

    header: bytes
    attributes: dict[int, bytes]
    payload: bytes

    def word(self, kind: int, default: int = 0) -> int:
        """The attribute of this kind as a number."""
        found = self.attributes.get(kind)
        return int.from_bytes(found, "little") if found is not None else default

    def text(self, kind: int) -> str:
        """The attribute of this kind as text, empty if there is none."""
        return self.attributes.get(kind, b"").rstrip(b"\0").decode(errors="replace")

    def address(self, kind: int) -> str:
        """The attribute of this kind as an address, empty if there is none."""
        found = self.attributes.get(kind, b"")
        family = {4: socket.AF_INET, 16: socket.AF_INET6}.get(len(found))
        return socket.inet_ntop(family, found) if family else ""


class TooManyError(RuntimeError):
    """A namespace has more things of a kind than are looked at; the text says so."""


class Netlink:
    """A socket to the kernel in one namespace: `with Netlink(NAME) as kernel: …`."""

    def __init__(self, name: str, most: int | None = None) -> None:
        """Open the socket there, to look at `most` things of a kind. Raises `OSError`.

        A namespace that a stranger fills can't take the memory of who looks at it.
        """
        self._most = most
        with namespace.inside(name):
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC)
        self._socket.settimeout(_WITHIN_S)
        with suppress(OSError):  # an old kernel tells of more than is asked for
            self._socket.setsockopt(_SOL_NETLINK, _STRICT_CHECK, 1)
        self._sequence = 0

    def __enter__(self) -> Self:
        """Give the socket; leaving the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the socket, which keeps the namespace while it is open."""
        self._socket.close()

    def all(self, kind: int, header: bytes, attributes: bytes = b"") -> list[Message]:
        """All things of a kind: GET_…, which the header and attributes narrow.

        Raises `OSError`, or `TooManyError`: this socket is of no more use then.
        """
        self._send(kind, _REQUEST | _DUMP, header + attributes)
        answers = self._answers(len(header))
        found = list(islice(answers, self._most))
        if next(answers, None) is not None:
            raise TooManyError(f"more than {self._most} links, addresses, neighbours or routes")
        return found

    def one(self, kind: int, header: bytes, attributes: bytes = b"") -> Message | None:
        """The one thing asked for; None if it isn't there. Raises `OSError`."""
        self._send(kind, _REQUEST, header + attributes)
        try:
            return next(self._answers(len(header)), None)
        except OSError as error:
            if error.errno in (errno.ENODEV, errno.ENOENT):
                return None
            raise

    def remove(self, kind: int, message: Message) -> None:
        """Take away what was seen, by DEL_…; does nothing if it is gone. Raises `OSError`."""
        self._send(kind, _REQUEST | _ACK, message.payload)
        try:
            for _ in self._answers(0):
                pass
        except OSError as error:
            if error.errno not in (errno.ENODEV, errno.ENOENT, errno.ESRCH, errno.EADDRNOTAVAIL):
                raise

    def _send(self, kind: int, flags: int, payload: bytes) -> None:
        self._sequence += 1
        length = _HEADER.size + len(payload)
        self._socket.send(_HEADER.pack(length, kind, flags, self._sequence, 0) + payload)

    def _answers(self, header_size: int) -> Iterator[Message]:
        """The messages of the answer; of one that isn't a list there is only one."""
        while True:
            received = self._socket.recv(_RECEIVE_MAX)
            at = 0
            while at < len(received):
                length, kind, flags, sequence, _port = _HEADER.unpack_from(received, at)
                payload = received[at + _HEADER.size : at + length]
                at += _aligned(length)
                if sequence != self._sequence:
                    continue  # the rest of an answer that was given up
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    _raise(payload)
                    return
                yield Message(payload[:header_size], attributes(payload[header_size:]), payload)
                if not flags & 0x2:  # NLM_F_MULTI: others follow
                    return


def attribute(kind: int, value: bytes) -> bytes:
    """An attribute as it stands in a message."""
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(_aligned(length) - length)


def attributes(raw: bytes) -> dict[int, bytes]:
    """The attributes that follow one another: the value of each kind."""
    found, at, last = {}, 0, len(raw) - _ATTRIBUTE.size
    while at <= last:
        length, kind = _ATTRIBUTE.unpack_from(raw, at)
        if length < _ATTRIBUTE.size:
            break
        found[kind & _KIND_MASK] = raw[at + _ATTRIBUTE.size : at + length]
        at += _aligned(length)
    return found


def _raise(payload: bytes) -> None:
    """Raise the error that the kernel answered with, unless it is that there is none."""
    (code,) = struct.unpack_from("=i", payload)
    if code:
        raise OSError(-code, os.strerror(-code))


def _aligned(length: int) -> int:
    return (length + 3) & ~3
