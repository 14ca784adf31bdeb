"""Bodies that are large, many or slow."""

import asyncio
from collections.abc import Callable

import pytest
from starlette.requests import Request
from starlette.types import Message

from gateway.api import bodies
from gateway.api.bodies import Bodies, Body
from gateway.api.errors import ApiError


def request(*chunks: bytes, then: Callable[[], float] = lambda: 0.0) -> Request:
    """A request whose body comes in pieces; `then` is how long the last one is waited for."""
    left = list(chunks)

    async def receive() -> Message:
        if len(left) == 1:
            await asyncio.sleep(then())
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


def refusal(body: Body, *chunks: bytes, most: int = 1 << 30, within_s: float = 0.0) -> str:
    with pytest.raises(ApiError) as refused:
        asyncio.run(body.read(request(*chunks, then=lambda: within_s), most))
    return refused.value.code


def test_a_body_is_read_whole() -> None:
    with Bodies().one() as body:
        assert asyncio.run(body.read(request(b"ab", b"", b"c"), 3)) == b"abc"


def test_one_byte_too_many_is_refused() -> None:
    with Bodies().one() as body:
        assert refusal(body, b"ab", b"c", most=2) == "RequestSizeLimitExceeded"


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "WITHIN_S", 0.02)
    with Bodies().one() as body:
        assert refusal(body, b"ab", b"c", within_s=30.0) == "InvalidParameter"


def test_all_together_have_a_bound_and_small_ones_always_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bodies, "SMALL", 10)
    every = Bodies(100)
    with every.one() as first:
        asyncio.run(first.read(request(b"x" * 50, b"x" * 50), 1000))
        assert every.large == 90
        with every.one() as second:
            assert refusal(second, b"x" * 10, b"x" * 11) == "RequestLimitExceeded"
        assert every.large == 90
        with every.one() as third:
            assert asyncio.run(third.read(request(b"x" * 10), 1000)) == b"x" * 10
    assert every.large == 0


def test_the_bodies_of_one_have_a_bound_among_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SMALL", 10)
    every = Bodies(100)
    ours, theirs = Bodies(60, within=every), Bodies(60, within=every)
    with ours.one() as first, theirs.one() as other:
        asyncio.run(first.read(request(b"x" * 60), 1000))
        with ours.one() as second:
            assert refusal(second, b"x" * 30) == "RequestLimitExceeded"
        assert (ours.large, every.large) == (50, 50)
        asyncio.run(other.read(request(b"x" * 60), 1000))
        with theirs.one() as third:
            assert refusal(third, b"x" * 11) == "RequestLimitExceeded", "of all together"
    assert (ours.large, theirs.large, every.large) == (0, 0, 0)
