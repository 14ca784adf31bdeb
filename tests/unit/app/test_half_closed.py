"""Clients that end their sending side, or a request, before they have read the answer."""

import asyncio
import logging
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from support.tcp import served

from gateway.api.server import enveloped

WITHIN_S = 20


async def echo(request: Request) -> Response:
    """Answer later than the end of what the client sends arrives."""
    body = await request.body()
    await asyncio.sleep(0.1)  # the application's work
    return PlainTextResponse(f"{request.url.path} {request.url.query} {len(body)}")


async def upload(request: Request) -> Response:
    """Answer as the API does, once the body is whole."""

    async def answer(_request_id: str) -> dict[str, int]:
        return {"Size": len(await request.body())}

    return await enveloped(answer)


APPLICATION = Starlette(
    routes=[
        Route("/upload", upload, methods=["POST"]),
        Route("/{path:path}", echo, methods=["GET", "POST"]),
    ]
)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where the application is served."""
    with served(APPLICATION) as port:
        yield port


def answered(port: int, *parts: bytes) -> bytes:
    """All that the server says to a client that sends this, and then ends its sending side."""
    with socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S) as client:
        for part in parts:
            client.sendall(part)
        client.shutdown(socket.SHUT_WR)
        return client.makefile("rb").read()


GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
LARGE = b"x" * 300_000


@pytest.mark.parametrize(
    ("request_", "bodies"),
    [
        pytest.param(GET, [b"/a  0"], id="GET"),
        pytest.param(b"GET /a HTTP/1.0\r\n\r\n", [b"/a  0"], id="HTTP/1.0"),
        pytest.param(b"GET /a HTTP/1.0\n\n", [b"/a  0"], id="bare line ends"),
        pytest.param(POST + b"xyz", [b"/b  3"], id="POST"),
        pytest.param(
            b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + LARGE,
            [b"/b  300000"],
            id="a large body",
        ),
        pytest.param(
            b"POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nxyz\r\n0\r\n\r\n",
            [b"/b  3"],
            id="chunks",
        ),
        pytest.param(GET + POST + b"xyz" + GET, [b"/a  0", b"/b  3", b"/a  0"], id="three at once"),
    ],
)
def test_the_answer_comes_to_a_client_that_sends_nothing_more(
    port: int, request_: bytes, bodies: list[bytes]
) -> None:
    said = answered(port, request_)
    assert said.count(b"HTTP/1.1 200 OK") == len(bodies)
    assert re.findall(rb"/[ab]  [0-9]+", said) == bodies


def test_a_part_of_a_request_is_refused(port: int) -> None:
    assert answered(port, GET[:-2]).startswith(b"HTTP/1.1 400 ")
    assert answered(port, POST + b"xy").startswith(b"HTTP/1.1 400 ")
    whole, part = answered(port, GET + POST).split(b"/a  0")
    assert whole.startswith(b"HTTP/1.1 200 ")
    assert part.startswith(b"HTTP/1.1 400 ")


def test_nothing_is_said_to_a_client_that_asks_nothing(port: int) -> None:
    assert answered(port) == b""


def test_by_tls_the_end_of_one_side_is_the_end_of_both(
    pem: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trusting = ssl.create_default_context(cafile=str(pem))
    with (
        served(APPLICATION, pem) as port,
        socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S) as plain,
        trusting.wrap_socket(plain, server_hostname="127.0.0.1") as encrypted,
    ):
        encrypted.sendall(GET)
        socket.socket.shutdown(encrypted, socket.SHUT_WR)  # its own would drop the TLS, too
        assert encrypted.recv(1000) == b""
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("half", [True, False], ids=["half closed", "closed"])
def test_an_upload_that_is_broken_off_leaves_no_word_in_the_log(
    port: int, half: bool, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n"
    for size in (0, 1, 100_000):
        with socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S) as client:
            client.sendall(head + LARGE[:size])
            if half:
                client.shutdown(socket.SHUT_WR)
                assert client.makefile("rb").read().startswith(b"HTTP/1.1 400 ")
    assert b'"Size": 3' in answered(port, head.replace(b"300000", b"3") + b"xyz")
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        (b"http://metadata.tencentyun.com/latest/meta-data", b"/latest/meta-data  0"),
        (b"HTTP://user@h:80/a%20b?c=d/e", b"/a b c=d/e 0"),
        (b"https://h", b"/  0"),
        (b"http://h?q=1", b"/ q=1 0"),
        (b"http://h//a", b"//a  0"),
        (b"http:///a", b"/a  0"),
    ],
)
def test_a_target_that_is_a_whole_url_is_its_path(port: int, target: bytes, wanted: bytes) -> None:
    said = answered(port, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(wanted)
