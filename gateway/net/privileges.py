"""What a process that strangers reach may still do once it is set up.

A worker of the data plane may configure networks, and nothing else: NFQUEUE asks for CAP_NET_ADMIN
with every message, so with each verdict. What answers strangers may do nothing. Of capabilities(7),
what is left to a process that `drop` returned in::

    permitted, effective     what is kept: CAP_NET_ADMIN, or none
    inheritable, ambient     none
    bounding                 what is kept
    securebits               uid 0 is a user like any other, locked
    no_new_privs             set: a setuid program it executes runs as it does itself

What it opened before stays open, with the rights it was opened with. A worker that had to stay
uid 0 still owns root's files: only a user of its own keeps it from those.
"""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.net import libc
from gateway.net.libc import Capabilities

USER: Final = "tgw"  # the workers'; scripts/setup makes all
METADATA_USER: Final = "tgw-metadata"
API_USER: Final = "tgw-api"
PEOPLE: Final = 1000  # the first user id of a person's, with all distributions we run on

CAP_SETGID: Final = 6
CAP_SETUID: Final = 7
CAP_SETPCAP: Final = 8
CAP_NET_ADMIN: Final = 12
CAPABILITIES_MAX: Final = 64
WORKER_KEEPS: Final = 1 << CAP_NET_ADMIN

_PR_SET_KEEPCAPS: Final = 8
_PR_CAPBSET_READ: Final = 23
_PR_CAPBSET_DROP: Final = 24
_PR_GET_SECUREBITS: Final = 27
_PR_SET_SECUREBITS: Final = 28
_PR_SET_NO_NEW_PRIVS: Final = 38

# securebits: each bit's lock is the bit above it.
_NOROOT: Final = 1 << 0
_NO_SETUID_FIXUP: Final = 1 << 2
_NO_CAP_AMBIENT_RAISE: Final = 1 << 6
_SECURE_ON: Final = _NOROOT | _NO_CAP_AMBIENT_RAISE
_SECURE_LOCKED: Final = (_SECURE_ON | _NO_SETUID_FIXUP) << 1
_SECURE_LOCKS: Final = 0b10101010


def drop(user: str = USER, kept: int = WORKER_KEEPS) -> str:
    """Keep the capabilities `kept` only, and run as the system user `user` if that can be.

    `kept` has a bit for each: CAP_NET_ADMIN's, or none.

    Call it in a process with a single thread, when all is opened and imported: files may not be
    readable any more. Returns, for the log, what the process is now. Where there is no such user,
    or a container lets nobody change to it, the process stays who it is; where the bounding set and
    the securebits can't be changed they stay, and without new privileges they give nothing more.

    Changing the user makes what is in /proc/PID root's, and clears the parent-death signal: set it
    after.

    Raises `OSError` if what is to be kept isn't there, or the kernel refuses what it should allow:
    the process is then to end.
    """
    # The calls below are the calling thread's; another would keep all it has.
    threads = list(Path("/proc/self/task").iterdir())
    assert len(threads) == 1, "privileges are dropped by a single thread"
    permitted = libc.capget().permitted
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1)
    # First, so that it fails before anything is lost if what is kept isn't permitted. What is
    # permitted may not be in effect; and what isn't inheritable is no longer ambient.
    libc.capset(Capabilities(permitted | kept, permitted, 0))
    notes = [_bound(permitted, kept), _become(user, permitted)]
    after = Capabilities(effective=kept, permitted=kept, inheritable=0)
    libc.capset(after)
    assert libc.capget() == after
    rights = "with CAP_NET_ADMIN only" if kept else "with no capability"
    return "; ".join([f"{_who()}, {rights}", *filter(None, notes)])


def group_of(user: str = USER) -> int:
    """The group of processes that run as `user`, root's if there is no such system user.

    What root shares with these belongs to root and this group: a process that stayed root is then
    allowed by the owner's rights, as without capabilities it needs some.
    """
    account = _account(user)
    return account.pw_gid if account else 0


def _bound(permitted: int, kept: int) -> str:
    """Let no program that is executed have more; what keeps us from it, if anything."""
    if not permitted >> CAP_SETPCAP & 1:
        return "bounding set as it was: no CAP_SETPCAP"
    for capability in bounding():
        if not kept >> capability & 1:
            libc.prctl(_PR_CAPBSET_DROP, capability)
    before = libc.prctl(_PR_GET_SECUREBITS)
    # What somebody locked stays as it is: the kernel refuses the whole change otherwise.
    locked = (before & _SECURE_LOCKS) >> 1
    libc.prctl(_PR_SET_SECUREBITS, before | (_SECURE_ON & ~locked) | _SECURE_LOCKED)
    return ""


def bounding() -> Iterator[int]:
    """The numbers of the capabilities in the bounding set."""
    for capability in range(CAPABILITIES_MAX):
        try:
            there = libc.prctl(_PR_CAPBSET_READ, capability)
        except OSError:  # beyond the last one this kernel knows
            return
        if there:
            yield capability


def _become(user: str, permitted: int) -> str:
    """Change to the user for good, and keep the capabilities; why not, if it can't be."""
    account = _account(user)
    if account is None:
        return f"no system user {user}"
    uid, gid = account.pw_uid, account.pw_gid
    if os.getresuid() == (uid,) * 3 and os.getresgid() == (gid,) * 3:
        return ""
    if not (permitted >> CAP_SETUID & 1 and permitted >> CAP_SETGID & 1):
        return f"not {user}: no CAP_SETUID and CAP_SETGID"
    if not (_has_id("uid", uid) and _has_id("gid", gid)):
        return f"not {user}: this user namespace doesn't have it"
    libc.prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    libc.prctl(_PR_SET_KEEPCAPS, 0)
    return ""


def _account(user: str) -> pwd.struct_passwd | None:
    """The system user; None for a person's account, whose owner could end or trace the worker."""
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        return None
    return account if 0 < account.pw_uid < PEOPLE else None


def _has_id(kind: str, number: int) -> bool:
    """Whether the process's user namespace, a container's for example, maps that user or group."""
    for line in Path(f"/proc/self/{kind}_map").read_text().splitlines():
        first, _outside, count = map(int, line.split())
        if first <= number < first + count:
            return True
    return False


def _who() -> str:
    """The name of the user this process runs as."""
    uid = os.geteuid()
    try:
        return f"user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"user {uid}"
