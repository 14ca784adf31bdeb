"""What a server of ours bears from one client with very many connections, and who is answered."""

import socket
import time
from contextlib import ExitStack

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from support import hostile
from support.tcp import send, served

from gateway.app import servers
from gateway.app.callers import local_callers
from gateway.app.connections import Bounds, Share

SMALL = Bounds(each=Share(20, 10, 4), together=Share(40, 20, 8))
LARGE = b"x" * (16 << 20)  # more than the kernel takes of an answer that nobody reads
WITHIN_S = 30.0
WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def echo(request: Request) -> Response:
    return PlainTextResponse("ok")


async def upload(request: Request) -> Response:
    return PlainTextResponse(await request.body())


async def large(request: Request) -> Response:
    return Response(LARGE)


APPLICATION = Starlette(
    routes=[Route("/", echo), Route("/large", large), Route("/upload", upload, methods=["POST"])]
)


def opened(port: int, first: bytes = b"") -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S)
    made.sendall(first)
    return made


def read(client: socket.socket) -> bytes:
    """What the server says; nothing when it has ended the connection."""
    try:
        return client.recv(4096)
    except ConnectionResetError:
        return b""


def answered(client: socket.socket) -> bool:
    """Read one answer, all of it; whether it is a good one."""
    answer = client.makefile("rb")
    status = answer.readline()
    lines = list(iter(answer.readline, b"\r\n"))
    length = next(line for line in lines if line.lower().startswith(b"content-length"))
    answer.read(int(length.split(b":")[1]))
    return status.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("kind", hostile.KINDS)
def test_another_client_is_answered_each_time(kind: str) -> None:
    with (
        local_callers() as callers,
        served(APPLICATION, callers=callers) as port,
        hostile.crowd(port, kind, 600),
    ):
        for _ in range(100):
            assert send(port, "GET", "/", {}).status == 200


def test_a_slow_body_makes_room_for_a_request() -> None:
    with served(APPLICATION, bounds=SMALL) as port, ExitStack() as stack:
        head = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123"
        clients = [stack.enter_context(opened(port, head)) for _ in range(SMALL.each.idle + 2)]
        assert send(port, "GET", "/", {}).status == 200
        clients[-1].sendall(b"456789")
        assert answered(clients[-1])
        assert read(clients[0]) == b""


def test_an_idle_connection_makes_room_for_a_request() -> None:
    with served(APPLICATION, bounds=SMALL) as port, ExitStack() as stack:
        clients = [stack.enter_context(opened(port)) for _ in range(SMALL.each.idle + 2)]
        for client in clients:
            client.sendall(WHOLE)
            assert answered(client)
        assert [read(client) for client in clients[:2]] == [b"", b""]
        clients[2].sendall(WHOLE)
        assert answered(clients[2])


def test_who_does_not_read_an_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "READ_WITHIN_S", 0.3)
    with served(APPLICATION) as port, opened(port) as client:
        client.sendall(WHOLE.replace(b"/ ", b"/large "))
        time.sleep(1.0)  # the client's, who does something else
        got = 0
        while some := read(client):
            got += len(some)
    assert got < len(LARGE)


def test_who_reads_slowly_gets_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "READ_WITHIN_S", WITHIN_S)
    with served(APPLICATION) as port:
        assert len(send(port, "GET", "/large", {}).body) == len(LARGE)


def test_connections_end_with_whom_they_are_of() -> None:
    owners = {"127.0.0.1": "ins-1"}
    with (
        served(APPLICATION, identity=owners.get) as port,
        opened(port) as silent,
        opened(port, WHOLE) as idle,
    ):
        assert answered(idle)
        idle.settimeout(2.5)  # it has been seen with its owner by then
        with pytest.raises(TimeoutError):
            idle.recv(1)
        owners["127.0.0.1"] = "ins-2"
        idle.settimeout(WITHIN_S)
        assert read(idle) == b""
        assert read(silent) == b""
        assert send(port, "GET", "/", {}).status == 200
