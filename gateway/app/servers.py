"""HTTP servers: how each of ours is made, and what it bears from clients that are slow or many.

One kind for all: whoever reaches a socket of ours may be hostile, be it an instance or a stranger.
"""

import asyncio
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from math import ceil
from typing import Any, Final
from urllib.parse import unquote

import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import is_ssl

from gateway.app.callers import Callers
from gateway.app.connections import Bounds, Connection, Share, Stage
from gateway.app.listen import BACKLOG
from gateway.app.reception import Reception, cut_off
from gateway.runtime.threads import Job, nothing

# Of one user's connections many may wait: to be cut is an invitation to come again.
LOCAL: Final = Bounds(
    each=Share(waiting=24_000, idle=128, busy=4), together=Share(32_000, idle=512, busy=64)
)
_ALL_TRUSTED: Final = Share(waiting=256, idle=64, busy=64)
TRUSTED: Final = Bounds(each=_ALL_TRUSTED, together=_ALL_TRUSTED)
INSTANCES: Final = Bounds(
    each=Share(waiting=256, idle=32, busy=4), together=Share(waiting=4096, idle=1024, busy=64)
)
FIRST_WITHIN_S: Final = 15.0  # the head of a connection's first request
# Between two requests. No round number, and above a minute: who asks every 15, 30 or 60 seconds by
# one connection would else meet its end again and again.
IDLE_MAX_S: Final = 77.0
READ_WITHIN_S: Final = 30.0  # some of an answer, by a client that doesn't read
HEAD_MAX: Final = 64 << 10  # bytes: the longest query and what goes with it
TICKS_A_SECOND: Final = 10  # of uvicorn
END_WITHIN_S: Final = 2  # requests that are being answered then are cut off

_ABSOLUTE: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/]*")


class BoundedProtocol(H11Protocol):
    """HTTP for clients that may be hostile: too many, or with a request that never gets whole."""

    counted: Connection
    _idle: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _has_ended = False  # the client sends nothing more, though it may read

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, of which a head has arrived."""
        super().connection_made(transport)
        if self.client:  # for the application, a client is whom the connection is of
            self.client = (self.counted.address, self.client[1])
        self.counted.cut = lambda _: transport.abort()
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks of a connection that has ended, and count it no more."""
        super().connection_lost(exc)
        self._unwatch()
        self.resume_writing()
        self.counted.move(Stage.GONE)

    def data_received(self, data: bytes) -> None:
        """Take some of a request, and go on to wait for more."""
        super().data_received(data)
        self._watch()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer what has arrived whole; whether the connection stays open for that.

        By TLS there is no half of a connection: its other half ends, too.
        """
        self._has_ended = True
        if is_ssl(self.transport):
            return False
        if self._is_answering() and not self.cycle.more_body:
            return True
        self._refuse_part()
        return False

    def on_response_complete(self) -> None:
        """Start the clock for the next request of the connection, if there can be one."""
        super().on_response_complete()
        if self._has_ended and not self.transport.is_closing() and not self.eof_received():
            self.transport.close()
        self._watch()

    def pause_writing(self) -> None:
        """Give a client that doesn't read its answer some time."""
        super().pause_writing()
        self._unread = self.loop.call_later(READ_WITHIN_S, self._give_up)

    def resume_writing(self) -> None:
        """Stop the clock: some of the answer was read, or nothing more is to be."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _give_up(self) -> None:
        cut_off(self.transport.get_extra_info("socket"))
        self.transport.abort()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse_part(self) -> None:
        """Say that only a part of a request has arrived, if there is one."""
        if self._is_answering():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        elif not self.conn.trailing_data[0]:
            return
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self.send_400_response("The request ended before it was whole.")

    def _watch(self) -> None:
        """Cut the connection off after a time in which no request is being answered."""
        if self._is_answering():
            # In the middle of a body it has nothing whole, and is the first to make room.
            self.counted.move(Stage.IDLE if self.cycle.more_body else Stage.BUSY)
            self._unwatch()
        else:
            self.counted.move(Stage.IDLE)
            self._start_clock()

    def _start_clock(self) -> None:
        if self._idle is None and not self.transport.is_closing():
            within_s = FIRST_WITHIN_S if self.cycle is None else IDLE_MAX_S
            self._idle = self.loop.call_later(within_s, self.transport.abort)

    def _unwatch(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None


class Server(uvicorn.Server):
    """A server that lets nobody in before the head of a request is there."""

    def __init__(
        self,
        config: uvicorn.Config,
        bounds: Bounds,
        identity: Callable[[str], str | None],
        callers: Callers,
        beat: Callable[[], object],
    ) -> None:
        """`identity` tells who is at an address: when that is another one, connections end.

        `callers` tells whom a connection is of. `beat` is called with each turn of the loop, ten
        times a second.
        """
        super().__init__(config)
        self._beat = beat
        self.is_one_of_several = False
        self._bounds = bounds
        self._identity = identity
        self._callers = callers
        self._identities: dict[str, str | None] = {}
        self._receptions: list[Reception] = []
        self._starting: set[asyncio.Task[Any]] = set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End by a signal; one of several servers leaves signals to whoever runs them all."""
        with nullcontext() if self.is_one_of_several else super().capture_signals():
            yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections, of each listener within the bounds."""
        await self.lifespan.startup()
        self.servers = []
        self._receptions = [
            Reception(
                listener,
                self._bounds,
                self._take,
                callers=self._callers,
                within_s=FIRST_WITHIN_S,
                encrypted=self.config.is_ssl,
            )
            for listener in sockets or ()
        ]
        self.started = True

    async def on_tick(self, counter: int) -> bool:
        """Look ten times a second at who waits too long, and each second at who has gone."""
        self._beat()
        for reception in self._receptions:
            reception.end_late()
        if counter % TICKS_A_SECOND == 0:
            self._cut_those_who_ended()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nothing more, and let requests that are being answered end."""
        for reception in self._receptions:
            reception.close()
        await super().shutdown(sockets)

    def _take(self, found: socket.socket, counted: Connection) -> None:
        """Begin to serve a connection of which a head has arrived."""

        def protocol() -> BoundedProtocol:
            made = BoundedProtocol(self.config, self.server_state, self.lifespan.state)
            made.counted = counted
            return made

        loop = asyncio.get_running_loop()
        task = loop.create_task(
            loop.connect_accepted_socket(
                protocol,
                found,
                ssl=self.config.ssl,
                ssl_handshake_timeout=FIRST_WITHIN_S if self.config.ssl else None,
            )
        )

        def begun(task: "asyncio.Task[Any]") -> None:
            self._starting.discard(task)
            if task.cancelled() or task.exception():  # as when TLS isn't agreed on
                counted.move(Stage.GONE)

        counted.cut = lambda _: task.cancel()
        if self.config.is_ssl:  # its head is still to come
            counted.move(Stage.IDLE)
        self._starting.add(task)
        task.add_done_callback(begun)

    def _cut_those_who_ended(self) -> None:
        every = [reception.connections for reception in self._receptions]
        addresses = {address for one in every for address in one.addresses()}
        now = {address: self._identity(address) for address in addresses}
        for address, identity in now.items():
            if self._identities.get(address, identity) != identity:
                for connections in every:
                    connections.cut_all(address)
        self._identities = now


