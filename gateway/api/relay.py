"""The API for strangers: it takes their requests, and passes whole ones on to control.

Their connections end here, in a process of its own. Control gets from here what is complete, a few
requests at once, on a socket that takes signed requests only; it knows the keys, and this process
doesn't. Each client, such as an instance, has a share of what is passed on at once, so one that
asks without end keeps none of the others waiting.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

import h11
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.api.bodies import BODY_MAX, Bodies
from gateway.api.envelope import SIGNED, refusal
from gateway.api.errors import ApiError

AT_ONCE: Final = 16  # requests that control has from here
OF_ONE_AT_ONCE: Final = 4  # of them from one client
ANSWERED_WITHIN_S: Final = 60.0
ANSWER_MAX: Final = 64 << 20  # bytes
CHUNK: Final = 64 << 10
# What a request says of the connection that it came by, or that is said anew.
_OF_THE_CONNECTION: Final = frozenset(
    (
        *(b"connection", b"content-length", b"expect", b"keep-alive", b"proxy-connection"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    )
)
_OF_THE_ANSWER: Final = (b"content-type", SIGNED.encode())


class _Share:
    """What one client has under way, and may have."""

    def __init__(self, together: Bodies) -> None:
        self.requests = 0
        self.turns = asyncio.Semaphore(OF_ONE_AT_ONCE)
        self.bodies = Bodies(BODY_MAX, within=together)


class Relay:
    """An ASGI application: passes requests on to the API that listens on the Unix socket `path`."""

    def __init__(
        self, path: Path, signed: Callable[[str, bytes], object] = lambda _client, _request: None
    ) -> None:
        """`signed` is told of each client's request, as it was sent, that was signed rightly."""
        self._path = path
        self._signed = signed
        self._bodies = Bodies()
        self._shares: dict[str, _Share] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ApiError as error:
            response = refusal(error, str(uuid4()))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        client = request.client.host if request.client else ""
        with self._share(client) as share, share.bodies.one() as body:
            content = await body.read(request, BODY_MAX)
            async with share.turns, self._turns:
                return await self._passed_on(request, client, content)

    @contextmanager
    def _share(self, client: str) -> Iterator[_Share]:
        share = self._shares.setdefault(client, _Share(self._bodies))
        share.requests += 1
        try:
            yield share
        finally:
            share.requests -= 1
            if not share.requests:
                del self._shares[client]

    async def _passed_on(self, request: Request, client: str, content: bytes) -> Response:
        """Control's answer. Raises `ApiError` if there is none."""
        there = h11.Connection(h11.CLIENT)
        events = (_head(request, len(content)), h11.Data(content), h11.EndOfMessage())
        try:
            whole = b"".join(there.send(event) or b"" for event in events)
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.settimeout(0)
                    await asyncio.get_running_loop().sock_connect(connection, str(self._path))
                    response = await _asked(connection, there, whole)
        except (OSError, TimeoutError, h11.ProtocolError) as error:
            raise ApiError("InternalError", "the API isn't there now: try again") from error
        if response.headers.get(SIGNED):
            del response.headers[SIGNED]  # it is for this process alone
            self._signed(client, whole)
        return response


async def _asked(connection: socket.socket, there: h11.Connection, whole: bytes) -> Response:
    # No stream of asyncio's: it loses the answer to a request that is refused by its head.
    loop = asyncio.get_running_loop()
    with suppress(ConnectionError):
        await loop.sock_sendall(connection, whole)
    return await _read(there, partial(loop.sock_recv, connection, CHUNK))


def _head(request: Request, length: int) -> h11.Request:
    """The head as it came, for its signature, but for what it says of its connection."""
    kept = [pair for pair in request.headers.raw if pair[0] not in _OF_THE_CONNECTION]
    if "host" not in request.headers:
        kept.append((b"host", b""))
    query = request.scope["query_string"]
    return h11.Request(
        method=request.scope["method"],
        target=request.scope["raw_path"] + (b"?" + query if query else b""),
        headers=[*kept, (b"content-length", b"%d" % length), (b"connection", b"close")],
    )


async def _read(there: h11.Connection, receive: Callable[[], Awaitable[bytes]]) -> Response:
    head: h11.Response | None = None
    content = bytearray()
    while len(content) <= ANSWER_MAX:
        event = there.next_event()
        if event is h11.NEED_DATA:
            there.receive_data(await receive())
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            content += event.data
        elif isinstance(event, h11.EndOfMessage) and head:
            headers = {
                name.decode("ascii"): value.decode("latin-1")
                for name, value in head.headers
                if name in _OF_THE_ANSWER
            }
            return Response(bytes(content), head.status_code, headers)
        else:
            break
    raise h11.RemoteProtocolError("no answer")
