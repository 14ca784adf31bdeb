"""The filter on system calls, as a program; that the kernel takes it is tested in the lab."""

import errno
import struct

import pytest

from gateway.net import syscalls
from gateway.net.syscalls import CLONE_NEWUSER, MACHINES, Calls, steps

ALLOWED = 0x7FFF0000
THREAD = 0x00010900  # CLONE_THREAD and what goes with it
NETWORK = 0x40000000


def verdict(calls: Calls, number: int, flags: int = 0, architecture: int | None = None) -> int:
    """What the program returns for a call, by the rules of the kernel's packet filters."""
    known = calls.architecture if architecture is None else architecture
    words = struct.unpack("<16I", struct.pack("<II Q 6Q", number, known, 0, flags, *[0] * 5))
    program, at, accumulator = list(steps(calls)), 0, 0
    while True:
        code, yes, no, operand = program[at]
        at += 1
        if code == 0x20:
            accumulator = words[operand // 4]
        elif code == 0x06:
            return operand
        else:
            tests = {
                0x15: accumulator == operand,
                0x35: accumulator >= operand,
                0x45: bool(accumulator & operand),
            }
            at += yes if tests[code] else no


def refused(number: int) -> int:
    return 0x00050000 | number


@pytest.mark.parametrize("calls", MACHINES.values(), ids=MACHINES)
def test_user_namespaces_are_refused_and_nothing_else(calls: Calls) -> None:
    for number in (calls.clone, calls.unshare):
        assert verdict(calls, number, THREAD) == ALLOWED
        assert verdict(calls, number, NETWORK) == ALLOWED  # that needs a capability anyway
        assert verdict(calls, number, CLONE_NEWUSER) == refused(errno.EPERM)
        assert verdict(calls, number, CLONE_NEWUSER | NETWORK) == refused(errno.EPERM)
    others = set(range(500)) - {calls.clone, calls.unshare, 435}
    assert {verdict(calls, number, CLONE_NEWUSER) for number in others} == {ALLOWED}


@pytest.mark.parametrize("calls", MACHINES.values(), ids=MACHINES)
def test_what_no_filter_can_look_into_is_not_there(calls: Calls) -> None:
    absent = refused(errno.ENOSYS)
    assert verdict(calls, 435) == absent
    assert verdict(calls, syscalls.FOREIGN | calls.unshare, CLONE_NEWUSER) == absent
    assert verdict(calls, calls.unshare, architecture=0x40000003) == absent  # of 32 bits


def test_a_machine_of_another_kind_has_no_filter() -> None:
    assert not syscalls.refuse_user_namespaces("riscv64")