def by_path(application: ASGIApp) -> ASGIApp:
    """The application, which also takes targets that are whole URLs, as clients of proxies send.

    RFC 9112, 3.2.2. The header Host stays as it was sent: it may be signed.
    """

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        found = _ABSOLUTE.match(scope["raw_path"])
        if found:
            path = scope["raw_path"][found.end() :] or b"/"
            scope = {**scope, "raw_path": path, "path": unquote(path.decode("ascii"))}
        await application(scope, receive, send)

    return asked


def nobody(_address: str) -> str | None:
    """Tell nothing of who is at an address: it is the same one for ever."""
    return None


def server(
    application: ASGIApp,
    certificate: str | None = None,
    key: str | None = None,
    *,
    bounds: Bounds = LOCAL,
    identity: Callable[[str], str | None] = nobody,
    callers: Callers | None = None,
    beat: Callable[[], object] = nothing,
) -> Server:
    """A server of the application, by TLS with a certificate. Raises `OSError` if that is none.

    `bounds` are of all connections; `identity` tells who is at an address, `callers` whom a
    connection is of (its other end's address if None), and `beat` is called as long as its loop
    goes round, as `Server` has all three.
    It sets up no logging: `gateway.runtime.log` has, for the whole process.
    """
    config = uvicorn.Config(
        by_path(application),
        http=BoundedProtocol,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # a caller is its connection's address, never a header's
        backlog=BACKLOG,
        timeout_keep_alive=ceil(IDLE_MAX_S),
        timeout_graceful_shutdown=END_WITHIN_S,
        h11_max_incomplete_event_size=HEAD_MAX,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    try:
        config.load()
    except OSError as error:
        raise OSError(f"{certificate} and {key} are no use: {error}") from error
    return Server(config, bounds, identity, callers or Callers(), beat)


async def serve(pairs: Mapping[Server, socket.socket]) -> None:
    """Serve, each on its listener, until SIGTERM or SIGINT; if one server fails, none goes on."""

    def end() -> None:
        for server in pairs:
            server.should_exit = True

    for server in pairs:
        server.is_one_of_several = True
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    await asyncio.gather(*(server.serve([listener]) for server, listener in pairs.items()))


def job(name: str, server: uvicorn.Server, listener: socket.socket) -> Job:
    """Serve in a background thread. A server that fails can't be run again."""

    def serve(ending: threading.Event) -> None:
        server.run(sockets=[listener])
        if not ending.is_set():
            raise RuntimeError("the server has ended by itself")

    def end() -> None:
        server.should_exit = True

    return Job(name, serve, end, bugs_max=0)
