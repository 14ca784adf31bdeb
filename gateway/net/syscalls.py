"""System calls that nothing in an instance may make: those that make a user namespace.

In a user namespace of its own a process has every capability, and so what confinement took away: it
may mount, and there write to its own bounds. The filter is seccomp(2)'s, a small program for the
kernel that looks at each call; it holds for whatever is executed from there on. ::

    another architecture's call   ENOSYS: its numbers are others
    clone3                        ENOSYS: its flags lie where no filter can look; libc takes clone
    clone, unshare                EPERM with CLONE_NEWUSER
    all others                    allowed
"""

import ctypes
import errno
import platform
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from gateway.net import libc

CLONE_NEWUSER: Final = 0x10000000
CLONE3: Final = 435  # of every architecture
FOREIGN: Final = 0x40000000  # numbers from here on are x86's second kind of calls


class Calls(NamedTuple):
    """What an architecture is to the kernel, and its numbers of two calls."""

    architecture: int
    clone: int
    unshare: int


MACHINES: Final = {
    "x86_64": Calls(0xC000003E, clone=56, unshare=272),
    "aarch64": Calls(0xC00000B7, clone=220, unshare=97),
}

_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
# Opcodes of the kernel's packet filters, and where the call's words lie.
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FLAGS = 0, 4, 16

Step = tuple[int, int, int, int]  # opcode, steps to skip if so, and if not, operand


def refuse_user_namespaces(machine: str = platform.machine()) -> bool:
    """Let this thread, and what it executes, make none; False on a machine of another kind.

    Needs CAP_SYS_ADMIN. Raises `OSError`.
    """
    if machine not in MACHINES:
        return False
    raw = b"".join(struct.pack("=HBBI", *step) for step in steps(MACHINES[machine]))
    program = ctypes.create_string_buffer(raw, len(raw))
    # struct sock_fprog: the number of steps, and where they lie while the call is made
    header = ctypes.create_string_buffer(
        struct.pack("@HP", len(raw) // 8, ctypes.addressof(program))
    )
    libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(header))
    return True


def steps(calls: Calls) -> Iterator[Step]:
    """The filter for one architecture, step by step, as the kernel takes it."""
    yield (_LOAD, 0, 0, _ARCHITECTURE)
    yield (_JUMP_EQUAL, 1, 0, calls.architecture)
    yield (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)
    yield (_LOAD, 0, 0, _NUMBER)
    yield (_JUMP_AT_LEAST, 1, 0, FOREIGN)
    yield (_JUMP_EQUAL, 0, 1, CLONE3)
    yield (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)
    yield (_JUMP_EQUAL, 1, 0, calls.clone)
    yield (_JUMP_EQUAL, 0, 3, calls.unshare)
    yield (_LOAD, 0, 0, _FLAGS)
    yield (_JUMP_SET, 0, 1, CLONE_NEWUSER)
    yield (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    yield (_RETURN, 0, 0, _ALLOW)
