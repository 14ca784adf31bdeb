"""The internet's "what is my address" server: answers each request with the caller's address."""

import asyncio
import socket

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gateway.app import listen, servers
from gateway.app.startup import take_role
from gateway.lab import web
from gateway.lab.hosts import INTERNET, Hosts
from gateway.net import namespace
from gateway.runtime import descriptors
from gateway.site.heartbeat import Heart


def run(lab: str) -> None:
    """Be the lab's server on the internet, until SIGTERM. Raises `RoleError` or `OSError`."""
    run = take_role(lab, web.ROLE).run
    namespace.enter(Hosts(lab).namespace(INTERNET))
    bounds = servers.INSTANCES.within(descriptors.ask_for(servers.INSTANCES.descriptors))
    with Heart(run, web.ROLE) as heart:
        listener = socket.create_server(("", web.PORT), backlog=listen.BACKLOG)
        server = servers.server(_answer, bounds=bounds, beat=heart.part())
        asyncio.run(servers.serve({server: listener}))


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(f"{scope['client'][0]}\n")(scope, receive, send)
