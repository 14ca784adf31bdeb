"""What root may do in an instance: as much as ordinary programs need, and its own network.

It may be any user, own any file, kill, and change its interfaces, addresses, routes and rules. It
may not mount, trace what isn't its own, load modules, make devices, set the clock, or anything else
that is the machine's: no CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_SYS_MODULE, CAP_MKNOD and so on.
"""

from contextlib import suppress
from typing import Final

from gateway.net import libc, syscalls
from gateway.net.libc import Capabilities
from gateway.net.privileges import bounding

# Numbers of capabilities(7).
ALLOWED: Final = {
    "CHOWN": 0,
    "DAC_OVERRIDE": 1,
    "FOWNER": 3,
    "FSETID": 4,
    "KILL": 5,
    "SETGID": 6,
    "SETUID": 7,
    "SETPCAP": 8,
    "NET_BIND_SERVICE": 10,
    "NET_BROADCAST": 11,
    "NET_ADMIN": 12,
    "NET_RAW": 13,
    "SYS_CHROOT": 18,
    "AUDIT_WRITE": 29,
    "SETFCAP": 31,
}
KEPT: Final = sum(1 << number for number in ALLOWED.values())

_PR_SET_DUMPABLE: Final = 4
_PR_CAPBSET_DROP: Final = 24
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4


def confine() -> None:
    """Let this thread, and what it executes, have no other capabilities. Raises `OSError`."""
    syscalls.refuse_user_namespaces()  # in one of its own it would have all of them
    for capability in list(bounding()):
        if not KEPT >> capability & 1:
            libc.prctl(_PR_CAPBSET_DROP, capability)
    with suppress(OSError):  # a kernel without them has none to clear
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    permitted = libc.capget().permitted & KEPT
    libc.capset(Capabilities(permitted, permitted, 0))


def hide_memory() -> None:
    """Let no one look into this process, or reach the program's file through it.

    It holds until another program is executed.
    """
    libc.prctl(_PR_SET_DUMPABLE, 0)
