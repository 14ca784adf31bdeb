"""The way of instances to the API: what is passed on, and what isn't."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from support.api import TIMEOUT_S, Reply, in_thread
from support.tcp import send, served

from gateway.api import bodies, relay
from gateway.api.envelope import SIGNED
from gateway.api.relay import Relay
from gateway.app import listen, servers

HOST = {"host": "cvm.tencentcloudapi.com"}


async def echo(request: Request) -> Response:
    """Tell what has arrived of a request, byte by byte."""
    told = {
        "method": request.method,
        "target": request.scope["raw_path"].decode(),
        "query": request.scope["query_string"].decode(),
        "headers": [(name.decode(), value.decode()) for name, value in request.headers.raw],
        "body": len(await request.body()),
    }
    return Response(json.dumps(told), media_type="application/json")


@contextmanager
def control(application: ASGIApp, path: Path) -> Iterator[None]:
    """What listens at the other end."""
    server = servers.server(application, bounds=servers.TRUSTED)
    with listen.unix_listener(path) as listener, in_thread(server, listener):
        yield


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A relay before control, which echoes."""
    routes = [Route("/{path:path}", echo, methods=["GET", "POST"])]
    with control(Starlette(routes=routes), tmp_path / "socket"), relayed(tmp_path) as port:
        yield port


@contextmanager
def relayed(folder: Path) -> Iterator[int]:
    with served(Relay(folder / "socket")) as port:
        yield port


def refused(reply: Reply) -> str:
    return str(json.loads(reply.body)["Response"]["Error"]["Code"])


def test_a_request_arrives_as_it_was_signed(port: int) -> None:
    headers = HOST | {"authorization": "TC3 x", "x-tc-action": "A", "content-type": "a/b; c=d"}
    reply = send(port, "POST", "/?a=%41&b", headers, b"x" * 300_000)
    told = json.loads(reply.body)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert (told["method"], told["target"], told["query"]) == ("POST", "/", "a=%41&b")
    assert told["body"] == 300_000
    assert headers.items() <= dict(told["headers"]).items()


def test_what_is_said_of_the_connection_is_not_passed_on(port: int) -> None:
    headers = HOST | {"keep-alive": "timeout=5", "upgrade": "x", "te": "trailers"}
    told = json.loads(send(port, "GET", "/", headers).body)
    assert sorted(name for name, _ in told["headers"]) == [
        *("accept-encoding", "connection", "content-length", "host")
    ]


def test_a_body_in_chunks_arrives(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as client:
        client.sendall(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        answer = client.makefile("rb").read()
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["body"] == 5


def test_a_request_without_a_host_is_answered(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert client.makefile("rb").readline().startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("size", [2, 1 << 20])
def test_what_is_refused_by_its_head_has_its_answer(tmp_path: Path, size: int) -> None:
    async def refuse(_request: Request) -> Response:
        return PlainTextResponse("no", headers={"connection": "close"})

    routes = [Route("/", refuse, methods=["POST"])]
    with control(Starlette(routes=routes), tmp_path / "socket"), relayed(tmp_path) as port:
        for _ in range(50):
            assert send(port, "POST", "/", HOST, b"x" * size).body == b"no"


def test_without_control_it_says_so(tmp_path: Path) -> None:
    with relayed(tmp_path) as port:
        assert refused(send(port, "POST", "/", HOST)) == "InternalError"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n", b"nonsense\r\n\r\n"])
def test_an_answer_that_is_none_is_not_passed_on(tmp_path: Path, answer: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as listener, relayed(tmp_path) as port:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()

        def serve() -> None:
            with listener.accept()[0] as client:
                client.recv(1 << 16)
                client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        assert refused(send(port, "POST", "/", HOST)) == "InternalError"
        thread.join(TIMEOUT_S)


def test_control_that_does_not_answer_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "ANSWERED_WITHIN_S", 0.3)
    with socket.socket(socket.AF_UNIX) as listener, relayed(tmp_path) as port:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        assert refused(send(port, "POST", "/", HOST)) == "InternalError"


def test_who_signed_rightly_is_told_and_nobody_else_hears_of_it(tmp_path: Path) -> None:
    async def checked(request: Request) -> Response:
        right = request.headers["authorization"] == "right"
        return PlainTextResponse("ok", headers={SIGNED: "1"} if right else {})

    told: list[tuple[str, bytes]] = []
    routes = [Route("/", checked, methods=["POST"])]
    relay = Relay(tmp_path / "socket", lambda client, request: told.append((client, request)))
    with control(Starlette(routes=routes), tmp_path / "socket"), served(relay) as port:
        for word in ("wrong", "right"):
            reply = send(port, "POST", "/", HOST | {"authorization": word}, b"body")
            assert (reply.body, reply.headers.get(SIGNED)) == (b"ok", None)
    ((client, request),) = told
    assert client == "127.0.0.1"
    assert b"right" in request
    assert request.endswith(b"body")


def test_a_body_that_is_too_large_is_refused(port: int) -> None:
    reply = send(port, "POST", "/", HOST, b"x" * (bodies.BODY_MAX + 1))
    assert refused(reply) == "RequestSizeLimitExceeded"


class Slow:
    """Control that answers when it is let, and knows how many ask at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.let = threading.Event()

    async def answer(self, request: Request) -> Response:
        self.now += 1
        self.most = max(self.most, self.now)
        while not self.let.is_set():
            await asyncio.sleep(0.01)
        self.now -= 1
        return PlainTextResponse("done")


def test_one_instance_has_a_share_and_the_others_are_answered_meanwhile(tmp_path: Path) -> None:
    slow = Slow()
    routes = [Route("/slow", slow.answer), Route("/quick", echo)]

    def ask(client: str, path: str) -> Any:
        with socket.create_connection(
            ("127.0.0.1", at), timeout=TIMEOUT_S, source_address=(client, 0)
        ) as one:
            one.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            return one.makefile("rb").readline()

    with (
        control(Starlette(routes=routes), tmp_path / "socket"),
        relayed(tmp_path) as at,
        ThreadPoolExecutor(20) as pool,
    ):
        many = [pool.submit(ask, "127.0.0.2", "/slow") for _ in range(20)]
        try:
            assert ask("127.0.0.3", "/quick").startswith(b"HTTP/1.1 200")
        finally:
            slow.let.set()
        assert all(one.result().startswith(b"HTTP/1.1 200") for one in many)
    assert slow.most <= relay.OF_ONE_AT_ONCE
