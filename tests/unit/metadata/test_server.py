"""The application is called as a server calls it: ASGI, by hand."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from gateway.metadata.facts import Facts, Place
from gateway.metadata.server import application

OURS, OTHERS = "10.0.0.2", "10.0.0.3"
Message = MutableMapping[str, Any]


def facts(instance_id: str, address: str) -> Facts:
    place = Place("region", "zone", "r", "z", "vpc", "subnet", "10.0.0.1", "255.255.0.0")
    return Facts(
        instance_id, "网", "uuid", "host", "52:54:00:00:00:01", address, None, place, "owner",
        "POSTPAID_BY_HOUR", 0.0, "S5.SMALL1", "img-1", b"\0\xff", "", None,
    )  # fmt: skip


KNOWN = {OURS: facts("ins-ours", OURS), OTHERS: facts("ins-others", OTHERS)}


def request(
    path: str,
    client: str | None = OURS,
    *,
    method: str = "GET",
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> tuple[int, str, str]:
    """Status, content type and body of the answer."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"metadata.tencentyun.com"), *headers],
        "client": (client, 40000) if client else None,
        "server": ("169.254.0.23", 80),
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(application(KNOWN.get)(scope, receive, send))
    start, *rest = sent
    found = dict(start["headers"])
    body = b"".join(message.get("body", b"") for message in rest)
    kind = found.get(b"content-type", b"").decode()
    return start["status"], kind, body.decode("utf-8" if "utf-8" in kind else "latin-1")


@pytest.mark.parametrize(
    ("client", "expected"),
    [(OURS, "ins-ours"), (OTHERS, "ins-others")],
    ids=["ours", "others"],
)
def test_a_caller_learns_of_itself(client: str, expected: str) -> None:
    status, _, body = request("/latest/meta-data/instance-id", client)
    assert (status, body) == (200, expected)


@pytest.mark.parametrize(
    "header",
    [b"x-forwarded-for", b"x-real-ip", b"forwarded", b"client-ip", b"x-client-ip"],
)
def test_a_header_makes_nobody_somebody_else(header: bytes) -> None:
    for value in (OTHERS, f"for={OTHERS}"):
        status, _, body = request("/meta-data/instance-id", headers=((header, value.encode()),))
        assert (status, body) == (200, "ins-ours")


def test_the_answer_is_utf_8_text() -> None:
    status, kind, body = request("/meta-data/instance-name")
    assert (status, kind, body) == (200, "text/plain; charset=utf-8", "网")


def test_user_data_is_bytes_of_any_kind() -> None:
    status, kind, body = request("/latest/user-data")
    assert (status, kind) == (200, "application/octet-stream")
    assert body.encode("latin-1") == b"\0\xff"


@pytest.mark.parametrize(
    ("path", "client"),
    [
        pytest.param("/meta-data/instance-id", "10.0.0.99", id="unknown-caller"),
        pytest.param("/", "10.0.0.99", id="unknown-caller-at-the-root"),
        pytest.param("/meta-data/instance-id", None, id="caller-without-address"),
        pytest.param("/meta-data/public-ipv4", OURS, id="no-public-address"),
        pytest.param("/meta-data//", OURS, id="no-such-path"),
    ],
)
def test_404(path: str, client: str | None) -> None:
    assert request(path, client)[::2] == (404, "404 Not Found")


@pytest.mark.parametrize("path", ["/", "/latest", "/latest/", "/meta-data/network"])
def test_a_directory_is_answered_where_it_is_asked_for(path: str) -> None:
    # No redirect to the path with a slash: a program in the instance may not follow one.
    assert request(path)[0] == 200


@pytest.mark.parametrize("path", ["", "*", "http://metadata.tencentyun.com/meta-data/mac"])
def test_a_target_that_is_no_path_is_not_answered(path: str) -> None:
    assert request(path)[0] in (307, 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_written(method: str) -> None:
    assert request("/meta-data/instance-id", method=method)[0] == 405
