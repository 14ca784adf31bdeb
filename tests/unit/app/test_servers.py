"""What our HTTP servers bear from clients that are slow, many or strange."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from support.tcp import send, served

from gateway.app import servers
from gateway.app.connections import Bounds, Share


async def echo(request: Request) -> Response:
    return PlainTextResponse(f"{len(await request.body())} {request.headers.get('host')}")


APPLICATION = Starlette(routes=[Route("/", echo, methods=["GET", "POST"])])


def test_with_a_certificate_it_speaks_tls(pem: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(pem))
    with (
        served(APPLICATION, pem) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        trusting.wrap_socket(plain, server_hostname="127.0.0.1") as encrypted,
    ):
        encrypted.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert encrypted.recv(1000).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_certificate_that_is_none_is_told_at_the_start(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "pem"
    if text:
        file.write_text(text)
    with pytest.raises(OSError, match="are no use"):
        servers.server(APPLICATION, str(file), str(file))


TEN = Bounds(Share(10, 10, 10), Share(10, 10, 10))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server with little patience."""
    patch = pytest.MonkeyPatch()
    patch.setattr(servers, "FIRST_WITHIN_S", 0.5)
    patch.setattr(servers, "IDLE_MAX_S", 0.5)
    with served(APPLICATION, bounds=TEN) as port:
        yield port
    patch.undo()


def closed_after(port: int, first: bytes, more: bytes = b"") -> float:
    """How long the server bears a client that goes on slowly, in seconds."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(first)
        client.settimeout(0.05)
        while time.monotonic() - began < 5:
            try:
                if more:
                    client.sendall(more)
                if not client.recv(4096):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        return time.monotonic() - began


HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (b"", b""),
        (HEAD, b""),
        (HEAD, b"X: y\r\n"),
        (HEAD + b"\r\n", b""),
        (HEAD + b"\r\n" + HEAD, b"X: y\r\n"),
    ],
    ids=["silent", "half a head", "a line at a time", "idle", "slow the second time"],
)
def test_a_connection_without_a_request_is_closed(port: int, first: bytes, more: bytes) -> None:
    assert 0.3 < closed_after(port, first, more) < 3


def test_a_body_that_takes_longer_is_no_idle_connection(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            time.sleep(0.1)  # a slow client's
            client.sendall(b"x")
        answer = client.makefile("rb")
        while answer.readline().strip():
            pass
        assert answer.read(3) == b"8 a"


def test_connections_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "FIRST_WITHIN_S", 30.0)
    with served(APPLICATION, bounds=TEN) as port, ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            for _ in range(14)
        ]
        assert all(gone(client, 10.0) for client in clients[:4]), "the oldest ones make room"
        assert not any(gone(client, 0.1) for client in clients[4:])
        assert send(port, "GET", "/", {}).status == 200


def gone(client: socket.socket, within_s: float) -> bool:
    client.settimeout(within_s)
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * servers.HEAD_MAX * 2,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    ],
    ids=["TLS", "no host", "two hosts", "a head without an end", "a negative length"],
)
def test_what_is_no_http_is_cut_off(port: int, raw: bytes) -> None:
    assert closed_after(port, raw) < 0.4


def test_a_long_query_arrives(port: int) -> None:
    reply = send(port, "GET", "/?" + "x" * (32 << 10), {"host": "http://127.0.0.1:1"})
    assert (reply.status, reply.body) == (200, b"0 http://127.0.0.1:1")
