"""Whom a connection is of: what tells a client that harms a server from all others.

An instance is told by its address. On loopback all programs have one address, so there the kernel
is asked which user's the socket at the other end is (`sock_diag(7)`). Programs of one user are told
apart by the SecretId that a request names, once that user has signed with it rightly: so requests
that nobody signed, however many and whatever they name, wait behind each other and nobody else.
"""

import re
import socket
import struct
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

Address = Any  # of a socket's other end: a tuple, or empty for a Unix socket

GONE: Final = "gone"  # it has closed its end: whose it was can't be told
PROVEN_MAX: Final = 1024  # SecretIds of users that are remembered, the latest
NAMED_WITHIN: Final = 16 << 10  # bytes of a request
ANSWER_MAX: Final = 512  # bytes

_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_NLM_F_REQUEST: Final = 1
_ALL_STATES: Final = 0xFFFFFFFF
_NO_COOKIE: Final = b"\xff" * 8
# nlmsghdr, with length, type, flags, sequence and port; then inet_diag_req_v2, with family,
# protocol, extensions and states, ports, addresses, link and cookie.
_QUESTION: Final = struct.Struct("=IHHIIBBBxIHH16s16sI8s")
_KIND: Final = struct.Struct("=4xH")  # of nlmsghdr
_WHOSE: Final = struct.Struct("=80xII")  # of nlmsghdr and inet_diag_msg: uid and inode
_NAMED: Final = re.compile(rb"(?:Credential=|\bSecretId=)(\w{1,64})\b")


class Callers:
    """Each connection is of the address at its other end."""

    def of(self, _found: socket.socket, peer: Address) -> str:
        """Whom a connection is of, when it arrives."""
        return str(peer[0]) if isinstance(peer, tuple) else ""

    def who_says(self, whom: str, _seen: bytes) -> str:
        """Whom one of these connections is of, by as much of its request as is there."""
        return whom


class LocalCallers(Callers):
    """Each connection is of a user of this machine, or an address elsewhere, and of a SecretId."""

    def __init__(self, kernel: socket.socket | None) -> None:
        """`kernel` answers whose a socket is; without it a connection is of an address."""
        self._proven: OrderedDict[str, None] = OrderedDict()
        self._kernel = kernel

    def of(self, found: socket.socket, peer: Address) -> str:
        """The user whose socket the other end is, if it is on this machine."""
        return self._user(found, peer) or super().of(found, peer)

    def who_says(self, whom: str, seen: bytes) -> str:
        """The user, and the SecretId that the request names if it was right before."""
        if "/" in whom:
            return whom
        one = _with_secret_id(whom, seen)
        return one if one in self._proven else whom

    def signed(self, whom: str, request: bytes) -> None:
        """Remember that a request was signed as it says."""
        one = _with_secret_id(whom.partition("/")[0], request)
        self._proven[one] = None
        self._proven.move_to_end(one)
        if len(self._proven) > PROVEN_MAX:
            self._proven.popitem(last=False)

    def _user(self, found: socket.socket, peer: Address) -> str | None:
        """None if the kernel has no socket there: it is another machine's."""
        if self._kernel is None or not isinstance(peer, tuple):
            return None
        try:
            self._kernel.send(_question(found.family, peer, found.getsockname()))
            answer = self._kernel.recv(ANSWER_MAX)
        except OSError:
            return None
        if _KIND.unpack_from(answer) != (_SOCK_DIAG_BY_FAMILY,):
            return None
        uid, inode = _WHOSE.unpack_from(answer)
        return f"user {uid}" if inode else GONE


@contextmanager
def local_callers() -> Iterator[LocalCallers]:
    """Tells callers apart as far as this kernel says whose a socket is."""
    try:
        kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
    except OSError:
        yield LocalCallers(None)
        return
    with kernel:
        kernel.settimeout(0)  # it answers at once
        yield LocalCallers(kernel)


def _with_secret_id(address: str, request: bytes) -> str:
    named = _NAMED.search(request, 0, NAMED_WITHIN)
    return f"{address}/{named[1].decode('ascii')}" if named else address


def _question(family: int, theirs: Address, ours: Address) -> bytes:
    """Asks for the socket at the other end of a connection: its own address comes first."""
    return _QUESTION.pack(
        _QUESTION.size,
        _SOCK_DIAG_BY_FAMILY,
        _NLM_F_REQUEST,
        0,
        0,
        family,
        socket.IPPROTO_TCP,
        0,
        _ALL_STATES,
        socket.htons(theirs[1]),
        socket.htons(ours[1]),
        socket.inet_pton(family, theirs[0]),
        socket.inet_pton(family, ours[0]),
        0,
        _NO_COOKIE,
    )
