"""Who is let in first, of very many that have come before anybody was looked at."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from gateway.app import reception
from gateway.app.callers import Callers
from gateway.app.connections import Bounds, Connection, Share, Stage
from gateway.app.reception import Reception

CROWD, OTHER = "127.0.0.2", "127.0.0.3"
NUMBER = 500
WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
WITHIN_S = 30.0
MANY = Share(2 * NUMBER, 2 * NUMBER, 2 * NUMBER)


@contextmanager
def come(listener: socket.socket, *addresses: str, first: bytes = WHOLE) -> Iterator[None]:
    """Connections from these addresses, one after the other."""
    with ExitStack() as stack:
        for address in addresses:
            made = stack.enter_context(
                socket.create_connection(listener.getsockname(), source_address=(address, 0))
            )
            made.sendall(first)
        yield


def order(listener: socket.socket, until: str, bounds: Bounds) -> list[str]:
    """The addresses in the order in which they are handed over, up to one of this address."""
    found: list[str] = []

    async def look() -> None:
        there = asyncio.Event()

        def hand_over(made: socket.socket, one: Connection) -> None:
            made.close()
            found.append(one.address)
            if one.address == until:
                there.set()

        entry = Reception(
            listener, bounds, hand_over, callers=Callers(), within_s=WITHIN_S, encrypted=False
        )
        try:
            async with asyncio.timeout(WITHIN_S):
                await there.wait()
        finally:
            entry.close()

    asyncio.run(look())
    return found


def test_who_comes_last_is_let_in_by_turns() -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=2 * NUMBER) as listener,
        come(listener, *[CROWD] * NUMBER, OTHER),
    ):
        found = order(listener, OTHER, Bounds(each=MANY, together=MANY))
    # All are accepted in some turns, and of the crowd fewer are let in meanwhile.
    turns = NUMBER // reception.ACCEPTED_AT_ONCE + 2
    assert len(found) <= turns * reception.LET_IN_AT_ONCE < NUMBER


def test_of_one_address_only_so_many_stand_in_line() -> None:
    bounds = Bounds(each=Share(10, 10, 1), together=MANY)
    with (
        socket.create_server(("127.0.0.1", 0), backlog=2 * NUMBER) as listener,
        come(listener, *[CROWD] * NUMBER, OTHER),
    ):
        assert order(listener, OTHER, bounds) == [CROWD, OTHER]


def test_thousands_that_are_late_do_not_end_in_one_turn() -> None:
    async def look(listener: socket.socket) -> None:
        def never(_made: socket.socket, _one: Connection) -> None:
            raise AssertionError("no request is whole")

        entry = Reception(
            listener,
            Bounds(each=MANY, together=MANY),
            never,
            callers=Callers(),
            within_s=0,
            encrypted=False,
        )
        try:
            async with asyncio.timeout(WITHIN_S):
                while entry.connections.count(Stage.WAITING) < NUMBER:
                    await asyncio.sleep(0)
            entry.end_late()
            assert entry.connections.count(Stage.WAITING) == (NUMBER - reception.ENDED_AT_ONCE)
            entry.end_late()  # as the server's tick does
            async with asyncio.timeout(WITHIN_S):
                while entry.connections.addresses():
                    await asyncio.sleep(0)
        finally:
            entry.close()

    with (
        socket.create_server(("127.0.0.1", 0), backlog=2 * NUMBER) as listener,
        come(listener, *[CROWD] * NUMBER, first=WHOLE[:9]),
    ):
        asyncio.run(look(listener))
