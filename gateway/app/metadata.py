"""The metadata service: a process that instances reach, and that may do nothing but answer."""

import errno
import logging
import socket
import time
from itertools import count
from typing import Final

from gateway.app import listen, servers
from gateway.app.startup import take_role
from gateway.metadata import server as metadata
from gateway.metadata.feed import Feed
from gateway.net import privileges
from gateway.site import roles
from gateway.site.heartbeat import Heart
from gateway.site.site import METADATA_ADDRESS, Site

LOOK_S: Final = 0.2

_log = logging.getLogger(__name__)


def run(lab: str) -> None:
    """Be the lab's metadata service, until SIGTERM. Raises `RoleError` or `OSError`."""
    site = take_role(lab, roles.METADATA).site
    with (
        Heart(site.places.run, roles.METADATA) as heart,
        _listener(site, METADATA_ADDRESS) as listener,
    ):
        application = metadata.application(Feed(site.places.facts).get)
        server = servers.server(application, beat=heart.part())
        # All is open that needs root's rights.
        _log.info("metadata: %s", privileges.drop(privileges.METADATA_USER, kept=0))
        server.run(sockets=[listener])


def _listener(site: Site, address: str) -> socket.socket:
    """A socket that instances reach. It waits for the address while another process has it.

    That is a control of a version that was the metadata service, too: it goes on until it is
    started again, and then this process is there.
    """
    for look in count():
        try:
            with site.inside():
                return socket.create_server((address, listen.HTTP_PORT), backlog=listen.BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        if look == 0:
            _log.warning("%s is another process's: waiting for its end", address)
        time.sleep(LOOK_S)
    raise AssertionError("unreachable")
