"""Sets and counters of nftables by netlink: a change costs what changes (linux/nf_tables.h).

The command `nft` reads all elements of all sets before it does most things, a second for 100,000 of
them. It makes tables, sets and rules; what follows each change, and what is asked often, is here.

::

    nlmsghdr 16 | nfgenmsg 4 | attributes: length 2, kind 2, value, each from a multiple of 4 on

Netlink's numbers are of the machine's byte order, nftables' of the network's.
"""

import os
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Final, NamedTuple

NETLINK_NETFILTER: Final = 12
SO_SNDBUFFORCE: Final = 32
SEND_BUFFER: Final = 64 << 20
RECEIVE_BYTES: Final = 1 << 18
ANSWER_WITHIN_S: Final = 30.0

REQUEST, ACKNOWLEDGED, DUMP, CREATE = 0x1, 0x4, 0x300, 0x400  # flags of a message
INTERRUPTED: Final = 0x10  # NLM_F_DUMP_INTR
ERROR, DONE = 2, 3
BATCH_BEGIN, BATCH_END = 0x10, 0x11
NFTABLES: Final = 10
NEW_ELEMENTS, GET_ELEMENTS, DELETE_ELEMENTS, GET_OBJECTS = 12, 13, 14, 19

ELEMENTS_TABLE, ELEMENTS_SET, ELEMENTS = 1, 2, 3
LIST_ELEMENT, ELEMENT_KEY, VALUE = 1, 1, 1
OBJECT_TABLE, OBJECT_NAME, OBJECT_TYPE, OBJECT_DATA = 1, 2, 3, 4
COUNTER: Final = 1
COUNTER_PACKETS: Final = 2
NESTED: Final = 0x8000
KIND_MASK: Final = 0x3FFF

AT_ONCE: Final = 4000  # elements in a message: an attribute's length has 16 bits
TOGETHER: Final = 64  # messages in a transaction
DUMP_TRIES: Final = 20

_MESSAGE: Final = struct.Struct("=IHHII")
_FAMILY: Final = struct.Struct("!BBH")
_ATTRIBUTE: Final = struct.Struct("=HH")
_KEY: Final = struct.Struct("!I")


class Change(NamedTuple):
    """Elements of 32 bits that are to be in a set of an IP table, or are not to be in it."""

    table: str
    name: str
    is_in: bool
    elements: Sequence[int]


def change(changes: Iterable[Change]) -> None:
    """Change sets of this thread's namespace, in this order. Raises `OSError`.

    It is one step, but of more than `AT_ONCE` times `TOGETHER` elements the first ones change
    first. What is to go must be there, or come in the same step.
    """
    messages = (message for one in changes for message in _messages(one))
    with _conversation() as kernel:
        while some := list(islice(messages, TOGETHER)):
            begin = _message(BATCH_BEGIN, REQUEST, resource=NFTABLES)
            end = _message(BATCH_END, REQUEST, resource=NFTABLES)
            kernel.send(b"".join([begin, *some, end]))
            for _ in some:
                _acknowledgement(kernel)


def elements(table: str, name: str) -> set[int]:
    """The elements of a set, as in `Change`. Raises `OSError`, also if the set isn't there.

    For small sets only: the kernel leaves some out while it makes more room for the set, and takes
    time that grows by the square of their number.
    """
    named = _named(table, name)
    found: set[int] = set()
    for body in _dump(GET_ELEMENTS, socket.AF_INET, named):
        for kind, value in _attributes(body):
            if kind == ELEMENTS:
                # An element is its key, which is its value: nested attributes of one shape.
                found.update(_KEY.unpack_from(one, 8)[0] for _, one in _attributes(value))
    return found


def has(table: str, name: str, element: int) -> bool:
    """Whether the element is in the set. Raises `OSError` for anything but that it isn't there."""
    body = _named(table, name) + _listed([element])
    with _conversation() as kernel:
        kernel.send(
            _message(
                NFTABLES << 8 | GET_ELEMENTS, REQUEST | ACKNOWLEDGED, socket.AF_INET, body=body
            )
        )
        try:
            _acknowledgement(kernel)
        except FileNotFoundError:
            return False
    return True


