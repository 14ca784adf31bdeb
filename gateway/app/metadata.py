"""The process that instances reach: the metadata service, and the way to the API.

It may do nothing but answer, and pass whole requests on to control.
"""

import asyncio
import errno
import gc
import logging
import socket
from typing import Final

from starlette.types import ASGIApp

from gateway.api.relay import Relay
from gateway.app import listen, servers
from gateway.app.startup import take_role
from gateway.lab.topology import standing
from gateway.metadata import server as metadata
from gateway.metadata.feed import Feed
from gateway.net import privileges
from gateway.runtime import descriptors
from gateway.runtime.waiting import looks
from gateway.site import roles
from gateway.site.heartbeat import Heart
from gateway.site.site import API_ADDRESS, HTTP_PORT, METADATA_ADDRESS, Site

LOOK_S: Final = 0.2
FREE_WITHIN_S: Final = 60.0

_log = logging.getLogger(__name__)


def run(lab: str) -> None:
    """Be what instances reach, until SIGTERM. Raises `RoleError`, `TopologyError` or `OSError`."""
    site = standing(take_role(lab, roles.METADATA)).site
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
        asyncio.run(servers.serve(pairs))


def _listener(site: Site, address: str) -> socket.socket:
    """A socket that instances reach. It waits for the address while another process has it.

    That is a control of a version that served instances itself: it goes on until it is started
    again. Raises `OSError` if it stays: whoever starts this process again then does so ever slower.
    """
    for look, _ in enumerate(looks(FREE_WITHIN_S, LOOK_S)):
        try:
            with site.inside():
                return socket.create_server((address, HTTP_PORT), backlog=listen.BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        if look == 0:
            _log.warning("%s is another process's: waiting for its end", address)
    raise OSError(f"{address} is another process's, also after {FREE_WITHIN_S:g} s")
