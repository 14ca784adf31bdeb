"""Whom a connection is of: a user of this machine, and a SecretId that the user has signed with."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.app import callers
from gateway.app.callers import GONE, Callers, LocalCallers, local_callers

OTHER = 54_321  # a user id
# Connects, says so, and stays until its input ends.
PROGRAM = """
import socket, sys
host, port = sys.argv[1:]
with socket.create_connection((host, int(port))):
    print(flush=True)
    sys.stdin.read()
"""
SIGNED = b"POST / HTTP/1.1\r\nAuthorization: TC3-HMAC-SHA256 Credential=%s/2026-01-01/vpc/x\r\n\r\n"


@contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        yield listener


def whom(listener: socket.socket) -> str:
    """Whom the next connection is of."""
    found, peer = listener.accept()
    with found, local_callers() as one:
        return one.of(found, peer)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1"])
def test_a_connection_is_of_the_user_who_opened_it(host: str) -> None:
    with listening(host) as listener, socket.create_connection(listener.getsockname()[:2]):
        assert whom(listener) == f"user {os.getuid()}"


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to be another user")
def test_users_are_told_apart() -> None:
    with listening() as listener:
        words = [sys.executable, "-c", PROGRAM, *map(str, listener.getsockname())]
        with subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, user=OTHER
        ) as process:
            assert process.stdout
            assert process.stdout.readline()
            assert whom(listener) == f"user {OTHER}"
            process.communicate()


def test_whose_it_was_is_not_known_when_it_is_gone() -> None:
    with listening() as listener:
        socket.create_connection(listener.getsockname()).close()
        assert whom(listener) == GONE


def test_what_is_not_on_this_machine_is_an_address() -> None:
    with listening() as listener, socket.create_connection(listener.getsockname()):
        found, _ = listener.accept()
        with found, local_callers() as one:
            assert one.of(found, ("192.0.2.1", 1)) == "192.0.2.1"
            assert one.of(found, "") == ""


def test_where_the_kernel_cannot_be_asked_it_is_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "_NETLINK_SOCK_DIAG", 99)
    with listening() as listener, socket.create_connection(listener.getsockname()):
        assert whom(listener) == "127.0.0.1"


def test_others_go_by_their_address() -> None:
    with listening() as listener, socket.create_connection(listener.getsockname()):
        found, peer = listener.accept()
        with found:
            assert Callers().of(found, peer) == "127.0.0.1"
    assert Callers().who_says("10.0.0.2", SIGNED % b"AKID1") == "10.0.0.2"


@pytest.mark.parametrize(
    "request_", [SIGNED % b"AKID1", b"GET /?a=b&SecretId=AKID1 HTTP/1.1\r\n\r\n"]
)
def test_a_secret_id_counts_once_it_was_right(request_: bytes) -> None:
    one = LocalCallers(None)
    assert one.who_says("user 1", request_) == "user 1"
    one.signed("user 1", request_)
    one.signed("user 1/AKID1", request_)
    assert one.who_says("user 1", request_) == "user 1/AKID1"
    assert one.who_says("user 1", SIGNED % b"AKID2") == "user 1"
    assert one.who_says("user 2", request_) == "user 2"
    assert one.who_says("user 1", b"GET / HTTP/1.1\r\n\r\n") == "user 1"


def test_only_so_many_secret_ids_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "PROVEN_MAX", 2)
    one = LocalCallers(None)
    for name in (b"a", b"b", b"a", b"c"):
        one.signed("user 1", SIGNED % name)
    assert [one.who_says("user 1", SIGNED % name) for name in (b"a", b"b", b"c")] == [
        *("user 1/a", "user 1", "user 1/c")
    ]
