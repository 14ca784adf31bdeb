"""The process that instances reach: the metadata service, and the way to the API.

It may do nothing but answer, and pass whole requests on to control.
"""

import asyncio
import errno
import gc
import logging
import signal
import socket
import time
from itertools import count
from typing import Final

from starlette.types import ASGIApp

from gateway.api.relay import Relay
from gateway.app import listen, servers
from gateway.app.startup import take_role
from gateway.metadata import server as metadata
from gateway.metadata.feed import Feed
from gateway.net import privileges
from gateway.runtime import descriptors
from gateway.site import roles
from gateway.site.heartbeat import Heart
from gateway.site.site import API_ADDRESS, HTTP_PORT, METADATA_ADDRESS, Site

LOOK_S: Final = 0.2

_log = logging.getLogger(__name__)


def run(lab: str) -> None:
    """Be what instances reach, until SIGTERM. Raises `RoleError` or `OSError`."""
    site = take_role(lab, roles.METADATA).site
    feed = Feed(site.places.facts)
    own = 2 * servers.INSTANCES.descriptors
    bounds = servers.INSTANCES.within(descriptors.ask_for(own) // 2)
    applications: dict[str, ASGIApp] = {
        METADATA_ADDRESS: metadata.application(feed.get),
        API_ADDRESS: Relay(site.places.signed_socket),
    }
    with Heart(site.places.run, roles.METADATA, parts=len(applications)) as heart:
        pairs = {
            servers.server(
                application, bounds=bounds, identity=feed.owner, beat=heart.part(number)
            ): _listener(site, address)
            for number, (address, application) in enumerate(applications.items())
        }
        gc.freeze()  # what there is by now stays: it need not be looked through each time
        # All is open that needs root's rights.
        _log.info("metadata: %s", privileges.drop(privileges.METADATA_USER, kept=0))
        asyncio.run(_serve(pairs))


async def _serve(pairs: dict[servers.Server, socket.socket]) -> None:
    """Serve on all sockets until a signal; if one server fails, none goes on."""

    def end() -> None:
        for server in pairs:
            server.should_exit = True

    for server in pairs:
        server.is_one_of_several = True
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    await asyncio.gather(*(server.serve([listener]) for server, listener in pairs.items()))


def _listener(site: Site, address: str) -> socket.socket:
    """A socket that instances reach. It waits for the address while another process has it.

    That is a control of a version that served instances itself: it goes on until it is started
    again, and then this process is there.
    """
    for look in count():
        try:
            with site.inside():
                return socket.create_server((address, HTTP_PORT), backlog=listen.BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        if look == 0:
            _log.warning("%s is another process's: waiting for its end", address)
        time.sleep(LOOK_S)
    raise AssertionError("unreachable")