def counters() -> dict[tuple[str, str], int]:
    """The packets of each named counter, by its table and its name. Raises `OSError`."""
    found = {}
    for body in _dump(GET_OBJECTS, socket.AF_UNSPEC, b""):
        read = dict(_attributes(body))
        if int.from_bytes(read[OBJECT_TYPE]) == COUNTER:
            packets = dict(_attributes(read[OBJECT_DATA]))[COUNTER_PACKETS]
            place = _text(read[OBJECT_TABLE]), _text(read[OBJECT_NAME])
            found[place] = int.from_bytes(packets)
    return found


def _messages(one: Change) -> Iterator[bytes]:
    named = _named(one.table, one.name)
    kind = NFTABLES << 8 | (NEW_ELEMENTS if one.is_in else DELETE_ELEMENTS)
    flags = REQUEST | ACKNOWLEDGED | (CREATE if one.is_in else 0)
    for first in range(0, len(one.elements), AT_ONCE):
        some = one.elements[first : first + AT_ONCE]
        body = named + _listed(some)
        yield _message(kind, flags, socket.AF_INET, body=body)


def _listed(elements: Sequence[int]) -> bytes:
    head = _ATTRIBUTE.pack(16, LIST_ELEMENT | NESTED)
    head += _ATTRIBUTE.pack(12, ELEMENT_KEY | NESTED) + _ATTRIBUTE.pack(8, VALUE)
    return _attribute(ELEMENTS | NESTED, b"".join([head + _KEY.pack(one) for one in elements]))


def _named(table: str, name: str) -> bytes:
    return _attribute(ELEMENTS_TABLE, table.encode() + b"\0") + _attribute(
        ELEMENTS_SET, name.encode() + b"\0"
    )


def _dump(kind: int, family: int, body: bytes) -> list[bytes]:
    """What follows the family in each message of a dump. Raises `OSError`."""
    with _conversation() as kernel:
        for _ in range(DUMP_TRIES):
            kernel.send(_message(NFTABLES << 8 | kind, REQUEST | DUMP, family, body=body))
            found: list[bytes] = []
            if all(_taken(kernel, found)):
                return found
    raise OSError("nftables changes too often to be read")


def _taken(kernel: socket.socket, found: list[bytes]) -> Iterator[bool]:
    """Take in the parts of a dump; each is said to be whole, or of what changed meanwhile."""
    while True:
        for kind, flags, body in _split(kernel.recv(RECEIVE_BYTES)):
            if kind == ERROR:
                _check(body)
            yield not flags & INTERRUPTED
            if kind == DONE:
                return
            found.append(body[_FAMILY.size :])


def _acknowledgement(kernel: socket.socket) -> None:
    for kind, _, body in _split(kernel.recv(RECEIVE_BYTES)):
        if kind == ERROR:
            _check(body)


def _split(raw: bytes) -> Iterator[tuple[int, int, bytes]]:
    while len(raw) >= _MESSAGE.size:
        length, kind, flags, _, _ = _MESSAGE.unpack_from(raw)
        yield kind, flags, raw[_MESSAGE.size : length]
        raw = raw[length + 3 & ~3 :]


def _check(body: bytes) -> None:
    (error,) = struct.unpack_from("=i", body)
    if error:
        raise OSError(-error, f"nftables: {os.strerror(-error)}")


def _attributes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _ATTRIBUTE.size <= len(raw):
        length, kind = _ATTRIBUTE.unpack_from(raw, at)
        yield kind & KIND_MASK, raw[at + _ATTRIBUTE.size : at + length]
        at += length + 3 & ~3


def _message(
    kind: int, flags: int, family: int = socket.AF_UNSPEC, resource: int = 0, body: bytes = b""
) -> bytes:
    length = _MESSAGE.size + _FAMILY.size + len(body)
    head = _MESSAGE.pack(length, kind, flags, 0, 0)
    return head + _FAMILY.pack(family, 0, resource) + body


def _attribute(kind: int, value: bytes) -> bytes:
    padding = bytes(-len(value) % 4)
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + padding


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode()


@contextmanager
def _conversation() -> Iterator[socket.socket]:
    """A socket for one conversation with the kernel of this thread's namespace."""
    with socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER
    ) as kernel:
        kernel.bind((0, 0))
        kernel.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER)
        kernel.settimeout(ANSWER_WITHIN_S)
        yield kernel
