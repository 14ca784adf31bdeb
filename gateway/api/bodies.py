"""Bodies of requests while they are read and worked on: how long, how large, how many at once.

A small body always has room, as the number of connections has a bound of its own. What all bodies
are larger by has a bound together, so that a few slow senders of large bodies can't keep others
out.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from starlette.requests import Request

from gateway.api.errors import ApiError

BODY_MAX: Final = 10 << 20  # bytes: the cloud's limit for a signed POST
SMALL: Final = 64 << 10  # bytes
LARGE_TOGETHER_MAX: Final = 64 << 20
WITHIN_S: Final = 30.0


class Bodies:
    """All bodies that are in memory at one time, or all of somebody's among them."""

    def __init__(self, most: int = LARGE_TOGETHER_MAX, within: "Bodies | None" = None) -> None:
        """Together they may have `most` bytes beyond small ones; they count `within` others."""
        self.large = 0  # bytes beyond `SMALL`, of all bodies
        self._most = most
        self._within = within

    def grow(self, by: int) -> bool:
        """Count so many bytes more; whether there is room for them."""
        self.large += by
        has_room = self.large <= self._most
        return (self._within is None or self._within.grow(by)) and has_room

    @contextmanager
    def one(self) -> Iterator["Body"]:
        """The body of one request, in memory as long as the block lasts."""
        body = Body(self)
        try:
            yield body
        finally:
            self.grow(-body.large)


class Body:
    """One body, while it is read and worked on."""

    def __init__(self, bodies: Bodies) -> None:
        self.large = 0
        self._bodies = bodies

    async def read(self, request: Request, most: int) -> bytes:
        """The whole body. Raises `ApiError` if it is too large, too late, or has no room."""
        content = bytearray()
        try:
            async with asyncio.timeout(WITHIN_S):
                async for chunk in request.stream():
                    content += chunk
                    self._grow(len(content), most)
        except TimeoutError as error:
            raise ApiError(
                "InvalidParameter", f"the body didn't arrive within {WITHIN_S:g} seconds"
            ) from error
        return bytes(content)

    def _grow(self, size: int, most: int) -> None:
        if size > most:
            raise ApiError("RequestSizeLimitExceeded", f"a request has at most {most} bytes here")
        large = max(0, size - SMALL)
        has_room = self._bodies.grow(large - self.large)
        self.large = large
        if not has_room:
            raise ApiError("RequestLimitExceeded", "there are too many large requests at once")
